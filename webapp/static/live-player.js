// <live-player>: a live HLS stream that starts by itself, muted, and comes back by itself after any break.
//
//   data-playlist    the stream's index.m3u8
//   data-hls         hls.min.js of the recorder; "" where it serves none, then the browser must play HLS natively
//   data-status      /api/v1/status, asked before each try, so that a camera that is off is not knocked at for ever
//   data-camera      the camera's name in that answer
//
// Inside it: a <video>, and optionally elements with data-part = state | delay | message and buttons with
// data-action = sound | pip | fullscreen. Its own data-state is connecting, live, reconnecting, offline or unsupported;
// each change is told by a "statechange" event.

import { cameraStatus } from "./http.js";
import { since } from "./format.js";
import { toggleFullscreen } from "./screen.js";

const STARTING = 12_000; // ms until the first picture, after which the try counts as failed
const STALLED = 5_000; // ms without a new picture after which a stream counts as broken
const PAUSES = [500, 1_000, 2_000, 3_000, 4_000]; // ms between two tries

// About 1.5 s behind the recorder's edge, which with segments of 1 s is as near as it plays without stuttering.
const HLS = {
  liveSyncDuration: 1.5,
  liveMaxLatencyDuration: 6,
  maxLiveSyncPlaybackRate: 1.15,
  liveDurationInfinity: true,
  backBufferLength: 15,
  maxBufferLength: 10,
  manifestLoadPolicy: policy(6_000),
  playlistLoadPolicy: policy(6_000),
  fragLoadPolicy: policy(10_000),
};

function policy(milliseconds) {
  const retry = { maxNumRetry: 1, retryDelayMs: 300, maxRetryDelayMs: 1_000 };
  const times = { maxTimeToFirstByteMs: milliseconds, maxLoadTimeMs: milliseconds };
  return { default: { ...times, timeoutRetry: retry, errorRetry: retry } };
}

class LivePlayer extends HTMLElement {
  #video;
  #running = null; // the AbortController of the loop, while it runs
  #hls = null;
  #wasLive = false;

