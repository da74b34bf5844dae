// The newest log messages by level, part and text; follows, and stays at the end while one is there.

import { getJson } from "./http.js";

const EVERY = 3_000; // ms
const PAUSE = 250; // ms after the last key

class SystemLog extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.list = this.querySelector(".log");
    this.note = this.querySelector("[data-note]");
    this.clock = new Intl.DateTimeFormat("en-GB", {
      dateStyle: "short",
      timeStyle: "medium",
      timeZone: this.dataset.zone || undefined,
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.load(), PAUSE);
    });
    this.timer = setInterval(() => this.form.follow.checked && !document.hidden && this.load(), EVERY);
    this.load();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  async load() {
    const { level, part, text } = this.form.elements;
    const query = new URLSearchParams({ level: level.value, part: part.value, text: text.value });
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    const asked = (this.asked = `${this.dataset.url}?${query}`);
    try {
      const answer = await getJson(asked);
      if (asked === this.asked) this.show(answer);
    } catch (error) {
      this.note.textContent = error.message;
    }
  }

  show({ lines, why }) {
    const key = JSON.stringify(lines.at(-1)) + lines.length + this.asked;
    this.note.textContent = why || (lines.length ? "" : "Nothing like that was logged of late.");
    if (key === this.key) return;
    this.key = key;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    this.list.replaceChildren(...lines.map((line) => this.item(line)));
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  item({ time, part, level, text }) {
    const item = document.createElement("li");
    item.dataset.level = level;
    const when = document.createElement("time");
    when.dateTime = time;
    when.textContent = this.clock.format(new Date(time));
    const [whose, words] = [document.createElement("span"), document.createElement("span")];
    whose.className = "part";
    whose.textContent = part;
    words.className = "text";
    words.textContent = text; // as text: programs log what strangers sent
    item.append(when, whose, words);
    return item;
  }
}

customElements.define("system-log", SystemLog);
