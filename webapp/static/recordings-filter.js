// Which clips of a day are shown: those of a kind, the kept ones. The address remembers it.

const kinds = () => [...document.querySelectorAll("[data-filter-kind]")];

export class Filter {
  kind = "";
  kept = false;

  /** Whether it hides anything at all. */
  get on() {
    return Boolean(this.kind || this.kept);
  }

  /** What of it stands in an address. */
  get query() {
    const query = new URLSearchParams();
    if (this.kind) query.set("kind", this.kind);
    if (this.kept) query.set("kept", "1");
    return query;
  }

  shows(clip) {
    return (!this.kind || clip.kind === this.kind) && (clip.kept || !this.kept);
  }

  /** Take over what the page's address says. */
  read() {
    const { searchParams } = new URL(location.href);
    const kind = searchParams.get("kind") ?? "";
    this.set({ kind: kinds().some((chip) => chip.dataset.filterKind === kind) ? kind : "", kept: searchParams.get("kept") === "1" });
  }

  set(changed) {
    Object.assign(this, changed);
    for (const chip of kinds()) chip.ariaPressed = String(chip.dataset.filterKind === this.kind);
    document.querySelector("[data-filter-kept]").ariaPressed = String(this.kept);
  }
}
