// The timeline of one day: what is pointed at on the strip is played, and what is played is shown on the strip.

import { fillDayMenu } from "./calendar.js";
import { clipCard, kindName } from "./clips.js";
import { localTime, todayIn, whoseClock } from "./format.js";
import { getJson } from "./http.js";
import { RangeExport } from "./range-export.js";
import { listenForKeys } from "./timeline-keys.js";
import { toast, untilAnswered } from "./toast.js";
import "./footage-player.js";
import "./time-strip.js";

const EVERY = 15_000; // ms between two looks for new footage
const SOON = 3_000; // ms between two such looks when the newest footage was played
const RECENT = 30_000; // ms that newer footage may be on its way
const SCRUB = 200; // ms between two pictures while dragging
const RATES = [1, 2, 4, 8, 0.5];

const page = document.querySelector(".timeline");
const player = document.querySelector("footage-player");
const strip = document.querySelector("time-strip");
const part = (name) => document.querySelector(`[data-part=${name}]`);
const clock = (time) => localTime(new Date(time).toISOString()).time;

let data = null; // what …/activity says of the day
let clips = new Map(); // stem -> clip
let listed = null; // the stems of the events for which the clips were asked
let events = []; // {stem, from, to}, ms, oldest first
let footage = []; // {from, to}, ms, oldest first
let waiting = false; // for footage newer than what was played
let later = 0; // the timer of that
let scrubbed = 0;
let noteGone = 0;
let range = null;

// The day

async function load() {
  const answer = await getJson(`${page.dataset.activity}?day=${page.dataset.day}`);
  const start = Date.parse(answer.from);
  const at = (seconds) => start + seconds * 1000;
  const newest = Math.max(start, ...answer.footage.map(([, to]) => at(to)));
  // The newest footage grows between two looks: what follows it is a pause only once it lasts.
  data = { ...answer, known: Date.now() - newest < RECENT ? newest : Date.now() };
  footage = data.footage.map(([from, to]) => ({ from: at(from), to: at(to) }));
  events = data.events.map(([stem, from, seconds]) => ({ stem, from: at(from), to: at(from + seconds) }));
  strip.data = data;
  const stems = events.map(({ stem }) => stem);
  if (stems.length === listed?.size && stems.every((stem) => listed.has(stem))) return;
  await loadClips();
  listed = new Set(stems);
}

async function loadClips() {
  const answer = await getJson(`${page.dataset.clips}?day=${page.dataset.day}`);
  clips = new Map(answer.clips.map((clip) => [clip.stem, clip]));
  const template = document.querySelector("#clip");
  const list = part("events");
  const focused = list.querySelector(":focus")?.closest("[data-stem]")?.dataset.stem;
  list.replaceChildren(
    ...answer.clips.map((clip) => {
      const item = clipCard(template, clip, `${page.dataset.home}/${page.dataset.day}?clip=${clip.stem}`);
      item.querySelector("[data-part=open]").href = `${page.dataset.recordings}/${clip.day}?clip=${clip.stem}`;
      return item;
    }),
  );
  if (focused) list.querySelector(`[data-stem="${CSS.escape(focused)}"]`)?.focus();
  part("count").textContent = clips.size === 1 ? "1 clip" : `${clips.size} clips`;
  part("no-events").hidden = clips.size > 0;
  if (strip.cursor !== null) markEvent(eventAt(strip.cursor));
}

/** Finer scores for the part of the day that is shown, once it stays as it is for a moment. */
let asking = 0;
function loadDetail({ from, to }) {
  strip.toggleAttribute("data-zoomed", strip.zoomed);
  clearTimeout(asking);
  const mine = (asking = setTimeout(async () => {
    const bucket = Math.max(1, Math.round((to - from) / 1000 / Math.max(300, strip.clientWidth / 2)));
    if (!data || bucket >= data.bucket) return;
    const margin = (to - from) / 2;
    const [start, end] = [Math.max(strip.day.from, from - margin), Math.min(strip.day.to, to + margin)];
    const iso = (time) => new Date(Math.round(time / 1000) * 1000).toISOString();
    try {
      const detail = await getJson(`${page.dataset.activity}?from=${iso(start)}&to=${iso(end)}&bucket=${bucket}`);
      if (mine === asking) strip.detail = detail; // else something else is shown meanwhile
    } catch {
      // The coarse scores stay.
    }
  }, 150));
}

// Moments

/** Go to a moment: where nothing is recorded, to where the recording goes on. */
function go(time, { play } = {}) {
  waiting = false;
  const stretch = footage.find(({ to }) => to > time + 200);
  if (!stretch) {
    const last = footage.at(-1);
    if (!last) return player.say("Nothing is recorded on this day");
    note(`Nothing is recorded after ${clock(last.to)}`);
    time = Math.max(last.from, last.to - 8_000);
  } else if (stretch.from > time) {
    note(`Nothing recorded ${clock(time)} to ${clock(stretch.from)}`);
    time = stretch.from;
  }
  show(time);
  strip.show(time);
  remember(time);
  return player.seek(time, play === undefined ? {} : { play });
}

