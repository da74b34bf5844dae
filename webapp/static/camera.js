// One camera: the live picture, what can be taken from it, and today's clips beside it.

import "./clip-player.js";
import "./live-player.js";
import { ClipWatch, clipAddress, clipCard, kindName } from "./clips.js";
import { dayName, todayIn } from "./format.js";
import { getJson, postJson } from "./http.js";
import { Recording } from "./live-recording.js";
import { toast } from "./toast.js";

const EVERY = 10_000; // ms between two looks for new clips
const SHOWN = 100; // clips of today in the list; the page of the recordings has them all
const IDLE = 3_000; // ms after which the controls of a full screen go

const watch = document.querySelector(".watch");
const part = (name) => document.querySelector(`[data-part=${name}]`);
const live = document.querySelector("live-player");
const template = document.querySelector("#clip");
const dialog = document.querySelector(".cinema");
const player = dialog.querySelector("clip-player");
const newClips = new ClipWatch(watch.dataset.status, watch.dataset.camera);
const known = new Map(); // stem -> clip, of those in the list
let listed = null; // the day that the list is of
let asked = 0; // how often it was asked for

const dayAddress = (day) => `${watch.dataset.recordings}/${day}`;
const address = (clip) => clipAddress(dayAddress(clip.day), clip.stem);

/* Today's clips */

async function refresh() {
  const mine = ++asked;
  const today = todayIn(watch.dataset.zone);
  const answer = await getJson(`${watch.dataset.clips}?day=${today}&limit=${SHOWN}`);
  if (mine !== asked) return; // a newer one is on its way
  listed = today;
  showRecent(answer.clips.slice(0, SHOWN), answer.count ?? answer.clips.length);
  showEarlier(answer.earlier, today);
}

async function look() {
  if (document.hidden) return;
  try {
    if ((await newClips.stale()) || listed !== todayIn(watch.dataset.zone)) await refresh();
  } catch {
    // the live picture says that the server has gone; the list stays as it was
  }
}

function showRecent(clips, count) {
  const list = part("recent");
  const first = list.ariaBusy === "true";
  const stems = new Set(clips.map((clip) => clip.stem));
  for (const item of [...list.children]) if (!stems.has(item.dataset.stem)) item.remove();
  clips.forEach((clip, index) => {
    known.set(clip.stem, clip);
    if (list.children[index]?.dataset.stem === clip.stem) return;
    const item = document.createElement("li");
    item.dataset.stem = clip.stem;
    item.append(clipCard(template, clip, address(clip)));
    item.classList.toggle("new", !first);
    list.insertBefore(item, list.children[index] ?? null);
  });
  list.ariaBusy = "false";
  part("recent-count").textContent = count || "";
  part("recent-empty").hidden = count > 0;
  const more = part("recent-more");
  more.hidden = count <= clips.length;
  more.firstElementChild.textContent = `All ${count} of today`;
  more.firstElementChild.href = dayAddress(listed);
}

function showEarlier(day, today) {
  const earlier = part("recent-earlier");
  earlier.hidden = !day;
  if (!day) return;
  earlier.firstElementChild.textContent = `Clips of ${dayName(day, today).replace("Yesterday", "yesterday")}`;
  earlier.firstElementChild.href = dayAddress(day);
}

function open(clip) {
  part("cinema-title").textContent = `${kindName(clip.kind)} at ${clip.time_local}`;
  part("cinema-link").href = address(clip);
  part("cinema-download").href = clip.download_url;
  dialog.showModal();
  live.hushed = true;
  player.show(clip, { play: true });
}

function tell(text, clip) {
  toast(text, {
    actions: [
      { label: "Play", run: () => open(clip) },
      { label: "Show in recordings", href: address(clip) },
    ],
  });
  return refresh().catch(() => {}); // the next look does it
}

/* What can be taken from the live picture */

async function save(button) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  const text = button.textContent;
  button.replaceChildren(Object.assign(document.createElement("span"), { className: "spinner" }));
  try {
    const { clip } = await postJson(watch.dataset.save, { seconds: Number(button.dataset.seconds) });
    await tell(`Saved ${Math.round(clip.duration)} s`, clip);
  } catch (error) {
    toast(error.message, { kind: "error" });
  } finally {
    button.textContent = text;
    button.ariaBusy = "false";
  }
}

/** The picture that is seen, else the newest that was recorded, as a file. */
async function snapshot() {
  let picture = await live.picture();
  if (!picture) {
    const response = await fetch(watch.dataset.still).catch(() => null);
    if (!response?.ok) {
      toast("There is no picture to take: the camera is not sending.", { kind: "error" });
      return;
    }
    picture = await response.blob();
  }
  const now = new Date();
  const local = now.toLocaleString("sv-SE").replaceAll(":", "-"); // 2026-11-20 18-03-07
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `${watch.dataset.camera} ${local}.jpg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  toast("Snapshot taken");
}

function showRecording({ state, text, time }) {
  const button = part("record");
  part("recording").hidden = state !== "recording";
  part("recording-time").textContent = time;
  if (!button) return;
  button.ariaPressed = String(state === "recording");
  button.setAttribute("aria-disabled", String(state === "saving"));
  part("record-text").textContent = text;
  button.ariaLabel = { none: "Record", recording: "Stop recording", saving: "Saving the recording" }[state];
}

function recorded(clip, problem) {
  if (problem) toast(problem, { kind: "error" });
  else if (clip) tell(`Recorded ${Math.round(clip.duration)} s`, clip);
  else refresh().catch(() => {});
}

const recording = new Recording(watch.dataset.recording, showRecording, recorded);
const record = () => recording.toggle().catch((error) => toast(error.message, { kind: "error" }));
const saveButtons = [...document.querySelectorAll(".save [data-seconds]")];

part("record")?.addEventListener("click", record);
part("snapshot").addEventListener("click", snapshot);
for (const button of saveButtons) button.addEventListener("click", () => save(button));

const KEYS = {
  m: () => live.act("sound"),
  f: () => live.act("fullscreen"),
  p: () => live.act("pip"),
  s: snapshot,
  r: () => part("record") && record(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog.open) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const run = KEYS[event.key.toLowerCase()];
  const button = saveButtons[Number(event.key) - 1];
  if (!run && !button) return;
  event.preventDefault();
  if (run) run();
  else save(button);
});

/* Full screen */

let idle = null;

function stir() {
  live.removeAttribute("data-idle");
  clearTimeout(idle);
  if (document.fullscreenElement === live) idle = setTimeout(() => live.setAttribute("data-idle", ""), IDLE);
}

for (const event of ["pointermove", "pointerdown", "keydown"]) live.addEventListener(event, stir);
document.addEventListener("fullscreenchange", stir);

/* A clip over the live picture */

part("recent").addEventListener("click", (event) => {
  const clip = known.get(event.target.closest(".clip")?.dataset.stem);
  if (!clip || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(clip);
});
part("cinema-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => {
  player.clear();
  live.hushed = false;
});

look();
setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
