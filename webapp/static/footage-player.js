// <footage-player>: plays what was recorded, from any moment on, half an hour around it at a time.
//
//   data-playlist   /footage/<camera>/index.m3u8, asked with ?from=&to=
//   data-hls        hls.min.js; "" where there is none, then the browser must play HLS natively
//   data-start, data-end   the day, beyond which nothing is loaded, ISO 8601
//
// Events: "moment" {time} as it plays on, "playing" {playing}, "gap" {from, to} when a pause of the recording is
// jumped, "runout" {time, missing} where what is loaded ends; "missing" where nothing could be loaded. Times are ms since 1970.

import { covers, gapBetween, stretchesOf, toMedia, toWall } from "./footage-map.js";
import { onEachPicture } from "./frames.js";
import { loadScript } from "./live-hls.js";
import { toggleFullscreen } from "./screen.js";

const BEFORE = 5 * 60_000; // ms loaded before the moment asked for
const AFTER = 25 * 60_000;
const AHEAD = 30_000; // ms that may be loaded before they are played
const EDGE = 250; // ms before the end of what is loaded that count as the end
const HLS = { maxBufferLength: 20, backBufferLength: 30, startFragPrefetch: true, maxBufferHole: 0.5 };

class FootagePlayer extends HTMLElement {
  #video;
  #hls = null;
  #stretches = [];
  #wanted = null; // the moment that is being loaded
  #onwards = false; // whether to play when that is loaded
  #number = 0; // of the load that counts
  #last = 0; // media ms, as it was told last
  #aim = 0; // the moment that was shown or asked for last
  #lost = false; // whether footage ahead is known to be gone
  #ran = false; // whether "runout" was told for what is loaded