/** Show the moment as the one that is played. */
function show(time, { follow = false } = {}) {
  strip.setCursor(time, { follow });
  part("time").textContent = clock(time);
  const event = eventAt(time);
  const link = part("event");
  link.hidden = !event;
  if (event && link.dataset.stem !== event.stem) {
    const clip = clips.get(event.stem);
    link.dataset.kind = event.stem.slice(24);
    link.textContent = kindName(link.dataset.kind);
    link.title = "Open the clip";
    link.href = `${page.dataset.recordings}/${clip?.day ?? page.dataset.day}?clip=${event.stem}`;
  }
  if (link.dataset.stem !== (event?.stem ?? "")) markEvent(event);
  link.dataset.stem = event?.stem ?? "";
  strip.ariaValueNow = String(Math.round((time - strip.day.from) / 1000));
  strip.ariaValueText = event ? `${clock(time)}, ${kindName(link.dataset.kind)}` : clock(time);
}

function markEvent(event) {
  part("events").querySelector("[aria-current]")?.removeAttribute("aria-current");
  const card = event && part("events").querySelector(`[data-stem="${CSS.escape(event.stem)}"]`);
  card?.setAttribute("aria-current", "true");
  if (card && getComputedStyle(part("events")).overflowY === "auto") card.scrollIntoView({ block: "nearest" });
}

const eventAt = (time, reach = 0) => events.findLast(({ from, to }) => from - reach <= time && time < to + reach);

let remembering = 0;
function remember(time) {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const at = new Date(Math.round(time / 1000) * 1000).toISOString().replace(".000", "");
    history.replaceState(null, "", `${page.dataset.home}/${page.dataset.day}?at=${at}`);
  }, 500);
}

function note(text) {
  clearTimeout(noteGone);
  part("note").textContent = text;
  noteGone = setTimeout(() => (part("note").textContent = ""), 4_000);
}

/** What was loaded is played: go on with what comes after it. */
async function playOn({ time, playing, missing }) {
  const beyond = footage.some(({ to }) => to > time + 1_000);
  if (!beyond || missing) await load().catch(() => {});
  const next = footage.find(({ to }) => to > time + 1_000);
  if (next && missing && next.from <= time) return playLater(time, playing); // asked again at once, it would be missing again
  if (next) {
    if (next.from > time + 600) note(`Nothing recorded ${clock(time)} to ${clock(next.from)}`);
    const moment = Math.max(time, next.from);
    show(moment);
    return player.seek(moment + (next.from > time ? 0 : 10), { play: playing });
  }
  if (time > strip.day.to - 2_000) return note("Here the day ends");
  playLater(time, playing);
}

/** Wait for what comes after a moment, where there may be more. */
function playLater(time, playing) {
  waiting = "today" in page.dataset && playing;
  note(waiting ? "That is the newest; waiting for more" : "Nothing is recorded after this");
  clearTimeout(later);
  if (waiting) later = setTimeout(() => waiting && playOn({ time, playing }), SOON);
}

/** What was to be played is gone: look what is left, and go on there. */
async function playLeft() {
  const time = strip.cursor ?? strip.day.from;
  player.say(null);
  try {
    await load();
  } catch (error) {
    return toast(error.message, { kind: "error" });
  }
  go(time, { play: true });
}

/** The clip after (1) or before (-1) the moment shown. */
function step(way) {
  const time = strip.cursor ?? strip.day.from;
  const event = way > 0 ? events.find(({ from }) => from > time + 500) : events.findLast(({ from }) => from < time - 2_500);
  if (event) go(event.from);
  else note(way > 0 ? "No later clip on this day" : "No earlier clip on this day");
}

// What the pointer is over

function hover({ time, reach, x }) {
  const bubble = part("bubble");
  bubble.hidden = time === null || time === undefined;
  if (bubble.hidden) return;
  const event = eventAt(time, reach);
  const clip = event && clips.get(event.stem);
  const image = bubble.querySelector("img");
  image.hidden = !clip;
  if (clip && !image.src.endsWith(clip.thumbnail_url)) image.src = clip.thumbnail_url;
  const there = footage.some(({ from, to }) => from <= time && time < to);
  const what = clip ? ` · ${kindName(clip.kind)}` : there || time > data.known ? "" : " · not recorded";
  bubble.querySelector("span").textContent = `${clock(time)}${what}`;
  const room = bubble.parentElement.clientWidth;
  bubble.style.left = `${Math.max(4, Math.min(room - bubble.offsetWidth - 4, x + strip.offsetLeft - bubble.offsetWidth / 2))}px`;
}

