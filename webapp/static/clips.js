// Clips in a list: made from their JSON after the page's <template>, in the same form as the server writes them.

import { length } from "./format.js";
import { cameraStatus } from "./http.js";

const OLD = 60_000; // ms after which a list is fetched again though there is no newer clip

/** The link that stands for a clip. `href` is where it leads. */
export function clipCard(template, clip, href) {
  const card = template.content.firstElementChild.cloneNode(true);
  card.href = href;
  card.dataset.stem = clip.stem;
  card.toggleAttribute("data-kept", clip.kept);
  card.querySelector("img").src = clip.thumbnail_url;
  card.querySelector(".clip-length").textContent = length(clip.duration);
  card.querySelector(".clip-time").textContent = clip.time_local;
  const kind = card.querySelector(".kind");
  kind.dataset.kind = clip.kind;
  kind.textContent = kindName(clip.kind);
  return card;
}

/** "motion" as "Motion". */
export function kindName(kind) {
  return kind[0].toUpperCase() + kind.slice(1);
}

/** The address of a day's page with one clip chosen. */
export function clipAddress(dayAddress, stem) {
  return `${dayAddress}?clip=${encodeURIComponent(stem)}`;
}

/** Tells when a list of clips may be out of date, without fetching it: a day may hold a thousand. */
export class ClipWatch {
  #status;
  #camera;
  #newest = null;
  #fetched = 0;

  /** `status` is the address of /api/v1/status, `camera` the camera's name. */
  constructor(status, camera) {
    this.#status = status;
    this.#camera = camera;
  }

  /**
   * Whether to fetch the list now: there is a newer clip, or it is a minute old, for a clip may also come in between
   * others, or go. Throws where the server does not answer.
   */
  async stale() {
    const camera = await cameraStatus(this.#status, this.#camera);
    const newest = camera?.latest_clip?.stem ?? null;
    if (newest === this.#newest && Date.now() - this.#fetched < OLD) return false;
    this.#newest = newest;
    this.#fetched = Date.now();
    return true;
  }
}
