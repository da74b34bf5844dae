// The recordings of one camera: choosing clips with mouse, touch and keyboard, changing the day without a new page,
// deciding about clips, and following what is added to the day shown.

import "./clip-player.js";
import { fillDayMenu } from "./calendar.js";
import { ClipActions, downloadClips } from "./clip-actions.js";
import { ClipList } from "./clip-list.js";
import { previewIn, stopPreview } from "./clip-preview.js";
import { Selection } from "./clip-selection.js";
import { ClipWatch, clipAddress } from "./clips.js";
import { todayIn } from "./format.js";
import { getJson } from "./http.js";
import { listenForClicks } from "./recordings-clicks.js";
import { showClip, showDay } from "./recordings-day.js";
import { Filter } from "./recordings-filter.js";
import { listenForKeys } from "./recordings-keys.js";
import { recall, remember } from "./store.js";
import { toast, untilAnswered } from "./toast.js";

const EVERY = 15_000; // ms between two looks for new clips

const review = document.querySelector(".review");
const part = (name) => document.querySelector(`[data-part=${name}]`);
const buttons = (name) => document.querySelectorAll(`[data-do=${name}]`);
const player = document.querySelector("clip-player");
const { dataset } = review;
const newClips = new ClipWatch(dataset.status, dataset.camera);

let day = null; // what the server told of the day shown: {day, earlier, later, clips}
let chosen = null; // the clip in the player
let onward = recall("play-on") === "1";
let opened = 0; // how many days were asked for: the answer for one of before is out of date
let changes = 0; // how often something was decided here: an answer from before is out of date
const removed = new Set(); // stems that are being deleted, or were
const filter = new Filter();
let list, selection, actions;

const dayAddress = (name) => `${dataset.home}/${name}`;
const fetchDay = (name) => getJson(`${dataset.clips}?day=${name}`);
const pageAddress = (name, stem = "") => clipAddress(dayAddress(name), stem, filter.query);

// Choosing

/** Show a clip in the player; its card becomes the list's one tab stop. */
function choose(clip, { play = true, focus = false } = {}) {
  if (!clip) return;
  const before = chosen && list.entry(chosen.stem)?.querySelector(".clip"); // a filter may hide it
  before?.removeAttribute("aria-current");
  if (before) before.tabIndex = -1;
  chosen = clip;
  stopPreview();
  mark({ focus });
  describe();
  player.show(clip, { play });
  history.replaceState(null, "", pageAddress(clip.day, clip.stem));
}

/** Mark the chosen clip in the list, where a filter does not hide it. */
function mark({ focus = false } = {}) {
  const card = chosen && list.card(chosen.stem);
  if (!card) {
    const first = list.clips[0] && list.card(list.clips[0].stem);
    if (first) first.tabIndex = 0;
    return;
  }
  card.setAttribute("aria-current", "true");
  card.tabIndex = 0;
  card.scrollIntoView({ block: "nearest" });
  if (focus) card.focus({ preventScroll: true });
}

function describe() {
  showClip(chosen);
  showSteps();
}

/** The buttons beside the player lead to the neighbours in the list, where there are any. */
function showSteps() {
  for (const button of document.querySelectorAll("[data-step]")) button.disabled = !beside(Number(button.dataset.step));
}

/** The clip so many places further down the list than the chosen one. */
function beside(places) {
  const place = chosen ? list.place(chosen.stem) : -1;
  return place < 0 ? list.clips[0] : list.clips[place + places];
}

/** Choose the clip so many places further down the list, or the last there is. */
function step(places, { extend = false, ...options } = {}) {
  const place = Math.max(0, list.place(chosen?.stem));
  const clip = list.clips[Math.max(0, Math.min(list.clips.length - 1, place + places))];
  if (!clip || clip === chosen) return;
  const from = chosen?.stem;
  choose(clip, { play: !selection.active && !extend, ...options });
  if (extend) selection.extend(clip.stem, from);
}

function forget() {
  chosen = null;
  showClip(null);
  player.clear();
}

// Deciding

