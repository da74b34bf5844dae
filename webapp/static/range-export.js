// Choosing a range of the footage and exporting it as one clip: by handles on the strip, by keys, or typed.

import { length, size } from "./format.js";
import { deleteJson, getJson, postJson } from "./http.js";

const FIRST = 60_000; // ms that a new range has
const LOOK = 400; // ms between two looks how far it is
const AGAIN = 1_000; // ms until the next look where the server did not answer
const LOOKS = 15; // in vain, one after the other, until that is a failure

export class RangeExport {
  #form;
  #strip;
  #footage;
  #changed;
  #export = null; // the one under way, or finished
  #number = 0; // of the one that counts: closing the form, or another export, makes it another

  /** `footage()` gives what is recorded, {from, to} in ms; `changed()` is called when a clip was made. */
  constructor(form, strip, { footage, changed }) {
    this.#form = form;
    this.#strip = strip;
    this.#footage = footage;
    this.#changed = changed;
    strip.addEventListener("range", () => this.#show());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    for (const name of ["from", "to"]) form.elements[name].addEventListener("change", () => this.#take(name));
  }

  get #open() {
    return !this.#form.hidden;
  }

  toggle() {
    if (this.#open) return this.close();
    const { day, view, cursor } = this.#strip;
    const half = Math.min(FIRST, (view.to - view.from) / 4) / 2;
    const middle = cursor !== null && view.from <= cursor && cursor <= view.to ? cursor : (view.from + view.to) / 2;
    const from = Math.max(day.from, middle - half);
    this.#choose({ from, to: Math.min(day.to, from + 2 * half) });
    // A range that is no more than a line cannot be taken hold of.
    if (half * 40 < view.to - view.from) this.#strip.view = { from: middle - half * 12, to: middle + half * 12 };
  }

  /** Begin ("from") or end ("to") the range at a moment; opens the form. */
  mark(which, time) {
    if (time === null) return;
    const { day, range } = this.#strip;
    const other = range ?? { from: time, to: Math.min(day.to, time + FIRST) };
    const next = range || which === "from" ? { ...other, [which]: time } : { from: Math.max(day.from, time - FIRST), to: time };
    if (next.to - next.from < 1_000) next[which === "from" ? "to" : "from"] = time + (which === "from" ? FIRST : -FIRST);
    this.#choose(next);
  }

  /** Stop what is under way, and take the range away. */
  close() {
    if (!this.#open) return;
    const { url, state } = this.#export ?? {};
    if (state === "waiting" || state === "running") deleteJson(url).catch(() => {}); // it then becomes a clip
    this.#export = null;
    this.#number += 1;
    if (this.#form.contains(document.activeElement)) document.querySelector("[data-do=range]").focus();
    this.#form.hidden = true;
    this.#strip.range = null;
    this.#expanded(false);
  }

  #choose(range) {
    this.#form.hidden = false;
    this.#expanded(true);
    this.#strip.range = range;
    this.#show();
  }

  #expanded(open) {
    document.querySelector("[data-do=range]").ariaExpanded = String(open);
  }

  #part(name) {
    return this.#form.querySelector(`[data-part=range-${name}]`);
  }

  /** Say what the range is; what was exported before is forgotten. */
  #show() {
    if (this.#busy) return;
    this.#export = null;
    const { from, to } = this.#strip.range;
    for (const [name, time] of Object.entries({ from, to })) this.#form.elements[name].value = new Date(time).toTimeString().slice(0, 8);
    this.#part("progress").hidden = this.#part("download").hidden = this.#part("clip").hidden = true;
    this.#part("start").hidden = false;
    this.#part("close").textContent = "Cancel";
    const problem = this.#problem(from, to);
    const missing = to - from - this.#recorded(from, to);
    const facts = [length((to - from) / 1000)];
    if (missing > 1_500) facts.push(`${length(missing / 1000)} of it not recorded: the picture stands still there`);
    this.#say(problem || facts.join(" · "), Boolean(problem));
    this.#part("start").disabled = Boolean(problem);
  }

