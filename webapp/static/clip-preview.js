// A look into a clip before it is opened: its best moment, small, silent and over and over, while the pointer rests on
// its picture or the keyboard's focus is on it. One at a time, and none for whom it would cost motion or data.

const REST = 280; // ms that the pointer has to rest: passing over a list loads nothing
const BEFORE = 1.5; // s shown before the best moment
const LASTS = 4; // s

const still = matchMedia("(prefers-reduced-motion: reduce)");
const sparing = matchMedia("(prefers-reduced-data: reduce)");

let timer = null;
let shown = null; // {card, video}

/** Show previews in `container`; `find(card)` gives the clip of a ".clip", or nothing where none is wanted. */
export function previewIn(container, find) {
  container.addEventListener("pointerover", (event) => {
    const card = event.pointerType === "mouse" && event.target.closest(".entry, .clip");
    if (card) soon(linkIn(card), find);
  });
  container.addEventListener("pointerout", (event) => {
    const card = event.target.closest(".entry, .clip");
    if (card && !card.contains(event.relatedTarget)) stopPreview();
  });
  container.addEventListener("focusin", (event) => {
    if (event.target.matches(".clip:focus-visible")) soon(event.target, find);
  });
  container.addEventListener("focusout", stopPreview);
}

/** End what is shown, as when the clip is opened. */
export function stopPreview() {
  clearTimeout(timer);
  if (!shown) return;
  const { video } = shown;
  shown = null;
  video.remove();
  video.removeAttribute("src"); // which ends the loading as well
  video.load();
}

document.addEventListener("visibilitychange", stopPreview);

function linkIn(card) {
  return card.matches(".clip") ? card : card.querySelector(".clip");
}

function soon(card, find) {
  if (shown?.card === card) return;
  stopPreview();
  if (still.matches || sparing.matches || navigator.connection?.saveData) return;
  timer = setTimeout(() => {
    const clip = card.isConnected && find(card);
    if (clip) show(card, clip);
  }, REST);
}

function show(card, clip) {
  const [begin, end] = bestPart(clip);
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.ariaHidden = "true";
  video.tabIndex = -1;
  video.className = "clip-preview";
  video.src = `${clip.url}#t=${begin.toFixed(2)}`;
  video.addEventListener("playing", () => video.toggleAttribute("data-playing", true), { once: true });
  const again = () => {
    if (video.currentTime < end && !video.ended) return;
    video.currentTime = begin;
    video.play().catch(() => {}); // it was ended meanwhile
  };
  video.addEventListener("timeupdate", again);
  video.addEventListener("ended", again);
  video.addEventListener("error", () => shown?.video === video && stopPreview()); // the picture stays
  card.querySelector(".clip-thumb").append(video);
  shown = { card, video };
  video.play().catch(() => {}); // as above
}

/** From when to when the best part of a clip lasts, in seconds of the clip. */
export function bestPart(clip) {
  const best = clip.best ?? clip.windows?.[0]?.[0] ?? clip.start;
  const middle = (new Date(best) - new Date(clip.start)) / 1000;
  const begin = Math.max(0, Math.min(middle - BEFORE, clip.duration - LASTS));
  return [begin, Math.min(clip.duration, begin + LASTS)];
}
