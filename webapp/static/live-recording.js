// A recording by hand: started and stopped here or elsewhere, with a clock that runs by itself.

import { length } from "./format.js";
import { deleteJson, getJson, postJson } from "./http.js";

const EVERY = 10_000; // ms between two looks whether somebody else started or stopped one
const SAVING = 1_000; // ms between two looks while it becomes a clip

export class Recording {
  #address;
  #show; // called with { state, text, seconds } whenever what is to be shown changes
  #finished; // called with the clip (or null) and what went wrong (or null)
  #state = "none"; // "none", "recording", "saving"
  #start = null; // ISO 8601, of the one that runs
  #zero = 0; // ms of performance.now() at which it began
  #longest = 0; // s
  #busy = false;
  #next = null;
  #problem = null;

  constructor(address, show, finished) {
    this.#address = address;
    this.#show = show;
    this.#finished = finished;
    setInterval(() => this.#tick(), 250);
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
    this.look();
  }

  /** Start, or stop what runs. Throws what can be shown. */
  async toggle() {
    if (this.#busy || this.#state === "saving") return;
    this.#busy = true;
    try {
      this.#take(this.#state === "recording" ? await deleteJson(this.#address) : await postJson(this.#address, {}));
    } finally {
      this.#busy = false;
    }
  }

  /** Ask how it stands. */
  async look() {
    clearTimeout(this.#next);
    try {
      if (!document.hidden || this.#state === "saving") this.#take(await getJson(this.#address));
    } catch {
      // the live picture says that the server has gone; the recording goes on there
    }
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.look(), this.#state === "saving" ? SAVING : EVERY);
  }

  #take({ recording, last }) {
    const before = this.#start;
    this.#state = recording?.state ?? "none";
    this.#start = recording?.start ?? null;
    if (recording) {
      this.#zero = performance.now() - recording.seconds * 1000;
      this.#longest = recording.longest;
    }
    const mine = last && last.start === (this.#start ?? before);
    if (mine && last.problem && last.problem !== this.#problem) this.#finished(null, last.problem);
    else if (before && !recording) this.#finished(mine ? last.clip : null, null);
    this.#problem = mine ? last.problem : null;
    if (this.#state === "saving") {
      clearTimeout(this.#next);
      this.#next = setTimeout(() => this.look(), SAVING);
    }
    this.#tick();
  }

  #tick() {
    const passed = Math.max(0, Math.floor((performance.now() - this.#zero) / 1000));
    if (this.#state === "recording" && passed > this.#longest + 1) this.look(); // it has ended by itself
    const time = length(Math.min(passed, this.#longest));
    const text = { none: "Record", recording: `Stop ${time}`, saving: "Saving" }[this.#state];
    this.#show({ state: this.#state, text, time });
  }
}
