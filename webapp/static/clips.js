// Clips in a list: made from their JSON after the page's <template>, in the same form as the server writes them.

import { length, localTime } from "./format.js";
import { cameraStatus } from "./http.js";

const OLD = 60_000; // ms after which a list is fetched again though there is no newer clip

/** What stands for a clip: the template's link, or what it has around its link. `href` is where it leads. */
export function clipCard(template, clip, href) {
  const element = template.content.firstElementChild.cloneNode(true);
  const card = element.matches(".clip") ? element : element.querySelector(".clip");
  card.href = href;
  card.dataset.stem = clip.stem;
  card.toggleAttribute("data-kept", clip.kept);
  card.querySelector("img").src = clip.thumbnail_url;
  card.querySelector(".clip-length").textContent = length(clip.duration);
  card.querySelector(".clip-time").textContent = localTime(clip.start).time;
  card.querySelector(".clip-score").textContent = clip.score === null ? "" : Math.round(clip.score);
  const kind = card.querySelector(".kind");
  kind.dataset.kind = clip.kind;
  kind.textContent = kindName(clip.kind);
  return element;
}

/** "motion" as "Motion". */
export function kindName(kind) {
  return kind[0].toUpperCase() + kind.slice(1);
}

/** The address of a day's page with one clip chosen, and whatever else is to stand in it. */
export function clipAddress(dayAddress, stem, others = "") {
  const query = new URLSearchParams(others);
  if (stem) query.set("clip", stem);
  return query.size ? `${dayAddress}?${query}` : dayAddress;
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

  /** The stem of the newest clip, as it was told last; null where there is none. */
  get newest() {
    return this.#newest;
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