  connectedCallback() {
    this.#video = this.querySelector("video");
    this.#video.muted = true;
    this.#video.addEventListener("volumechange", () => this.#showSound());
    for (const button of this.querySelectorAll("[data-action]")) {
      button.addEventListener("click", () => this.#act(button.dataset.action));
    }
    const pip = this.querySelector("[data-action=pip]");
    if (pip) pip.hidden = !document.pictureInPictureEnabled;
    this.#showSound();
    document.addEventListener("visibilitychange", this.#followVisibility);
    this.#followVisibility();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#followVisibility);
    this.stop();
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
  }

  /** A hidden page plays on only where somebody is listening or has the small window open. */
  #followVisibility = () => {
    const heard = this.#running && !this.#video.muted;
    if (!document.hidden) this.start();
    else if (!heard && document.pictureInPictureElement !== this.#video) this.stop();
  };

  async #run(stopped) {
    const how = this.#howToPlay();
    if (!how) return this.#show("unsupported");
    for (let failures = 0; !stopped.aborted; failures++) {
      const trying = this.#wasLive ? "reconnecting" : "connecting";
      if (this.dataset.state !== "offline") this.#show(trying);
      const camera = await this.#askState();
      if (stopped.aborted) return;
      if (camera?.state === "offline") {
        this.#show("offline", camera.since);
      } else {
        this.#show(trying);
        const mayPlay = camera === null || camera.state === "live"; // the third state is "starting"
        if (mayPlay && (await this.#playUntilBroken(how, stopped))) failures = 0;
      }
      if (!stopped.aborted) await pause(PAUSES[Math.min(failures, PAUSES.length - 1)], stopped);
    }
  }

  /** "hls" through the recorder's hls.js, "native", or null where neither works. */
  #howToPlay() {
    if (this.dataset.hls && (window.ManagedMediaSource || window.MediaSource)) return "hls";
    return this.#video.canPlayType("application/vnd.apple.mpegurl") ? "native" : null;
  }

  /** What the server says of the camera; null where it does not answer, and then a try will show. */
  async #askState() {
    try {
      return (await cameraStatus(this.dataset.status, this.dataset.camera)) ?? null;
    } catch {
      return null;
    }
  }

  /** Play until the stream breaks or `stopped`; whether it was ever live. */
  async #playUntilBroken(how, stopped) {
    const over = new AbortController();
    const end = () => over.abort();
    const ended = new Promise((resolve) => over.signal.addEventListener("abort", resolve));
    const listen = { signal: over.signal };
    stopped.addEventListener("abort", end, listen);
    let live = false;
    let lastTime = 0;
    let lastMoved = performance.now();
    this.#video.addEventListener("error", end, listen);
    this.#video.addEventListener("ended", end, listen);
    this.#video.addEventListener(
      "timeupdate",
      () => {
        if (this.#video.currentTime === lastTime) return;
        lastTime = this.#video.currentTime;
        lastMoved = performance.now();
        if (live) return;
        live = this.#wasLive = true;
        this.#show("live");
      },
      listen,
    );
    const watch = setInterval(() => {
      if (this.#video.paused) this.#playSoon();
      if (performance.now() - lastMoved > (live ? STALLED : STARTING)) end();
      this.#keepUp();
    }, 1_000);
    try {
      if (how === "hls") await this.#attachHls(over.signal, end);
      else this.#video.src = this.dataset.playlist;
      this.#playSoon();
      await ended;
    } catch {
      // hls.js could not be loaded: the recorder is away, the loop tries again
    } finally {
      clearInterval(watch);
      over.abort();
      this.#detach();
    }
    return live;
  }

  async #attachHls(over, end) {
    await loadScript(this.dataset.hls);
    if (over.aborted) return;
    const hls = (this.#hls = new window.Hls(HLS));
    let mended = false;
    hls.on("hlsError", (_, { fatal, type }) => {
      if (!fatal) return;
      if (type === "mediaError" && !mended) {
        mended = true;
        hls.recoverMediaError();
      } else {
        end();
      }
    });
    hls.loadSource(this.dataset.playlist);
    hls.attachMedia(this.#video);
  }

  #detach() {
    this.#hls?.destroy();
    this.#hls = null;
    this.#video.removeAttribute("src");
    this.#video.load();
    this.#showDelay();
  }

  /** Natively played streams fall behind with every stall; jump when it has become much. hls.js does it by itself. */
  #keepUp() {
    const { seekable, currentTime } = this.#video;
    const edge = seekable.length ? seekable.end(seekable.length - 1) : 0;
    if (!this.#hls && edge - currentTime > 8) this.#video.currentTime = edge - 2;
    this.#showDelay();
  }

  #showDelay() {
    const delay = this.querySelector("[data-part=delay]");
    if (delay) delay.textContent = this.#hls?.latency > 0 ? `${this.#hls.latency.toFixed(1)} s behind` : "";
  }

  #playSoon() {
    this.#video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || this.#video.muted) return;
      this.#video.muted = true; // sound needs a click first
      this.#playSoon();
    });
  }

  #show(state, since_ = null) {
    this.dataset.state = state;
    const text = STATES[state];
    const pill = this.querySelector("[data-part=state]");
    if (pill) {
      pill.dataset.state = state;
      pill.textContent = state === "offline" && since_ ? `Offline since ${since(since_)}` : text;
    }
    for (const message of this.querySelectorAll("[data-for]")) {
      message.hidden = !message.dataset.for.split(" ").includes(state);
    }
    this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
  }

  #act(action) {
    if (action === "sound") {
      this.#video.muted = !this.#video.muted;
      this.#playSoon();
    } else if (action === "pip") {
      if (document.pictureInPictureElement) document.exitPictureInPicture();
      else this.#video.requestPictureInPicture().catch(() => {}); // not before there is a picture
    } else {
      toggleFullscreen(this.querySelector(".stage"), this.#video);
    }
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

let loading = null;

function loadScript(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error("hls.js cannot be loaded"));
    };
    document.head.append(script);
  });
  return loading;
}

function pause(milliseconds, stopped) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    stopped.addEventListener("abort", resolve, { once: true });
  });
}

customElements.define("live-player", LivePlayer);
