// What the doctor says, line by line; what is wrong comes first.

import { postJson } from "./http.js";
import { icon } from "./toast.js";

const place = document.querySelector("[data-doctor-url]");
const [list, sum, again] = ["findings", "sum", "again"].map((name) => place.querySelector(`[data-${name}]`));
const ORDER = ["wrong", "note", "ok"];

async function look() {
  again.disabled = true;
  sum.textContent = "Looking at programs, settings, folders and ports …";
  try {
    const { lines } = await postJson(place.dataset.doctorUrl, {});
    const count = (state) => lines.filter((line) => line.state === state).length;
    const [wrong, notes] = [count("wrong"), count("note")];
    sum.textContent = `${wrong ? `${wrong} wrong` : "Nothing is wrong"}${notes ? `, ${notes} worth a look` : ""}.`;
    lines.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
    list.replaceChildren(...lines.map(row));
  } catch (error) {
    sum.textContent = error.message;
  } finally {
    again.disabled = false;
  }
}

function row({ state, text }) {
  const item = document.createElement("li");
  item.dataset.state = state;
  const [said, ...cure] = text.split("; ");
  const words = document.createElement("span");
  words.textContent = said;
  item.append(icon({ ok: "check", note: "info", wrong: "warning" }[state]), words);
  if (cure.length) {
    const help = document.createElement("small");
    help.textContent = cure.join("; ");
    words.append(help);
  }
  return item;
}

again.addEventListener("click", look);
look();
