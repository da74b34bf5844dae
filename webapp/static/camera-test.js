// Testing a source: a picture of it and what it sends, or why not and what helps.

import { postJson } from "./http.js";

const CODECS = { h264: "H.264", hevc: "H.265", mjpeg: "MJPEG", rawvideo: "drawn here" };
const SOUNDS = { aac: "AAC", pcm_alaw: "G.711", pcm_mulaw: "G.711", opus: "Opus", pcm_s16le: "uncompressed" };

let asked = 0; // the test that counts

/** What was found holds for what was typed: it goes when that is edited. */
export function forgetTest(result, button) {
  asked += 1;
  result.hidden = true;
  button.disabled = false;
}

/** Fills the element of `test_result()`; true where the source works. */
export async function testSource(result, url, body, button) {
  const part = (name) => result.querySelector(`[data-${name}]`);
  const show = (name) => ["busy", "found", "failed"].forEach((one) => (part(one).hidden = one !== name));
  const mine = ++asked;
  result.hidden = false;
  show("busy");
  button.disabled = true;
  try {
    const found = await postJson(url, body);
    if (mine !== asked) return false;
    if (!found.ok) return fail(found.reason, found.cure);
    part("picture").hidden = !found.picture;
    if (found.picture) part("picture").src = `data:image/jpeg;base64,${found.picture}`;
    part("facts").replaceChildren(...facts(found).map(([name, value]) => fact(name, value)));
    part("verdict").textContent = found.note ? "It cannot be tried from here." : "It works.";
    part("note").textContent = found.note || (found.copied ? "It is recorded as the camera made it." : "It is encoded here, which takes more of the processor.");
    show("found");
    return true;
  } catch (error) {
    return mine === asked && fail(error.errors?.[0]?.detail ?? error.message, "");
  } finally {
    if (mine === asked) button.disabled = false;
  }

  function fail(reason, cure) {
    part("reason").textContent = `${sentence(reason)}.`;
    part("cure").textContent = cure ? `${sentence(cure)}${/[.?!]$/.test(cure) ? "" : "."}` : "";
    show("failed");
    return false;
  }
}

function facts(found) {
  const rate = found.fps ? `, ${Math.round(found.fps * 10) / 10} a second` : "";
  const sound = found.audio ? `${SOUNDS[found.audio] ?? found.audio}, ${found.channels > 1 ? "stereo" : "mono"}` : "none";
  return [
    ["Picture", `${found.width} × ${found.height}${rate}`],
    ["Codec", CODECS[found.video] ?? found.video],
    ["Sound", sound],
  ];
}

function fact(name, value) {
  const row = document.createElement("div");
  const [title, text] = ["dt", "dd"].map((tag) => document.createElement(tag));
  title.textContent = name;
  text.textContent = value;
  row.append(title, text);
  return row;
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1).replace(/\.$/, "");
}