  connectedCallback() {
    this.#video = this.querySelector("video");
    const on = (names, run) => names.split(" ").forEach((name) => this.#video.addEventListener(name, run));
    on("play pause ended", () => this.#showPlaying());
    on("timeupdate seeked", () => this.#follow());
    on("ended", () => this.#runOut());
    onEachPicture(this.#video, () => this.#follow());
    on("volumechange", () => this.#showSound());
    on("waiting", () => this.#lost && this.#explain());
    on("waiting seeking", () => this.toggleAttribute("data-waiting", true));
    on("playing canplay seeked error emptied", () => this.toggleAttribute("data-waiting", false));
    on("error", () => this.#video.error && this.#explain());
    on("click", () => this.toggle());
    this.#showPlaying();
    this.#showSound();
  }

  get playing() {
    return !this.#video.paused && !this.#video.ended;
  }

  /** Whether a moment can be shown without loading anything. */
  has(time) {
    return this.#wanted === null && covers(this.#stretches, time);
  }

  /** Show a moment, and play on from there with `play`; else go on as before. */
  async seek(time, { play = this.#wanted === null ? this.playing : this.#onwards } = {}) {
    this.#aim = time;
    if (this.has(time) && !this.#problem) {
      this.#ran = false;
      this.#last = toMedia(this.#stretches, time);
      this.#video.currentTime = this.#last / 1000;
      if (play) this.play();
      return;
    }
    await this.#load(time, play);
  }

  play() {
    this.#video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || this.#video.muted) return; // another moment was chosen, or it is broken
      this.#video.muted = true;
      this.play();
    });
  }

  pause() {
    this.#video.pause();
  }

  toggle() {
    if (this.#wanted !== null) this.#onwards = !this.#onwards;
    else if (this.playing) this.pause();
    else if (this.#ran) this.#runOut(true);
    else if (this.#stretches.length) this.play();
  }

  toggleSound() {
    this.#video.muted = !this.#video.muted;
  }

  toggleFullscreen() {
    toggleFullscreen(this, this.#video);
  }

  /** Play so many times as fast. */
  set rate(rate) {
    this.#video.defaultPlaybackRate = this.#video.playbackRate = rate;
  }

  /** Say in place of the picture why there is none; `title` null takes it away. */
  say(title, text = "", action = "") {
    this.querySelector("[data-part=problem]").hidden = title === null;
    this.querySelector("[data-part=problem-title]").textContent = title ?? "";
    this.querySelector("[data-part=problem-text]").textContent = text;
    const button = this.querySelector("[data-part=problem-action]");
    button.hidden = !action;
    button.textContent = action;
    if (title !== null) this.toggleAttribute("data-waiting", false);
  }

  get #problem() {
    return !this.querySelector("[data-part=problem]").hidden;
  }

  async #load(time, play) {
    const number = ++this.#number;
    this.#wanted = time;
    this.#onwards = play;
    this.#ran = this.#lost = false;
    this.toggleAttribute("data-waiting", true);
    const url = this.#address(time - BEFORE, time + AFTER);
    let text;
    try {
      const response = await fetch(url);
      if (number !== this.#number) return;
      text = response.ok ? await response.text() : null;
      if (response.status !== 404 && !response.ok) throw Object.assign(new Error(), { status: response.status });
    } catch (error) {
      if (number !== this.#number) return;
      this.#wanted = null;
      return this.say(...(error.status === 401 ? LOGGED_OUT : SILENT));
    }
    if (number !== this.#number) return;
    const stretches = text ? stretchesOf(text) : [];
    const media = toMedia(stretches, time);
    if (media === null) {
      this.#wanted = null;
      this.toggleAttribute("data-waiting", false);
      return this.#tell("runout", { time, playing: this.#onwards, missing: true });
    }
    this.say(null);
    try {
      await this.#attach(url, media / 1000, number);
    } catch {
      if (number !== this.#number) return;
      this.#wanted = null;
      return this.say(...UNSUPPORTED);
    }
    if (number !== this.#number) return;
    this.#stretches = stretches;
    this.#last = media;
    this.#wanted = null;
    this.#follow();
    if (this.#onwards) this.play();
  }

  #address(from, to) {
    const iso = (time) => new Date(time).toISOString();
    const [start, end] = [this.dataset.start, this.dataset.end].map((text) => Date.parse(text));
    return `${this.dataset.playlist}?from=${iso(Math.max(start, from))}&to=${iso(Math.min(end, to))}`;
  }

  /** Have the video play a playlist from `at` s on; done when there is a picture. */
  async #attach(url, at, number) {
    this.#hls?.destroy();
    this.#hls = null;
    const { playbackRate } = this.#video;
    const ready = (name) => new Promise((resolve) => this.#video.addEventListener(name, resolve, { once: true }));
    if (this.dataset.hls && (window.ManagedMediaSource || window.MediaSource)) {
      await loadScript(this.dataset.hls);
      if (number !== this.#number) return;
      const hls = (this.#hls = new window.Hls({ ...HLS, startPosition: at }));
      let mended = false;
      hls.on("hlsError", (_, { fatal, type, response }) => {
        if (hls !== this.#hls) return;
        if (response?.code === 410) return this.#lose(); // it would be tried again for half a minute
        if (!fatal) return;
        if (type !== "mediaError" || mended) return this.#explain();
        mended = true;
        hls.recoverMediaError();
      });
      hls.loadSource(url);
      hls.attachMedia(this.#video);
      await Promise.race([ready("loadeddata"), ready("error"), new Promise((resolve) => hls.on("hlsError", (_, e) => (e.fatal || e.response?.code === 410) && resolve()))]);
    } else if (this.#video.canPlayType("application/vnd.apple.mpegurl")) {
      this.#video.src = url;
      await Promise.race([ready("loadedmetadata"), ready("error")]);
      if (number !== this.#number || this.#video.error) return;
      this.#video.currentTime = at;
      await Promise.race([ready("seeked"), ready("error")]);
    } else {
      throw new Error("HLS cannot be played");
    }
    this.#video.playbackRate = playbackRate;
  }

  #follow() {
    if (this.#wanted !== null || !this.#stretches.length) return;
    const media = this.#video.currentTime * 1000;
    const gap = this.#video.seeking ? null : gapBetween(this.#stretches, this.#last, media);
    if (gap && media - this.#last < 5_000) this.#tell("gap", gap);
    this.#last = media;
    if (this.#video.error || this.#video.readyState < 2) return; // the time is not that of a picture
    this.#aim = toWall(this.#stretches, media);
    this.#tell("moment", { time: this.#aim });
    const last = this.#stretches.at(-1);
    if (this.playing && media > last.media + last.duration - EDGE) this.#runOut();
  }

  #runOut(again = false) {
    if ((this.#ran && !again) || this.#wanted !== null) return;
    this.#ran = true;
    const last = this.#stretches.at(-1);
    this.#tell("runout", { time: last.wall + last.duration, playing: true });
  }

  /** Footage ahead is gone: say so once what is loaded has been played. */
  #lose() {
    this.#lost = true;
    if (this.#video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) this.#explain();
  }

  /** Say why it does not play on: whether some of what comes next is not there any more. */
  async #explain() {
    if (this.#problem) return;
    this.#lost = false;
    const number = this.#number;
    const [time, before] = [this.#aim, this.#stretches];
    const response = await fetch(this.#address(time - 1_000, time + AHEAD)).catch(() => null);
    const now = response?.ok ? stretchesOf(await response.text()) : [];
    if (number !== this.#number) return;
    this.#wanted = null;
    this.#stretches = []; // what comes next is loaded anew
    const moments = Array.from({ length: AHEAD / 1_000 }, (_, index) => time + 500 + index * 1_000);
    const lost = moments.some((moment) => covers(before, moment) && !covers(now, moment));
    if (!response || response.status >= 500) this.say(...SILENT);
    else if (response.status === 401) this.say(...LOGGED_OUT);
    else this.say(...(lost || !now.length ? GONE : UNPLAYABLE));
  }

  #showPlaying() {
    this.toggleAttribute("data-playing", this.playing);
    this.#tell("playing", { playing: this.playing });
  }

  #showSound() {
    this.toggleAttribute("data-muted", this.#video.muted);
    this.#tell("sound", { muted: this.#video.muted });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const SILENT = ["The server does not answer", "Is BirbCam still running?", "Try again"];
const LOGGED_OUT = ["You are logged out", "Load the page again to log in."];
const GONE = [
  "This footage is gone",
  "It was deleted to make room. Clips of it may still be among the recordings.",
  "Go on with what is left",
];
const UNPLAYABLE = [
  "This browser cannot play this footage",
  "It is probably H.265, which some browsers lack. Safari plays it, and so do Chrome and Edge on most newer " +
    "computers; or export a range and play it with VLC.",
];
const UNSUPPORTED = [
  "This browser cannot play recordings by itself",
  "It needs a player that the MediaMTX recorder brings along: start MediaMTX once, or use Safari, or Chrome or Edge " +
    "from version 142 on. Clips play in any browser.",
];

customElements.define("footage-player", FootagePlayer);
