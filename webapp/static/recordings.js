// The recordings of one camera: choosing clips with mouse, touch and keyboard, changing the day without a new page,
// and following what is added to the day shown.

import "./clip-player.js";
import { fillCalendar } from "./calendar.js";
import { ClipWatch, clipAddress, clipCard, kindName } from "./clips.js";
import { dayName, length, size, todayIn } from "./format.js";
import { getJson } from "./http.js";
import { toast } from "./toast.js";

const EVERY = 15_000; // ms between two looks for new clips

const review = document.querySelector(".review");
const player = document.querySelector("clip-player");
const template = document.querySelector("#clip");
const newClips = review && new ClipWatch(review.dataset.status, review.dataset.camera);
const part = (name) => review.querySelector(`[data-part=${name}]`);

let clips = new Map(); // stem -> clip, newest first
let days = []; // {day, count}, newest first

const cards = () => [...review.querySelectorAll(".clip")];
const card = (stem) => review.querySelector(`.clip[data-stem="${CSS.escape(stem)}"]`);
const chosen = () => review.querySelector(".clip[aria-current]");
const dayAddress = (day) => `${review.dataset.home}/${day}`;
const fetchDay = (day) => getJson(`${review.dataset.clips}?day=${day}`);

// Choosing

/** Show a clip in the player; its card becomes the list's one tab stop. */
function choose(target, { play = true, focus = false } = {}) {
  const clip = clips.get(target?.dataset.stem);
  if (!clip) return;
  const before = chosen();
  before?.removeAttribute("aria-current");
  if (before) before.tabIndex = -1;
  target.setAttribute("aria-current", "true");
  target.tabIndex = 0;
  target.scrollIntoView({ block: "nearest" });
  if (focus) target.focus({ preventScroll: true });
  describe(clip);
  player.show(clip, { play });
  history.replaceState(null, "", clipAddress(dayAddress(clip.day), clip.stem));
}

function describe(clip) {
  const facts = [length(clip.duration), size(clip.size)];
  if (clip.kept) facts.push("kept");
  part("about").hidden = false;
  part("about-time").textContent = clip.time_local;
  part("about-day").textContent = dayName(clip.day, todayIn(review.dataset.zone));
  part("about-kind").dataset.kind = clip.kind;
  part("about-kind").textContent = kindName(clip.kind);
  part("about-facts").textContent = facts.join(" · ");
  part("about-score").textContent = clip.score === null ? "" : ` · score ${clip.score}`;
  part("download").href = clip.download_url;
  showSteps();
}

/** The buttons beside the player lead to the neighbours in the list, where there are any. */
function showSteps() {
  const list = cards();
  const index = list.indexOf(chosen());
  for (const button of review.querySelectorAll("[data-step]")) {
    button.disabled = !list[index + Number(button.dataset.step)];
  }
}

/** Choose the clip so many places further down the list. */
function step(places, options) {
  const list = cards();
  const index = Math.max(0, Math.min(list.length - 1, list.indexOf(chosen()) + places));
  if (list[index] && list[index] !== chosen()) choose(list[index], options);
}

/** How many cards stand beside each other in the list. */
function columns() {
  const row = review.querySelector(".clips");
  return row ? getComputedStyle(row).gridTemplateColumns.split(" ").length : 1;
}

// The keyboard

const KEYS = {
  ArrowDown: () => step(columns(), { focus: true }),
  ArrowUp: () => step(-columns(), { focus: true }),
  ArrowRight: () => step(1, { focus: true }),
  ArrowLeft: () => step(-1, { focus: true }),
  Home: () => step(-Infinity, { focus: true }),
  End: () => step(Infinity, { focus: true }),
  Enter: () => player.togglePlay(),
  " ": () => player.togglePlay(),
  d: () => part("download").click(),
  m: () => player.toggleSound(),
  f: () => player.toggleFullscreen(),
};
const SKIPS = { ArrowLeft: -5, ArrowRight: 5 };

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  const on = event.target;
  if (on.closest("details[open], input, select, textarea")) return; // they have keys of their own
  const presses = on.closest("a:not(.clip), button, summary") && (event.key === "Enter" || event.key === " ");
  if (presses) return;
  const skip = event.shiftKey && SKIPS[event.key];
  const run = skip ? () => player.skip(skip) : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!run || !clips.size) return;
  event.preventDefault();
  // Enter on a clip that is not the chosen one chooses it.
  if (event.key === "Enter" && on.matches(".clip:not([aria-current])")) choose(on);
  else run();
}

// The day

function takeDay(answer) {
  days = answer.days;
  clips = new Map(answer.clips.map((clip) => [clip.stem, clip]));
}

