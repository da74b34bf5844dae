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
    const values = lines.filter((line) => line.state === "ok" && line.text.startsWith("setting "));
    list.replaceChildren(...lines.filter((line) => !values.includes(line)).map(row), ...(values.length ? [folded(values)] : []));
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

/** The values that are not the default's, which are many and seldom of interest. */
function folded(values) {
  const item = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const inner = document.createElement("ul");
  summary.textContent = `${values.length} settings that are not at their default`;
  inner.append(...values.map(({ state, text }) => row({ state, text: text.replace("setting ", "") })));
  details.append(summary, inner);
  item.dataset.state = "ok";
  item.append(icon("check"), details);
  return item;
}

again.addEventListener("click", look);
look();