/** Show what a decision does to clips, before the server has said that it is done, or where it is taken back. */
function apply(action, stems) {
  changes += 1;
  const which = new Set(stems);
  if (action === "keep" || action === "unkeep") {
    day.clips = day.clips.map((clip) => (which.has(clip.stem) ? { ...clip, kept: action === "keep" } : clip));
    if (chosen && which.has(chosen.stem)) chosen = day.clips.find((clip) => clip.stem === chosen.stem);
    draw();
    if (chosen) describe();
  } else if (action === "delete") {
    const next = afterRemoval(which);
    const focus = list.card(chosen?.stem)?.matches(":focus");
    for (const stem of stems) removed.add(stem);
    selection.forget(stems);
    draw();
    if (!chosen || !which.has(chosen.stem)) return;
    if (next) choose(next, { play: player.playing, focus });
    else forget();
  } else {
    for (const stem of stems) removed.delete(stem);
    draw();
    if (!chosen && list.clips.length) choose(list.clips[0], { play: false });
  }
}

/** What one sees next when the chosen clip is among those that go: the next one down the list, else the one above. */
function afterRemoval(which) {
  const place = list.place(chosen?.stem);
  const stays = (clip) => !which.has(clip.stem);
  return list.clips.slice(Math.max(0, place)).find(stays) ?? list.clips.slice(0, Math.max(0, place)).findLast(stays);
}

/** Keep clips; where all of them are kept, no more. */
function keep(stems) {
  const kept = new Set(day.clips.filter((clip) => clip.kept).map((clip) => clip.stem));
  if (dataset.mayChange !== undefined && stems.length) actions.keep(stems, !stems.every((stem) => kept.has(stem)));
}

function remove(stems) {
  if (dataset.mayChange === undefined || !stems.length) return;
  if (selection.active && stems.length === selection.stems.length) selection.end();
  actions.remove(stems);
}

function download(stems) {
  downloadClips(stems.map(clipOf), part("download-form"));
}

const clipOf = (stem) => day.clips.find((clip) => clip.stem === stem);

/** The clips that a key or button is about: the selected ones, else the one in the player. */
const meant = () => (selection.active ? selection.stems : chosen ? [chosen.stem] : []);

function showSelection() {
  const count = selection.stems.length;
  review.toggleAttribute("data-selecting", selection.active);
  const focused = part("selection").contains(document.activeElement);
  part("selection").hidden = !selection.active;
  if (focused && !selection.active) document.querySelector("[data-do=select]").focus(); // what had the focus has gone
  part("selected").textContent = `${count} selected`;
  for (const button of document.querySelectorAll("[data-many]")) button.disabled = !count;
}

// The day

/** Draw the day: its clips as the filter has them, and what stands around them. */
function draw({ mark: light = false } = {}) {
  const there = day.clips.filter((clip) => !removed.has(clip.stem));
  const clips = there.filter((clip) => filter.shows(clip));
  const focused = list.focused;
  list.show(clips, day.day, { mark: light });
  mark();
  showDay({ day, there: there.length, shown: clips.length, filtered: filter.on, zone: dataset.zone, address: pageAddress });
  if (chosen) showSteps();
  if (focused && !list.focusNear(focused) && filter.on) document.querySelector("[data-filter-kept]").focus();
}

/** Go to another day on this page. */
async function openDay(name, { keepHistory = true, stem = null } = {}) {
  const mine = ++opened;
  part("days").open = false;
  part("list").ariaBusy = "true";
  let answer;
  try {
    answer = await fetchDay(name);
  } catch (error) {
    if (mine === opened) toast(error.message, { kind: "error" });
    return;
  } finally {
    if (mine === opened) part("list").ariaBusy = "false";
  }
  if (mine !== opened) return; // another day was chosen meanwhile
  day = answer;
  dataset.day = name;
  if (keepHistory) history.pushState(null, "", pageAddress(name));
  if (selection.active) selection.end();
  list.clear();
  part("list").scrollTop = 0;
  draw();
  if (list.clips.length) choose(list.clips[list.place(stem)] ?? list.clips[0], { play: false });
  else forget();
}