/** Draw what belongs to the day besides its clips: name, count, calendar and the ways to its neighbours. */
function showDay() {
  const { day, zone } = review.dataset;
  const today = todayIn(zone);
  part("day-name").textContent = dayName(day, today);
  part("count").textContent = clips.size === 1 ? "1 clip" : `${clips.size} clips`;
  part("no-clips").hidden = clips.size > 0;
  showNeighbour("older", days.find((entry) => entry.day < day));
  showNeighbour("newer", days.findLast((entry) => entry.day > day));
  fillCalendar(part("calendar"), days, { day, today, address: dayAddress });
}

function showNeighbour(name, entry) {
  const link = part(name);
  link.ariaDisabled = String(!entry);
  if (entry) {
    link.href = dayAddress(entry.day);
    link.dataset.day = entry.day;
  } else {
    link.removeAttribute("href");
    delete link.dataset.day;
  }
}

/** Go to another day on this page. */
async function openDay(day, { remember = true } = {}) {
  part("days").open = false;
  part("list").ariaBusy = "true";
  try {
    takeDay(await fetchDay(day));
  } catch (error) {
    toast(error.message, { kind: "error" });
    return;
  } finally {
    part("list").ariaBusy = "false";
  }
  review.dataset.day = day;
  if (remember) history.pushState(null, "", dayAddress(day));
  part("list").replaceChildren();
  part("list").scrollTop = 0;
  insertNew();
  showDay();
  if (clips.size) choose(cards()[0], { play: false });
  else forget();
}

function forget() {
  part("about").hidden = true;
  player.clear();
}

/** Add the clips that the list does not show yet, each under its hour; returns them. */
function insertNew() {
  const list = part("list");
  const shown = new Map(cards().map((element) => [element.dataset.stem, element]));
  const added = [];
  let previous = null; // the card after which the next one belongs
  for (const clip of clips.values()) {
    let element = shown.get(clip.stem);
    if (!element) {
      element = clipCard(template, clip, clipAddress(dayAddress(clip.day), clip.stem));
      element.tabIndex = -1;
      place(list, element, clip.time_local.slice(0, 2), previous);
      added.push(element);
    }
    previous = element;
  }
  return added;
}

function place(list, element, hour, previous) {
  const before = previous?.closest(".hour");
  if (before?.dataset.hour === hour) return previous.after(element);
  const next = before ? before.nextElementSibling : list.firstElementChild;
  if (next?.dataset.hour === hour) return next.querySelector(".clips").prepend(element);
  const section = document.createElement("section");
  section.className = "hour";
  section.dataset.hour = hour;
  const title = document.createElement("h3");
  title.textContent = `${hour}:00`;
  const row = document.createElement("div");
  row.className = "clips";
  row.append(element);
  section.append(title, row);
  list.insertBefore(section, next);
}

/** Follow the day shown: new clips come in where they belong, those that are gone leave. */
async function refresh() {
  if (document.hidden) return;
  const { day } = review.dataset;
  let answer;
  try {
    if (!(await newClips.stale())) return;
    answer = await fetchDay(day);
  } catch {
    return; // the next look may work; nothing on the page is wrong yet
  }
  if (day !== review.dataset.day) return;
  takeDay(answer);
  for (const element of cards()) if (!clips.has(element.dataset.stem) && element !== chosen()) removeCard(element);
  for (const element of insertNew()) element.classList.add("new");
  showDay();
  showSteps();
}

function removeCard(element) {
  const section = element.closest(".hour");
  element.remove();
  if (!section.querySelector(".clip")) section.remove();
}

// The page

function onClick(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("a.clip, a[data-day]");
  if (!link) return;
  event.preventDefault();
  if (link.matches(".clip")) choose(link);
  else openDay(link.dataset.day);
}

async function begin() {
  for (const element of cards()) element.tabIndex = -1;
  const { searchParams } = new URL(location.href);
  const [answer] = await Promise.all([fetchDay(review.dataset.day), newClips.stale()]); // which counts from here on
  takeDay(answer);
  insertNew();
  showDay();
  const wanted = searchParams.has("clip") && card(searchParams.get("clip"));
  if (searchParams.has("clip") && !wanted) toast("That clip is not there any more.");
  if (clips.size) choose(wanted || cards()[0], { play: Boolean(wanted) });
  review.addEventListener("click", onClick);
  for (const button of review.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => step(Number(button.dataset.step)));
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("popstate", () => {
    const day = location.pathname.split("/").at(-1);
    if (/^\d{4}-\d\d-\d\d$/.test(day) && day !== review.dataset.day) openDay(day, { remember: false });
  });
  setInterval(refresh, EVERY);
}

if (review) begin().catch((error) => toast(error.message, { kind: "error" }));
