// One camera: the live picture, saving the last seconds, and the latest clips beside it.

import "./clip-player.js";
import "./live-player.js";
import { ClipWatch, clipAddress, clipCard, kindName } from "./clips.js";
import { getJson, postJson } from "./http.js";
import { toast } from "./toast.js";

const EVERY = 10_000; // ms between two looks for new clips
const SHOWN = 24; // latest clips

const watch = document.querySelector(".watch");
const part = (name) => document.querySelector(`[data-part=${name}]`);
const template = document.querySelector("#clip");
const dialog = document.querySelector(".cinema");
const player = dialog.querySelector("clip-player");
const newClips = new ClipWatch(watch.dataset.status, watch.dataset.camera);
const known = new Map(); // stem -> clip, of those in the list

const address = (clip) => clipAddress(`${watch.dataset.recordings}/${clip.day}`, clip.stem);

async function refresh() {
  const { clips } = await getJson(watch.dataset.clips);
  showRecent(clips.slice(0, SHOWN));
}

async function look() {
  if (document.hidden) return;
  try {
    if (await newClips.stale()) await refresh();
  } catch {
    // the live picture says that the server has gone; the list stays as it was
  }
}

function showRecent(clips) {
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
  part("recent-empty").hidden = clips.length > 0;
}

function open(clip) {
  part("cinema-title").textContent = `${kindName(clip.kind)} at ${clip.time_local}`;
  part("cinema-link").href = address(clip);
  part("cinema-download").href = clip.download_url;
  dialog.showModal();
  player.show(clip, { play: true });
}

async function save(event) {
  event.preventDefault();
  const button = part("save-button");
  if (button.ariaBusy === "true") return;
  const spinner = Object.assign(document.createElement("span"), { className: "spinner" });
  const icon = button.querySelector(".icon");
  button.ariaBusy = "true";
  part("save-text").textContent = "Saving";
  icon.replaceWith(spinner);
  try {
    const { clip } = await postJson(watch.dataset.save, { seconds: Number(event.target.elements.seconds.value) });
    toast(`Saved ${Math.round(clip.duration)} s`, {
      actions: [
        { label: "Play", run: () => open(clip) },
        { label: "Show in recordings", href: address(clip) },
      ],
    });
    await refresh();
  } catch (error) {
    toast(error.message, { kind: "error" });
  } finally {
    spinner.replaceWith(icon);
    nameSaveButton();
    button.ariaBusy = "false";
  }
}

/** The button says what a click saves: "Save last 60 s". */
function nameSaveButton() {
  part("save-text").textContent = `Save last ${part("save").elements.seconds.selectedOptions[0].label}`;
}

nameSaveButton();
part("save").addEventListener("submit", save);
part("save").addEventListener("change", () => part("save-button").ariaBusy === "true" || nameSaveButton());
part("recent").addEventListener("click", (event) => {
  const card = event.target.closest(".clip");
  const clip = known.get(card?.dataset.stem);
  if (!clip || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(clip);
});
part("cinema-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => player.clear());

look();
setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