// Buttons and clicks

function cycleRate(button) {
  const rate = RATES[(RATES.indexOf(Number.parseFloat(button.textContent)) + 1) % RATES.length];
  button.textContent = `${rate}×`;
  player.rate = rate;
}

const ACTIONS = {
  play: () => player.toggle(),
  previous: () => step(-1),
  next: () => step(1),
  rate: cycleRate,
  sound: () => player.toggleSound(),
  fullscreen: () => player.toggleFullscreen(),
  "zoom-in": () => strip.zoom(0.5),
  "zoom-out": () => strip.zoom(2),
  whole: () => (strip.view = strip.day),
  on: playLeft,
  range: () => range?.toggle(),
  "range-close": () => range?.close(),
};

/** Move back over a pause of the recording, too: `go` alone would only ever lead on. */
function move(by) {
  let time = Math.min(Math.max((strip.cursor ?? strip.day.from) + by, strip.day.from), strip.day.to - 1);
  const before = footage.findLast(({ from }) => from <= time);
  if (by < 0 && before && time >= before.to) time = Math.max(before.from, before.to - 2_000);
  go(time);
}

/** The first moment of the day that is recorded, or with `last` the last ones. */
function toEnd({ last }) {
  if (footage.length) go(last ? footage.at(-1).to - 8_000 : footage[0].from);
}

function onClick(event) {
  const button = event.target.closest("[data-do]");
  if (button) return ACTIONS[button.dataset.do](button);
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const card = event.target.closest(".event .clip");
  const found = card && events.find(({ stem }) => stem === card.dataset.stem);
  if (!found) return;
  event.preventDefault();
  go(found.from, { play: true });
}

// The page

function listen() {
  strip.addEventListener("seek", ({ detail: { time, done } }) => {
    if (!data) return; // it is not known yet what there is
    if (done) return go(time);
    show(time);
    if (performance.now() - scrubbed < SCRUB || !player.has(time)) return;
    scrubbed = performance.now();
    player.seek(time, { play: false });
  });
  strip.addEventListener("view", ({ detail }) => loadDetail(detail));
  strip.addEventListener("hover", ({ detail }) => data && hover(detail));
  player.addEventListener("moment", ({ detail: { time } }) => {
    show(time, { follow: player.playing });
    if (!player.playing) remember(time);
  });
  player.addEventListener("gap", ({ detail: { from, to } }) => note(`Nothing recorded ${clock(from)} to ${clock(to)}`));
  player.addEventListener("runout", ({ detail }) => playOn(detail));
  player.addEventListener("playing", ({ detail }) => {
    page.querySelector("[data-do=play]").ariaLabel = detail.playing ? "Pause" : "Play";
    if (!detail.playing && strip.cursor !== null) remember(strip.cursor);
  });
  player.addEventListener("sound", ({ detail }) => {
    page.querySelector("[data-do=sound]").ariaLabel = detail.muted ? "Sound on" : "Sound off";
  });
  page.addEventListener("click", onClick);
  listenForKeys({ actions: ACTIONS, strip, move, mark: (which) => range?.mark(which, strip.cursor), toEnd, ready: () => data });
}

async function refresh() {
  if (!document.hidden) await load().catch(() => {}); // the next look may work; nothing on the page is wrong yet
}

async function begin() {
  const { day, start, end, zone, home, at } = page.dataset;
  strip.day = { from: Date.parse(start), to: Date.parse(end) };
  strip.ariaValueMax = String((strip.day.to - strip.day.from) / 1000);
  strip.view = strip.day;
  fillDayMenu(part("days"), part("calendar"), page.dataset.days, () => ({
    day,
    today: todayIn(zone),
    address: (other) => `${home}/${other}`,
  }));
  part("zones").textContent = whoseClock([start, end], zone);
  part("zones").hidden = !part("zones").textContent;
  listen();
  await untilAnswered(load);
  if (part("range")) range = new RangeExport(part("range"), strip, { footage: () => footage, changed: refresh });
  const newest = footage.at(-1);
  const first = at ? Date.parse(at) : "today" in page.dataset && newest ? newest.to - 60_000 : (events[0]?.from ?? footage[0]?.from);
  if (first === undefined) {
    player.say("Nothing is recorded on this day", "Its footage was deleted to make room, or the camera was off.");
  } else {
    if (at) strip.view = { from: first - 15 * 60_000, to: first + 15 * 60_000 };
    await go(Math.max(first, strip.day.from), { play: Boolean(at) });
  }
  if ("today" in page.dataset) setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}

if (page) begin().catch((error) => toast(error.message, { kind: "error" }));
