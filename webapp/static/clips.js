// Clips in a list: made from their JSON after the page's <template>, in the same form as the server writes them.

import { length } from "./format.js";

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
