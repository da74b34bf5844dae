// The wall of cameras: each tile plays live by itself; the latest clips follow a gentle poll.

import "./live-player.js";
import { kindName, clipAddress } from "./clips.js";
import { ago } from "./format.js";
import { getJson } from "./http.js";

const EVERY = 10_000; // ms between two looks at the state
const RELOADED = "birbcam-wall"; // the cameras for which the page was loaded again, in sessionStorage

const wall = document.querySelector(".wall");

async function refresh() {
  if (document.hidden) return;
  let cameras;
  try {
    ({ cameras } = await getJson(wall.dataset.status));
  } catch {
    return; // the tiles say themselves that the server has gone
  }
  followCameras(cameras.map(({ name }) => name));
  for (const camera of cameras) {
    const tile = wall.querySelector(`[data-camera="${camera.name}"].tile`);
    if (!tile) continue;
    tile.querySelector("[data-part=recording]").hidden = !camera.recording;
    if (camera.latest_clip) showLatest(tile, camera.latest_clip);
    tile.querySelector("[data-part=latest]").hidden = !camera.latest_clip; // all of them may have been deleted
    tile.querySelector("[data-part=no-latest]").hidden = Boolean(camera.latest_clip);
  }
}

/** Cameras that were added or deleted change the page: it is loaded again, but once for what there is now. */
function followCameras(names) {
  const there = names.sort().join();
  const shown = [...wall.children].map((tile) => tile.dataset.camera);
  if (document.hidden || there === shown.sort().join()) return;
  try {
    if (sessionStorage.getItem(RELOADED) === there) return; // it did not help
    sessionStorage.setItem(RELOADED, there);
  } catch {
    return; // storage is switched off: it could not be known that it was loaded again
  }
  location.reload();
}

function showLatest(tile, clip) {
  const part = (name) => tile.querySelector(`[data-part=${name}]`);
  const link = part("latest");
  part("latest-ago").dataset.start = clip.start;
  showAgo(tile);
  if (link.dataset.stem === clip.stem) return;
  link.dataset.stem = clip.stem;
  link.href = clipAddress(`${link.dataset.address}/${clip.day}`, clip.stem);
  part("latest-image").src = clip.thumbnail_url;
  part("latest-kind").dataset.kind = clip.kind;
  part("latest-kind").textContent = kindName(clip.kind);
}

function showAgo(tile) {
  const when = tile.querySelector("[data-part=latest-ago]");
  if (when.dataset.start) when.textContent = ago(when.dataset.start);
}

if (wall) {
  for (const tile of wall.children) showAgo(tile);
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}
