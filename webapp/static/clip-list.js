// A day's clips as a list under the hours of the viewer's clock, newest first. It is brought up to date piece by piece,
// so that nothing moves that need not: webapp/hours.py writes the same for the first clips of a page.

import { clipCard } from "./clips.js";
import { localTime, zoneOffset } from "./format.js";

const WEEKDAY = { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" };

const AT_ONCE = 100; // clips drawn in one go: a thousand would hold up a phone for a second

export class ClipList {
  #container;
  #template;
  #address;
  #entries = new Map(); // stem -> {element, clip}
  #clips = [];
  #places = new Map(); // stem -> index
  #rest; // what is still to be drawn
  #later; // the timer of that

  /** Takes over what the server wrote into `container`; `address(clip)` is where a clip's link leads. */
  constructor(container, template, address) {
    this.#container = container;
    this.#template = template;
    this.#address = address;
    for (const element of container.querySelectorAll(".entry")) {
      const card = element.querySelector(".clip");
      card.tabIndex = -1;
      this.#entries.set(card.dataset.stem, { element, clip: null });
    }
  }

  /** The clips that are shown, in their order. */
  get clips() {
    return this.#clips;
  }

  /** The link of a clip; undefined where it is not shown. */
  card(stem) {
    return this.#places.has(stem) ? this.entry(stem).querySelector(".clip") : undefined;
  }

  /** What stands for a clip of this day, shown or not; undefined where it is of another. */
  entry(stem) {
    const drawn = this.#entries.get(stem)?.element.isConnected;
    if (this.#places.has(stem) && !drawn) this.#goOn(Infinity); // wanted before its turn
    return this.#entries.get(stem)?.element;
  }

  /** Where in the list a clip is; -1 where it is not. */
  place(stem) {
    return this.#places.get(stem) ?? -1;
  }

  /** What has the focus in the list, and where that is; null where nothing has. */
  get focused() {
    const element = document.activeElement;
    const stem = this.#container.contains(element) && element.closest(".entry")?.querySelector(".clip").dataset.stem;
    return stem ? { element, place: Math.max(0, this.place(stem)) } : null;
  }

  /** Focus what stands now where the `focused` of before was, where that has gone; false where nothing is left. */
  focusNear({ element, place }) {
    if (element.isConnected) return true;
    const clip = this.#clips[Math.min(place, this.#clips.length - 1)];
    if (clip) this.entry(clip.stem).querySelector(element.matches(".star") ? ".star" : ".clip").focus();
    return Boolean(clip);
  }

  /** How many cards stand beside each other. */
  get columns() {
    const row = this.#container.querySelector(".clips");
    return row ? getComputedStyle(row).gridTemplateColumns.split(" ").length : 1;
  }

  /** Show these clips of a day, and no others; with `mark` those that come in light up. */
  show(clips, day, { mark = false } = {}) {
    this.#clips = clips;
    this.#places = new Map(clips.map((clip, index) => [clip.stem, index]));
    this.#rest = this.#draw(hoursOf(clips, day), mark);
    this.#goOn(AT_ONCE);
  }

  /** Draw hour by hour, so that it can be left off: yields how many clips an hour has. */
  *#draw(hours, mark) {
    const sections = new Map([...this.#container.children].map((section) => [section.dataset.hour, section]));
    const wanted = new Set(hours.map((hour) => hour.key));
    for (const [key, section] of sections) if (!wanted.has(key)) section.remove();
    for (const [index, { key, label, clips }] of hours.entries()) {
      const section = sections.get(key) ?? emptySection(key);
      if (section.firstElementChild.textContent !== label) section.firstElementChild.textContent = label;
      section.style.setProperty("--clips", clips.length); // how high it will be, before it is laid out
      this.#fill(section.querySelector(".clips"), clips, mark);
      const next = this.#container.children[index] ?? null;
      if (next !== section) this.#container.insertBefore(section, next);
      yield clips.length;
    }
  }

  /** Draw about so many clips of those that are still to be drawn, the others a little later. */
  #goOn(clips) {
    clearTimeout(this.#later);
    for (let drawn = 0; drawn < clips; ) {
      const { value, done } = this.#rest.next();
      if (done) return;
      drawn += value;
    }
    this.#later = setTimeout(() => this.#goOn(AT_ONCE)); // the browser may draw and listen in between
  }

  /** Show anew what is known of a clip, where it is shown. */
  update(clip) {
    const entry = this.#entries.get(clip.stem);
    if (!entry) return;
    const { element } = entry;
    if (!entry.clip) name(element, clip); // the server may not have known the viewer's clock
    entry.clip = clip;
    element.querySelector(".clip").toggleAttribute("data-kept", clip.kept);
    const star = element.querySelector(".star");
    if (star) star.ariaPressed = String(clip.kept);
  }

  /** Forget all of it, for another day. */
  clear() {
    clearTimeout(this.#later);
    this.#entries.clear();
    this.#clips = [];
    this.#places.clear();
    this.#container.replaceChildren();
  }

  /** Put the clips into a row in their order; those that stay are not touched, so that the focus stays, too. */
  #fill(row, clips, mark) {
    const wanted = new Set(clips.map((clip) => this.#entry(clip, mark)));
    for (const element of [...row.children]) if (!wanted.has(element)) element.remove();
    let next = row.firstElementChild;
    for (const element of wanted) {
      if (element === next) next = next.nextElementSibling;
      else row.insertBefore(element, next);
    }
  }

  #entry(clip, mark) {
    const known = this.#entries.get(clip.stem);
    const same = known && (!known.clip || known.clip.url === clip.url); // published again, it is another film
    if (same) {
      if (!known.clip || known.clip.kept !== clip.kept) this.update(clip);
      return known.element;
    }
    const element = clipCard(this.#template, clip, this.#address(clip));
    element.querySelector(".clip").tabIndex = -1;
    if (mark && !known) element.classList.add("new");
    this.#entries.set(clip.stem, { element, clip: null });
    this.update(clip);
    return element;
  }
}

/** Say the clip's time on the viewer's clock, wherever it stands. */
function name(element, clip) {
  const { time } = localTime(clip.start);
  element.querySelector(".clip-time").textContent = time;
  element.querySelector(".check").ariaLabel = `Select ${time}`;
  const star = element.querySelector(".star");
  if (star) star.ariaLabel = `Keep ${time}`;
}

/** [{key, label, clips}, ...] for clips in their order, by the viewer's clock. */
function hoursOf(clips, day) {
  const hours = [];
  for (const clip of clips) {
    const local = localTime(clip.start);
    const offset = offsetText(zoneOffset(clip.start));
    const hour = local.time.slice(0, 2);
    const key = `${local.day}T${hour}${offset}`;
    const before = hours.at(-1);
    if (before?.key === key) {
      before.clips.push(clip);
      continue;
    }
    const twice = before?.key.slice(0, 13) === key.slice(0, 13); // the hour that the clocks go back
    const label = `${hour}:00${local.day === day ? "" : ` · ${shortDate(local.day)}`}${twice ? ` (UTC${offset})` : ""}`;
    hours.push({ key, label, clips: [clip] });
  }
  return hours;
}

function shortDate(day) {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", WEEKDAY).replace(",", "");
}

function offsetText(minutes) {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}

function emptySection(key) {
  const section = document.createElement("section");
  section.className = "hour";
  section.dataset.hour = key;
  const row = document.createElement("ol");
  row.className = "clips";
  section.append(document.createElement("h3"), row);
  return section;
}
