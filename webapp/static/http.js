// Talking to the server; every failure is an Error whose message can be shown.

const token = document.querySelector("meta[name=csrf-token]").content;

const TOGETHER = 250; // ms
let asking = null;
let asked = 0;

export async function getJson(url) {
  return answer(fetch(url, { headers: { Accept: "application/json" } }));
}

export async function postJson(url, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
  return answer(fetch(url, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function deleteJson(url) {
  return answer(fetch(url, { method: "DELETE", headers: { Accept: "application/json", "X-CSRFToken": token } }));
}

/** What every request that changes something carries. */
export function tokenHeader() {
  return { "X-CSRFToken": token };
}

/** What /api/v1/status says of one camera; undefined where it does not know it. Who asks at once asks together. */
export async function cameraStatus(url, name) {
  if (!asking || performance.now() - asked > TOGETHER) {
    asked = performance.now();
    asking = getJson(url);
  }
  const { cameras } = await asking;
  return cameras.find((camera) => camera.name === name);
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Error("The server does not answer. Is BirbCam still running?");
  }
  if (response.redirected && !isJson(response)) throw new Error("You are logged out. Load the page again to log in.");
  const body = isJson(response) ? await response.json() : {};
  if (!response.ok) throw new Error(body.detail ?? `The server answered with an error (${response.status}).`);
  return body;
}

function isJson(response) {
  return (response.headers.get("Content-Type") ?? "").includes("json");
}