/** Follow the day shown: new clips come in where they belong, those that are gone leave. */
async function refresh({ always = false } = {}) {
  if (document.hidden || actions.busy) return;
  const before = changes;
  let answer;
  try {
    if (!(await newClips.stale()) && !always) return;
    answer = await fetchDay(dataset.day);
  } catch {
    return; // the next look may work; nothing on the page is wrong yet
  }
  if (answer.day !== dataset.day || before !== changes || actions.busy) return;
  // What one looks at stays, also where it was deleted elsewhere.
  if (chosen && !answer.clips.some((clip) => clip.stem === chosen.stem) && !removed.has(chosen.stem)) {
    answer.clips = [...answer.clips, chosen].sort((a, b) => (a.stem < b.stem ? 1 : -1));
  }
  const there = new Set(answer.clips.map((clip) => clip.stem));
  for (const stem of removed) if (!there.has(stem)) removed.delete(stem);
  day = answer;
  draw({ mark: true });
}

/** Bring back what was deleted last, in its place and chosen. */
async function undo() {
  const stems = await actions.undo();
  if (!stems.length) return;
  await refresh({ always: true });
  choose(list.clips[list.place(stems[0])], { play: false, focus: document.activeElement === document.body });
}

function setFilter(changed) {
  filter.set(changed);
  draw();
  if (list.clips.length && list.place(chosen?.stem) < 0) choose(list.clips[0], { play: false });
  else if (!list.clips.length) forget();
  history.replaceState(null, "", pageAddress(day.day, chosen?.stem));
  showSelection();
}

// The page

const DO = {
  onward: () => setOnward(!onward),
  keep: () => keep(chosen ? [chosen.stem] : []),
  delete: () => remove(chosen ? [chosen.stem] : []),
  select: () => (selection.active ? selection.end() : selection.begin()),
  deselect: () => selection.end(),
  all: () => selection.all(),
  unfilter: () => {
    setFilter({ kind: "", kept: false });
    list.card(chosen?.stem)?.focus();
  },
  keys: () => part("key-list").showModal(),
  "close-keys": () => part("key-list").close(),
};

function setOnward(on) {
  onward = on;
  remember("play-on", on ? "1" : "0");
  for (const button of buttons("onward")) button.ariaPressed = String(on);
}

async function begin() {
  filter.read();
  list = new ClipList(part("list"), document.querySelector("#clip"), (clip) => pageAddress(clip.day, clip.stem));
  selection = new Selection(list, part("list"), showSelection);
  actions = new ClipActions(dataset.batch, apply, undo);
  fillDayMenu(part("days"), part("calendar"), dataset.days, () => ({ day: day.day, today: todayIn(dataset.zone), address: pageAddress }));
  setOnward(onward);
  const wanted = new URL(location.href).searchParams.get("clip");
  [day] = await untilAnswered(() => Promise.all([fetchDay(dataset.day), newClips.stale()])); // which counts from here on
  draw();
  const found = list.clips[list.place(wanted)];
  if (wanted && !found) toast(clipOf(wanted) ? "The filter hides that clip." : "That clip is not there any more.");
  if (list.clips.length) choose(found ?? list.clips[0], { play: Boolean(found) });
  else forget();
  player.addEventListener("playstart", stopPreview);
  player.addEventListener("playend", () => onward && !selection.active && beside(1) && step(1));
  previewIn(part("list"), (card) => (card.dataset.stem === chosen?.stem && player.playing ? null : clipOf(card.dataset.stem)));
  const run = { ...DO, keep, remove, download, undo };
  const pick = (stem) => choose(clipOf(stem));
  listenForKeys({ player, selection, step, columns: () => list.columns, choose: pick, meant, run });
  listenForClicks({ selection, filter, step, choose: pick, chosen: () => chosen?.stem, openDay, setFilter, buttons: DO, many: { keep, delete: remove, download } });
  document.addEventListener("visibilitychange", () => refresh());
  addEventListener("popstate", () => {
    filter.read();
    const name = location.pathname.split("/").at(-1);
    const stem = new URL(location.href).searchParams.get("clip");
    if (/^\d{4}-\d\d-\d\d$/.test(name) && name !== dataset.day) openDay(name, { keepHistory: false, stem });
  });
  setInterval(() => refresh(), EVERY);
}

begin().catch((error) => toast(error.message, { kind: "error" }));
