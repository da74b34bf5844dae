// Keeping, deleting and restoring clips: the page shows it at once, and takes back what the server could not do.

import { postJson } from "./http.js";
import { announce, toast } from "./toast.js";

const AT_ONCE = 50; // clips in a request, so that a long order shows how far it is

export class ClipActions {
  #address;
  #apply;
  #onUndo;
  #removals = null;
  #running = 0;
  #undo = { stems: [], toast: null };

  /**
   * `address` is that of the batch; `apply(action, stems)` shows what an action does, and what takes it back;
   * `onUndo()` is called where the message's button is pressed.
   */
  constructor(address, apply, onUndo) {
    this.#address = address;
    this.#apply = apply;
    this.#onUndo = onUndo;
  }

  /** Whether the server is still at it: what it told of a day before may hold no longer. */
  get busy() {
    return this.#running > 0;
  }

  /** Keep clips, or keep them no more. */
  async keep(stems, kept) {
    const { done } = await this.#carryOut(kept ? "keep" : "unkeep", stems, kept ? "unkeep" : "keep");
    if (done.length > 1) toast(`${count(done)} ${kept ? "kept" : "no longer kept"}`);
    else if (done.length) announce(kept ? "Kept" : "No longer kept");
  }

  /** Move clips to the trash; a message brings them back, also those deleted while it was shown. */
  async remove(stems) {
    const work = this.#carryOut("delete", stems, "restore");
    this.#removals = Promise.allSettled([this.#removals, work]);
    const { done } = await work;
    if (!done.length) return;
    const before = this.#undo.toast?.isConnected ? this.#undo.stems : [];
    this.#undo.toast?.remove();
    const all = [...before, ...done];
    const message = toast(`${count(all)} deleted`, { actions: [{ label: "Undo", run: this.#onUndo }] });
    this.#undo = { stems: all, toast: message };
  }

  /** Bring back what was deleted last; what that was. */
  async undo() {
    await this.#removals; // one presses quickly: those under way are meant as well
    const { stems, toast: message } = this.#undo;
    if (!stems.length) return [];
    this.#undo = { stems: [], toast: null };
    message?.remove();
    const { done } = await this.#carryOut("restore", stems, "delete");
    if (done.length) toast(`${count(done)} restored`);
    return done;
  }

  async #carryOut(action, stems, inverse) {
    this.#apply(action, stems);
    const waiting = stems.length > AT_ONCE ? toast(PROGRESS[action], { lasting: true }) : null;
    this.#running += 1;
    const { done, failed } = await this.#ask(action, stems, (share) => waiting?.show(`${PROGRESS[action]}: ${share} of ${stems.length}`));
    this.#running -= 1;
    waiting?.remove();
    if (failed.length) {
      const back = failed.filter(({ status }) => !(action === "delete" && status === 404)); // gone is what was wanted
      this.#apply(inverse, back.map(({ stem }) => stem));
      if (back.length) toast(failure(action, stems, back), { kind: "error" });
    }
    return { done, failed };
  }

  async #ask(action, stems, progress) {
    const done = [];
    const failed = [];
    for (let first = 0; first < stems.length; first += AT_ONCE) {
      const part = stems.slice(first, first + AT_ONCE);
      try {
        const answer = await postJson(this.#address, { action, stems: part });
        done.push(...answer.done);
        failed.push(...answer.failed);
      } catch (error) {
        // The server went away, or the log-in ended: the rest would fail the same way.
        failed.push(...stems.slice(first).map((stem) => ({ stem, detail: error.message })));
        break;
      }
      progress(first + part.length);
    }
    return { done, failed };
  }
}

const PROGRESS = { keep: "Keeping", unkeep: "Letting go", delete: "Deleting", restore: "Restoring" };
const DID = { keep: "kept", unkeep: "let go", delete: "deleted", restore: "restored" };

function failure(action, stems, failed) {
  const [{ detail }] = failed;
  if (stems.length === 1) return detail;
  return `${failed.length} of ${stems.length} clips could not be ${DID[action]}: ${detail}`;
}

function count(stems) {
  return stems.length === 1 ? "Clip" : `${stems.length} clips`;
}

/** Download clips: one as it is, several as a ZIP by way of `form`, which the browser stores while it comes. */
export function downloadClips(clips, form) {
  if (clips.length === 1) {
    Object.assign(document.createElement("a"), { href: clips[0].download_url, download: "" }).click();
  } else if (clips.length) {
    form.elements.stems.value = clips.map((clip) => clip.stem).join(",");
    form.submit();
  }
}
