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
  #toggles = 0; // an answer from before one is out of date
  #looking = false;
  #next = null;
  #problem = null;

  constructor(address, show, finished) {
    this.#address = address;
    this.#show = show;
    this.#finished = finished;
    setInterval(() => this.#state === "recording" && this.#tick(), 250);
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
    this.look();
  }

  /** Start, or stop what runs. Throws what can be shown. */
  async toggle() {
    if (this.#busy || this.#state === "saving") return;
    this.#busy = true;
    this.#toggles += 1;
    try {
      this.#take(this.#state === "recording" ? await deleteJson(this.#address) : await postJson(this.#address, {}));
    } finally {
      this.#busy = false;
    }
  }

  /** Ask how it stands. */
  async look() {
    if (this.#looking) return;
    this.#looking = true;
    const toggles = this.#toggles;
    try {
      if (!document.hidden || this.#state === "saving") {
        const answer = await getJson(this.#address);
        if (!this.#busy && toggles === this.#toggles) this.#take(answer);
      }
    } catch {
      // the live picture says that the server has gone; the recording goes on there
    }
    this.#looking = false;
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.look(), this.#pause());
  }

  /** How long until the next look (ms): soon while it is saved, and once it must have ended by itself. */
  #pause() {
    if (this.#state === "none") return EVERY;
    const left = this.#state === "saving" ? 0 : this.#zero + this.#longest * 1000 - performance.now();
    return Math.min(EVERY, Math.max(SAVING, left));
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
    const time = length(Math.min(passed, this.#longest));
    const text = { none: "Record", recording: `Stop ${time}`, saving: "Saving" }[this.#state];
    this.#show({ state: this.#state, text, time });
  }
}
