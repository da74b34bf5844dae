// <live-player>: a live stream that starts by itself, muted, and comes back by itself after any break.
//
//   data-camera      the camera's name
//   data-status      /api/v1/status, asked before each try, so that a camera that is off is not knocked at for ever
//   data-playlist    the stream's index.m3u8, and data-small-playlist that of the detect stream
//   data-whep        where it is asked for over WebRTC, and data-small-whep the detect stream
//   data-hls         the recorder's hls.js
//   data-still       the camera's still.jpg
//   data-tile        one of many: it plays only while it is in view, and small ones play the detect stream
//
// Inside it: a .stage with a <video> and an <img data-part="still">, and optionally elements with data-part = state |
// delay, data-for = the states in which they are shown, and buttons with data-action = sound | pip | fullscreen.
// Its own data-state is connecting, live, reconnecting, offline or unsupported, its data-way webrtc or hls. Each change
// is told by a "statechange" event.

import { openHls, playsHls } from "./live-hls.js";
import { Still } from "./live-still.js";
import { openWebRtc } from "./live-webrtc.js";
import { cameraStatus } from "./http.js";
import { since } from "./format.js";
import { toggleFullscreen } from "./screen.js";

const STARTING = 12_000; // ms until the first picture, after which the try counts as failed
const STALLED = 5_000; // ms without a new picture after which a stream counts as broken
const LOOKS = 1_000; // ms between two looks at it
const PAUSES = [500, 1_000, 2_000, 3_000, 4_000]; // ms between two tries
const WITHOUT = 5 * 60_000; // ms without WebRTC after it failed
const SHORT = 20_000; // ms; WebRTC that breaks so soon, twice, is no good here
const SMALL = 400; // px of the screen; narrower tiles show the detect stream

const withoutWebRtc = { page: 0 }; // until when (ms of performance.now()), for all players

class LivePlayer extends HTMLElement {
  #video;
  #still;
  #running = null; // the AbortController of the loop, while it runs
  #trying = null; // that of the try at hand
  #wasLive = false;
  #inView = true;
  #soundWanted = false;
  #sends = false; // whether the camera did, when the server was asked last
  #refused = 0; // until when the recorder need not be asked for WebRTC, of this camera
  #shortLives = 0;
  #way = "";
  #small = false;
  #heard = false; // before something else was

