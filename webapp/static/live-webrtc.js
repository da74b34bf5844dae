// The live picture over WebRTC: an offer to the recorder's WHEP, which the server passes on. Picture only: the cameras'
// sound is AAC, which WebRTC does not carry.

import { tokenHeader } from "./http.js";

const CONNECTED = 1_500; // ms until the browser reaches the recorder's UDP port; in a network at home it takes 100
const GATHERED = 250; // ms to find this browser's own addresses; the recorder does without them as well

/**
 * Play it in `video` until `signal` aborts; `end` is called when it breaks. Throws where it cannot be had, at once or
 * within a second and a half, so that another way can be taken. `whep` is where the offer is sent.
 */
export async function openWebRtc(video, whep, signal, end) {
  const connection = new RTCPeerConnection();
  let session = null;
  let leaving = null;
  const close = () => {
    connection.close();
    video.srcObject = null;
    if (session) leaving ??= fetch(session, { method: "DELETE", headers: tokenHeader(), keepalive: true }).catch(() => {});
  };
  try {
    const picture = new MediaStream();
    for (const kind of ["video", "audio"]) connection.addTransceiver(kind, { direction: "recvonly" });
    connection.addEventListener("track", ({ track, receiver }) => {
      if (track.kind !== "video") return;
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0; // as soon as it is there
      picture.addTrack(track);
    });
    await connection.setLocalDescription(await connection.createOffer());
    await gathered(connection);
    const answer = await offer(connection, whep, signal);
    session = answer.session; // known first: where the answer is no good, it is ended all the same
    await connection.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    video.srcObject = picture;
    await connected(connection, signal);
  } catch (error) {
    close();
    throw error;
  }
  connection.addEventListener("connectionstatechange", () => {
    if (["failed", "closed", "disconnected"].includes(connection.connectionState)) end();
  });
  return { close, look: looker(connection) };
}

async function offer(connection, whep, signal) {
  const response = await fetch(whep, {
    method: "POST",
    headers: { ...tokenHeader(), "Content-Type": "application/sdp", Accept: "application/json" },
    body: connection.localDescription.sdp,
    signal,
  });
  if (response.status !== 201) throw new Error(`WebRTC was refused (${response.status})`);
  return { session: new URL(response.headers.get("Location"), location.href).href, sdp: await response.text() };
}

function gathered(connection) {
  return new Promise((resolve) => {
    const look = () => connection.iceGatheringState === "complete" && resolve();
    connection.addEventListener("icegatheringstatechange", look);
    setTimeout(resolve, GATHERED);
    look();
  });
}

function connected(connection, signal) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (connection.connectionState === "connected") resolve();
      if (["failed", "closed"].includes(connection.connectionState)) reject(new Error("WebRTC: not connected"));
    };
    connection.addEventListener("connectionstatechange", look);
    signal.addEventListener("abort", () => reject(signal.reason));
    setTimeout(() => reject(new Error("WebRTC: the recorder's UDP port is not reached")), CONNECTED);
    look();
  });
}

/**
 * A function that tells how many pictures came so far, and how old they are when they are shown (s; null: unknown): half
 * the way there and back, waiting and decoding. What camera and recorder need before is not in it.
 */
function looker(connection) {
  let last = { frames: 0, spent: 0 };
  return async () => {
    let frames = 0;
    let spent = 0;
    let trip = 0;
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "video") {
        frames = report.framesDecoded ?? 0;
        spent = report.totalProcessingDelay ?? report.jitterBufferDelay ?? 0;
      }
      if (report.type === "candidate-pair" && report.nominated) trip = report.currentRoundTripTime ?? 0;
    }
    const delay = frames > last.frames ? (spent - last.spent) / (frames - last.frames) + trip / 2 : null;
    last = { frames, spent };
    return { progress: frames, delay };
  };
}
