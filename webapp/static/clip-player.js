// <clip-player>: plays recorded clips with controls of its own, which show where in the clip something moved.
//
// Markup: parts/clip_player.html. `show(clip, {play})` loads a clip's JSON; events: "playstart", "playend" at its end, "playerror"
// when it cannot be played.

import { length } from "./format.js";
import { onEachPicture } from "./frames.js";
import { MotionBoxes } from "./motion-boxes.js";
import { toggleFullscreen } from "./screen.js";

class ClipPlayer extends HTMLElement {
  #video;
  #seek;
  #boxes;
  #clip = null;

  connectedCallback() {
    this.#video = this.querySelector("video");
    this.#seek = this.querySelector("[data-part=seek]");
    this.#boxes = new MotionBoxes(this.querySelector("[data-part=boxes]"), this.#video);
    this.#video.controls = false;
    this.querySelector(".controls").hidden = false;
    const on = (names, run) => names.split(" ").forEach((name) => this.#video.addEventListener(name, run));
    on("play pause ended", () => this.#showPlaying());
    on("ended", () => this.#clip && this.dispatchEvent(new CustomEvent("playend")));
    on("play", () => this.dispatchEvent(new CustomEvent("playstart")));
    onEachPicture(this.#video, () => this.#showTime());
    on("timeupdate durationchange seeked", () => this.#showTime());
    on("volumechange", () => this.#showSound());
    on("waiting", () => this.toggleAttribute("data-waiting", true));
    on("playing canplay error emptied", () => this.toggleAttribute("data-waiting", false));
    on("loadedmetadata", () => this.#video.videoWidth === 0 && this.#explain());
    on("error", () => this.#clip && this.#explain());
    on("click", () => this.togglePlay());
    this.#seek.addEventListener("input", () => (this.#video.currentTime = Number(this.#seek.value)));
    for (const button of this.querySelectorAll("[data-action]")) {
      button.addEventListener("click", () => this.#act(button.dataset.action));
    }
    this.#showPlaying();
    this.#showSound();
  }

  /** The clip that is loaded, or null. */
  get clip() {
    return this.#clip;
  }

  /** Whether it plays at this moment. */
  get playing() {
    return !this.#video.paused && !this.#video.ended;
  }

  /** Load a clip; with `play` start it at once (with sound where the browser lets us, else muted). */
  show(clip, { play = false } = {}) {
    this.#clip = clip;
    this.querySelector("[data-part=problem]").hidden = true;
    this.#video.poster = clip.thumbnail_url;
    this.#video.src = clip.url;
    this.#seek.max = clip.duration;
    this.#showMarks();
    this.#showTime();
    this.#button("motion").hidden = clip.kind !== "motion";
    this.#showBoxes();
    this.toggleAttribute("data-ready", true);
    if (play) this.play();
  }

  /** Show nothing. */
  clear() {
    this.#clip = null;
    this.#boxes.load(null);
    this.toggleAttribute("data-ready", false);
    this.#video.removeAttribute("src");
    this.#video.removeAttribute("poster");
    this.#video.load();
  }

  play() {
    this.#video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || this.#video.muted) return; // another clip was chosen, or it is broken
      this.#video.muted = true;
      this.play();
    });
  }

  pause() {
    this.#video.pause();
  }

  togglePlay() {
    if (!this.#clip) return;
    if (this.#video.paused) this.play();
    else this.pause();
  }

  /** Jump by some seconds, forwards or back. */
  skip(seconds) {
    const { currentTime, duration } = this.#video;
    if (duration) this.#video.currentTime = Math.max(0, Math.min(duration - 0.05, currentTime + seconds));
  }

  toggleSound() {
    this.#video.muted = !this.#video.muted;
  }

  toggleFullscreen() {
    toggleFullscreen(this, this.#video);
  }

  /** Draw boxes around what moves, or no more. */
  toggleMotion() {
    const button = this.#button("motion");
    button.ariaPressed = String(button.ariaPressed !== "true");
    this.#showBoxes();
  }

  #button(action) {
    return this.querySelector(`.controls [data-action=${action}]`);
  }

  #showBoxes() {
    const wanted = this.#button("motion").ariaPressed === "true" && this.#clip?.kind === "motion";
    this.#boxes.load(wanted ? this.#clip.details_url : null);
  }

  #act(action) {
    if (action === "play") this.togglePlay();
    else if (action === "sound") this.toggleSound();
    else if (action === "motion") this.toggleMotion();
    else if (action === "fullscreen") this.toggleFullscreen();
  }

  #duration() {
    return Number.isFinite(this.#video.duration) ? this.#video.duration : (this.#clip?.duration ?? 0);
  }

  #showPlaying() {
    const { playing } = this;
    this.toggleAttribute("data-playing", playing);
    for (const button of this.querySelectorAll("[data-action=play]")) button.ariaLabel = playing ? "Pause" : "Play";
  }

  #showTime() {
    const duration = this.#duration();
    const now = this.#video.currentTime;
    this.#seek.max = duration;
    this.#seek.value = now;
    this.#seek.ariaValueText = `${length(now)} of ${length(duration)}`;
    this.#seek.style.setProperty("--done", duration ? `${(100 * now) / duration}%` : "0%");
    this.#boxes.draw();
    this.querySelector("[data-part=time]").textContent = `${length(now)} / ${length(duration)}`;
  }

  #showSound() {
    const button = this.querySelector("[data-action=sound]");
    button.ariaLabel = this.#video.muted ? "Sound on" : "Sound off";
    this.toggleAttribute("data-muted", this.#video.muted);
  }

  /** Mark on the time line where something moved. */
  #showMarks() {
    const start = new Date(this.#clip.start);
    const whole = this.#clip.duration * 1000;
    const marks = (this.#clip.windows ?? []).map(([from, to]) => {
      const mark = document.createElement("i");
      const begin = Math.max(0, (new Date(from) - start) / whole);
      const end = Math.min(1, (new Date(to) - start) / whole);
      mark.style.left = `${100 * begin}%`;
      mark.style.width = `${100 * Math.max(0, end - begin)}%`;
      return mark;
    });
    this.querySelector("[data-part=marks]").replaceChildren(...marks);
  }

  /** Say why a clip does not play, as far as it can be known. */
  async #explain() {
    const clip = this.#clip;
    const status = await fetch(clip.url, { method: "HEAD" }).then(
      (response) => response.status,
      () => 0,
    );
    if (clip !== this.#clip) return;
    const problem = this.querySelector("[data-part=problem]");
    problem.querySelector("[data-part=problem-title]").textContent = PROBLEMS[status]?.[0] ?? UNPLAYABLE[0];
    problem.querySelector("[data-part=problem-text]").textContent = PROBLEMS[status]?.[1] ?? UNPLAYABLE[1];
    problem.querySelector("a").href = clip.download_url;
    problem.querySelector("a").hidden = status in PROBLEMS;
    problem.hidden = false;
    this.toggleAttribute("data-ready", false);
    this.dispatchEvent(new CustomEvent("playerror"));
  }
}

const UNPLAYABLE = [
  "This browser cannot play this clip",
  "It is probably H.265, which some browsers lack. Safari plays it, and so do Chrome and Edge on most newer " +
    "computers; or download it and play it with VLC.",
];
const PROBLEMS = {
  0: ["The server does not answer", "Is BirbCam still running? Choose the clip again when it is back."],
  401: ["You are logged out", "Load the page again to log in."],
  404: ["This clip is gone", "It was deleted to make room, or by somebody else."],
};

customElements.define("clip-player", ClipPlayer);