  connectedCallback() {
    this.#video = this.querySelector("video");
    this.#video.muted = true;
    this.#still = new Still(this.querySelector("[data-part=still]"), this.dataset.still);
    this.#video.addEventListener("volumechange", () => this.#showSound());
    for (const button of this.querySelectorAll("[data-action]")) {
      button.addEventListener("click", () => this.act(button.dataset.action));
    }
    const pip = this.querySelector("[data-action=pip]");
    if (pip) pip.hidden = !document.pictureInPictureEnabled;
    this.#showSound();
    document.addEventListener("visibilitychange", this.#follow);
    this.#video.addEventListener("leavepictureinpicture", this.#follow);
    if (this.hasAttribute("data-tile")) this.#watchTile();
    this.#follow();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#follow);
    this.stop();
    this.#still.stop();
  }

  /** Play from now on, through every break, until `stop`. */
  start() {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#run(this.#running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
    this.#wasLive = false;
  }

  /** What one of its buttons does: "sound", "pip" or "fullscreen". */
  act(action) {
    if (action === "sound") {
      this.#video.muted = !this.#video.muted;
      this.#soundWanted = !this.#video.muted;
      this.#showSound(); // what plays no sound tells of no change of it
      // WebRTC carries no sound: the other way does, and the quick picture comes back with silence.
      if (this.#trying && (this.#way === "webrtc") === this.#soundWanted) this.#trying.abort();
      else this.#playSoon();
    } else if (action === "pip") {
      if (document.pictureInPictureElement) document.exitPictureInPicture();
      else this.#video.requestPictureInPicture?.().catch(() => {}); // not before there is a picture
    } else {
      toggleFullscreen(this, this.#video);
    }
  }

  /** Silent for as long as something else is heard, and then as before. */
  set hushed(hushed) {
    const heard = this.#heard || !this.#video.muted;
    this.#heard = hushed && heard;
    this.#video.muted = hushed || !heard;
  }

  /** The picture that is shown as a JPEG (a Blob); null where none is. */
  async picture() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (this.dataset.state !== "live" || !width) return null;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(this.#video, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  }

  /** A hidden page plays on only where somebody is listening or has the small window open; so does a tile out of view. */
  #follow = () => {
    const heard = this.#running && !this.#video.muted;
    const seen = !document.hidden && this.#inView;
    if (seen || heard || document.pictureInPictureElement === this.#video) this.start();
    else this.stop();
    this.#still.seen = this.#inView && !document.hidden;
    this.#showStills();
  };

  #watchTile() {
    this.#inView = false;
    const look = ([{ isIntersecting }]) => {
      this.#inView = isIntersecting;
      this.#follow();
    };
    new IntersectionObserver(look, { rootMargin: "120px" }).observe(this);
    new ResizeObserver(() => this.#small !== this.#isSmall() && this.#trying?.abort()).observe(this);
  }

  /** Stills are for as long as no film is seen. */
  #showStills() {
    const seen = this.dataset.state === "live" && this.#running;
    if (seen || !this.#sends) this.#still.stop();
    else this.#still.start();
  }

  async #run(stopped) {
    for (let failures = 0; !stopped.aborted; failures++) {
      const trying = this.#wasLive ? "reconnecting" : "connecting";
      if (this.dataset.state !== "offline") this.#show(trying);
      const camera = await this.#askState();
      if (stopped.aborted) return;
      this.#sends = camera?.state === "live"; // the third state is "starting"
      if (camera?.state === "offline") {
        this.#show("offline", camera.since);
      } else if (camera && !this.#ways(camera).length) {
        this.#show("unsupported");
      } else {
        this.#show(trying);
        if (this.#sends && (await this.#play(camera, stopped))) failures = -1;
      }
      if (!stopped.aborted && failures >= 0) await pause(PAUSES[Math.min(failures, PAUSES.length - 1)], stopped);
    }
  }

  /** What may be tried, best first: "webrtc", "hls"; none where this browser cannot play it. */
  #ways(camera) {
    const now = performance.now();
    const quick = camera.webrtc && !this.#soundWanted && window.RTCPeerConnection;
    const ways = quick && now > Math.max(this.#refused, withoutWebRtc.page) ? ["webrtc"] : [];
    if (playsHls(this.#video, camera.hls_js && this.dataset.hls)) ways.push("hls");
    return ways;
  }

  /** What the server says of the camera, which may have been deleted; null where it does not answer. */
  async #askState() {
    try {
      return (await cameraStatus(this.dataset.status, this.dataset.camera)) ?? { state: "offline" };
    } catch (error) {
      if (error.status === 401) location.reload(); // which leads to the log-in, and from there back
      return null;
    }
  }

  /** Play it, one way or the other, until it breaks or `stopped`; whether it was ever live, or is to be at once. */
  async #play(camera, stopped) {
    for (const way of this.#ways(camera)) {
      const begin = performance.now();
      const { live, changed } = await this.#playUntilBroken(way, camera, stopped);
      if (changed) this.#wasLive = false; // nothing was lost
      if (stopped.aborted || changed) return true;
      if (way === "webrtc") this.#judgeWebRtc(live, performance.now() - begin);
      if (live) return true;
    }
    return false;
  }

  /** WebRTC that works, but breaks soon and again, is left alone for a while. */
  #judgeWebRtc(live, lasted) {
    this.#shortLives = lasted > SHORT ? 0 : this.#shortLives + 1;
    if (!live || this.#shortLives > 1) this.#refused = performance.now() + WITHOUT;
  }

  async #playUntilBroken(way, camera, stopped) {
    const over = new AbortController();
    this.#trying = new AbortController();
    this.#way = way;
    const ended = new Promise((resolve) => over.signal.addEventListener("abort", resolve));
    const end = () => over.abort();
    const listen = { signal: over.signal };
    stopped.addEventListener("abort", end, listen);
    this.#trying.signal.addEventListener("abort", end, listen);
    this.#video.addEventListener("error", end, listen);
    this.#video.addEventListener("ended", end, listen);
    let stream = null;
    let live = false;
    let watch = null;
    try {
      stream = await this.#open(way, camera, over.signal, end);
      const moved = new Progress();
      const look = async () => {
        if (this.#video.paused) this.#playSoon();
        const { progress, delay } = await stream.look();
        if (over.signal.aborted) return;
        const still = moved.since(progress);
        if (!live && progress > 0 && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
          live = this.#wasLive = true;
          this.dataset.way = way;
          this.#show("live");
        }
        if (still > (live ? STALLED : STARTING)) end();
        if (live) this.#showDelay(way, delay);
      };
      watch = setInterval(() => look().catch(end), LOOKS);
      for (const event of ["loadeddata", "timeupdate"]) {
        this.#video.addEventListener(event, () => live || look().catch(end), listen);
      }
      this.#playSoon();
      look().catch(end);
      await ended;
    } catch (error) {
      // It could not be had this way: the loop takes the next one, or asks again.
      if (way === "webrtc" && error.message.includes("UDP")) withoutWebRtc.page = performance.now() + WITHOUT;
    } finally {
      clearInterval(watch);
      over.abort();
      if (live) this.#freeze();
      stream?.close();
      this.#showDelay(way, null);
    }
    const changed = this.#trying.signal.aborted;
    this.#trying = null;
    return { live, changed };
  }

  #open(way, camera, signal, end) {
    this.#small = this.#isSmall();
    const small = camera.small && this.#small;
    if (way === "webrtc") return openWebRtc(this.#video, this.#address("whep", small), signal, end);
    const script = camera.hls_js ? this.dataset.hls : "";
    return openHls(this.#video, this.#address("playlist", small), script, signal, end);
  }

  #address(what, small) {
    return small ? this.dataset[`small${what[0].toUpperCase()}${what.slice(1)}`] : this.dataset[what];
  }

  #isSmall() {
    return this.hasAttribute("data-tile") && this.clientWidth * devicePixelRatio < SMALL;
  }

  /** Keep the last picture where the film was, as a still, until another comes. */
  #freeze() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    if (!width) return;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(this.#video, 0, 0);
    canvas.toBlob((blob) => blob && this.#still.show(blob), "image/jpeg", 0.8);
  }

  #playSoon() {
    this.#video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || this.#video.muted) return;
      this.#video.muted = true; // sound needs a click first
      this.#soundWanted = false;
      this.#showSound();
      this.#playSoon();
    });
  }