  get #busy() {
    return this.#export?.state === "waiting" || this.#export?.state === "running";
  }

  #recorded(from, to) {
    const parts = this.#footage().map((span) => Math.min(to, span.to) - Math.max(from, span.from));
    return parts.filter((part) => part > 0).reduce((sum, part) => sum + part, 0);
  }

  #problem(from, to) {
    const longest = Number(this.#form.dataset.longest);
    if ((to - from) / 1000 > longest) return `At most ${length(longest)} at a time`;
    return this.#recorded(from, to) ? "" : "Nothing is recorded there";
  }

  #say(text, problem = false) {
    this.#part("facts").textContent = text;
    this.#part("facts").toggleAttribute("data-problem", problem);
  }

  /** Take a typed time: of the day shown, as near as can be to what it was where the clock shows it twice. */
  #take(name) {
    const { day, range } = this.#strip;
    const [hours, minutes, seconds = 0] = this.#form.elements[name].value.split(":").map(Number);
    if (Number.isNaN(minutes)) return this.#show();
    const shown = (date) => [date.getHours(), date.getMinutes(), date.getSeconds()].join() === [hours, minutes, seconds].join();
    const found = [];
    for (const base of [day.from, day.to]) {
      const guess = new Date(base).setHours(hours, minutes, seconds, 0);
      for (const shift of [-3_600_000, 0, 3_600_000]) {
        const time = guess + shift;
        if (shown(new Date(time)) && time >= day.from && time < day.to) found.push(time);
      }
    }
    found.sort((one, other) => Math.abs(one - range[name]) - Math.abs(other - range[name]));
    if (!found.length) return this.#show();
    const next = { ...range, [name]: found[0] };
    if (next.to <= next.from) next[name === "from" ? "to" : "from"] = next[name] + (name === "from" ? FIRST : -FIRST);
    this.#strip.range = next;
    this.#strip.show(found[0]);
    this.#show();
  }

  async #start() {
    const { from, to } = this.#strip.range;
    const number = ++this.#number;
    if (document.activeElement === this.#part("start")) this.#part("close").focus(); // the other one goes
    this.#part("start").disabled = true;
    try {
      const body = { start: new Date(from).toISOString(), end: new Date(to).toISOString() };
      const answer = await postJson(this.#form.dataset.exports, body);
      if (number === this.#number) await this.#follow(answer, number);
      else await deleteJson(answer.url); // the form was closed meanwhile
    } catch (error) {
      if (number !== this.#number) return;
      this.#export = null;
      this.#part("progress").hidden = true;
      this.#part("start").hidden = false;
      this.#say(error.message, true);
    } finally {
      if (number === this.#number) this.#part("start").disabled = false;
    }
  }

  /** Show how far it is until it is over, or somebody closed the form. */
  async #follow(answer, number) {
    this.#export = answer;
    this.#part("progress").hidden = false;
    this.#part("start").hidden = true;
    for (;;) {
      this.#part("progress").value = answer.progress;
      if (answer.state === "waiting") this.#say("Waiting for another export");
      if (answer.state === "running") this.#say(`${Math.floor(answer.progress * 100)} % of about ${size(answer.size)}`);
      if (!this.#busy) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      if (number !== this.#number) return;
      answer = await this.#look(answer.url, number);
      if (number !== this.#number) return;
      this.#export = answer;
    }
    if (answer.state === "failed") throw new Error(answer.detail);
    if (answer.state === "done") this.#finish(answer);
  }

  /** How far it is; it goes on where one look fails, so there are some more. */
  async #look(url, number) {
    for (let misses = 1; ; misses += 1) {
      try {
        return await getJson(url);
      } catch (error) {
        if (number !== this.#number || error.status < 500 || misses === LOOKS) throw error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }

  #finish({ clips, gaps }) {
    const [clip] = clips;
    this.#part("progress").hidden = true;
    this.#part("download").hidden = this.#part("clip").hidden = false;
    this.#part("download").href = clip.download_url;
    this.#part("clip").href = `${document.querySelector(".timeline").dataset.recordings}/${clip.day}?clip=${clip.stem}`;
    this.#part("close").textContent = "Close";
    const facts = ["Saved among the recordings", length(clip.duration), size(clip.size)];
    if (clips.length > 1) facts.push(`in ${clips.length} clips, as the footage changes its form`);
    if (gaps.length) facts.push("the picture stands still where nothing was recorded");
    this.#say(facts.join(" · "));
    this.#changed();
  }
}
