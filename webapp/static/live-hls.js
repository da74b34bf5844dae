// The live picture over HLS, with sound: through the recorder's hls.js, or as the browser plays it by itself.

// About 1.2 s behind the recorder's edge, which with segments of 1 s is as near as it plays without stuttering; where it
// does stutter, it stays a little further behind.
const HLS = {
  liveSyncDuration: 1.2,
  liveSyncOnStallIncrease: 0.4,
  liveMaxLatencyDuration: 6,
  maxLiveSyncPlaybackRate: 1.15,
  liveDurationInfinity: true,
  backBufferLength: 15,
  maxBufferLength: 10,
  manifestLoadPolicy: policy(6_000),
  playlistLoadPolicy: policy(6_000),
  fragLoadPolicy: policy(10_000),
};
// A natively played stream begins three segments behind the edge, and each stall leaves it further behind.
const FAR_BEHIND = 6; // s from which on it jumps
const NEAR = 2; // s that it jumps to
const TOO_FAR = 12; // s from which on it is begun anew, where it cannot jump

function policy(milliseconds) {
  const retry = { maxNumRetry: 1, retryDelayMs: 300, maxRetryDelayMs: 1_000 };
  const times = { maxTimeToFirstByteMs: milliseconds, maxLoadTimeMs: milliseconds };
  return { default: { ...times, timeoutRetry: retry, errorRetry: retry } };
}

/** Whether this browser can play it; `script` says whether the recorder serves hls.js. */
export function playsHls(video, script) {
  return script ? Boolean(window.ManagedMediaSource || window.MediaSource) || playsNatively(video) : playsNatively(video);
}

function playsNatively(video) {
  return Boolean(video.canPlayType("application/vnd.apple.mpegurl"));
}

/** Play `playlist` in `video` through hls.js at `script` ("" for natively); `end` is called when it breaks. */
export async function openHls(video, playlist, script, signal, end) {
  if (script && (window.ManagedMediaSource || window.MediaSource)) return openHlsJs(video, playlist, script, signal, end);
  video.src = playlist;
  return {
    close: () => clear(video),
    look: async () => {
      // Chromium tells of no place to seek to, but of what it has.
      const times = video.seekable.length ? video.seekable : video.buffered;
      const edge = times.length ? times.end(times.length - 1) : 0;
      const delay = edge > video.currentTime ? edge - video.currentTime : null;
      // A faster rate is no way: Chromium's own player breaks off.
      if (delay > FAR_BEHIND && video.seekable.length) video.currentTime = edge - NEAR;
      else if (delay > TOO_FAR) end();
      return { progress: video.currentTime, delay };
    },
  };
}

async function openHlsJs(video, playlist, script, signal, end) {
  await loadScript(script);
  signal.throwIfAborted();
  const hls = new window.Hls(HLS);
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
  hls.loadSource(playlist);
  hls.attachMedia(video);
  return {
    close: () => {
      hls.destroy();
      clear(video);
    },
    look: async () => ({ progress: video.currentTime, delay: hls.latency > 0 ? hls.latency : null }),
  };
}

function clear(video) {
  video.removeAttribute("src");
  video.load();
}

let loading = null;

export function loadScript(url) {
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
