// How sensitive motion detection is: the scores of the latest footage, the level from which they count, and what the
// last day would have given.

import "./stills.js";
import { getJson } from "./http.js";

const EVERY = 5_000; // ms
const REST = 400; // ms after the last move of the slider
const TRIED = ["sensitivity", "pre", "post", "merge_gap", "max_event"];
const SVG = "http://www.w3.org/2000/svg";

const panel = document.querySelector("[data-tuning-url]");
const form = document.querySelector("settings-form");
const number = panel.querySelector(".sensitivity input");
const part = (name) => panel.querySelector(`[data-${name}]`);
let timer = 0;
let asked = 0;

const slider = document.createElement("input");
slider.type = "range";
slider.className = "slider";
slider.min = 0;
slider.max = 100;
slider.ariaLabel = "Sensitivity";
number.before(slider);

slider.addEventListener("input", () => {
  number.value = slider.value;
  number.dispatchEvent(new Event("input", { bubbles: true }));
});
form.addEventListener("input", soon);
document.addEventListener("visibilitychange", ask);
for (const name of ["saved", "discarded", "reset-to-default"]) form.addEventListener(name, soon);

function soon() {
  if (document.activeElement !== slider) slider.value = number.value;
  showLevel(Math.max(1, 100 - Number(number.value)));
  clearTimeout(timer);
  timer = setTimeout(ask, REST);
}

async function ask() {
  clearTimeout(timer);
  const mine = ++asked;
  if (document.hidden) return; // until somebody looks
  const query = new URLSearchParams(TRIED.map((name) => [name, form.values()[name]]));
  try {
    const told = await getJson(`${panel.dataset.tuningUrl}?${query}`);
    if (mine === asked) show(told);
  } catch (error) {
    if (mine === asked) part("what-if").textContent = error.message;
  }
  if (mine === asked) timer = setTimeout(ask, EVERY);
}

function show(told) {
  showLevel(told.threshold);
  part("latest").textContent = told.latest === null ? "–" : told.latest;
  part("bars").replaceChildren(...told.recent.map((score, index) => bar(score, index, told)));
  part("what-if").textContent = sentence(told.day);
}

function showLevel(level) {
  part("threshold").textContent = Math.round(level);
  part("level").setAttribute("y1", 100 - level);
  part("level").setAttribute("y2", 100 - level);
}

function bar(score, index, { threshold, recent }) {
  const rect = document.createElementNS(SVG, "rect");
  const width = 120 / recent.length;
  const height = score === null ? 0 : Math.max(1, score);
  const values = { x: index * width, y: 100 - height, width: width * 0.8, height };
  for (const [name, value] of Object.entries(values)) rect.setAttribute(name, value);
  if (score >= threshold) rect.setAttribute("class", "loud");
  return rect;
}

function sentence(day) {
  if (!day.scanned) return "Nothing was looked through yet, so it cannot be told what this would have given.";
  const when = day.today ? "Today so far" : "Yesterday";
  const events = (count) => (count === 1 ? "1 clip" : `${count} clips`);
  if (day.then === day.now && !day.new && !day.gone) return `${when} there were ${events(day.now)}, and with this it would be the same.`;
  return `${when} this would have given ${events(day.then)} instead of ${day.now}: ${day.new} more, ${day.gone} less.`;
}

slider.value = number.value;
ask();