  #show(state, since_ = null) {
    this.dataset.state = state;
    const text = STATES[state];
    const pill = this.querySelector("[data-part=state]");
    if (pill) {
      pill.dataset.state = state;
      const shown = state === "offline" && since_ ? `Offline since ${since(since_)}` : text;
      if (pill.textContent !== shown) pill.textContent = shown; // screen readers read it out when it is set
    }
    for (const message of this.querySelectorAll("[data-for]")) {
      message.hidden = !message.dataset.for.split(" ").includes(state);
    }
    this.#showStills();
    this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
  }

  #showDelay(way, seconds) {
    const delay = this.querySelector("[data-part=delay]");
    if (!delay) return;
    if (seconds === null) delay.textContent = "";
    else if (way === "webrtc") delay.textContent = `WebRTC, ${Math.max(seconds, 0.1).toFixed(1)} s`;
    else delay.textContent = `${this.#soundWanted ? "HLS for sound" : "HLS"}, ${seconds.toFixed(1)} s behind`;
  }

  #showSound() {
    const button = this.querySelector("[data-action=sound]");
    if (!button) return;
    button.ariaPressed = String(!this.#video.muted);
    button.querySelector("[data-part=sound-text]").textContent = this.#video.muted ? "Sound is off" : "Sound is on";
  }
}

const STATES = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  unsupported: "Cannot play",
};

/** For how long (ms) a number has not changed. */
class Progress {
  #value = null;
  #at = performance.now();

  since(value) {
    if (value !== this.#value) this.#at = performance.now();
    this.#value = value;
    return performance.now() - this.#at;
  }
}

function pause(milliseconds, stopped) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    stopped.addEventListener("abort", resolve, { once: true });
  });
}

customElements.define("live-player", LivePlayer);
