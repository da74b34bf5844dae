// Talking to the server; every failure is an Error whose message can be shown.

const token = document.querySelector("meta[name=csrf-token]").content;

const TOGETHER = 250; // ms
let asking = null;
let asked = 0;

export async function getJson(url) {
  return answer(fetch(url, { headers: { Accept: "application/json" } }));
}

export async function postJson(url, body) {
  return sendJson(url, "POST", body);
}

export async function sendJson(url, method, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
  return answer(fetch(url, { method, headers, body: JSON.stringify(body) }));
}

/** `version` is that of what was looked at: where somebody else was faster, the error has the status 412. */
export async function patchJson(url, body, version) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
  if (version) headers["If-Match"] = `"${version}"`;
  return answer(fetch(url, { method: "PATCH", headers, body: JSON.stringify(body) }));
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
  if (response.ok) return body;
  const error = new Error(body.detail ?? `The server answered with an error (${response.status}).`);
  throw Object.assign(error, { status: response.status, errors: body.errors ?? [] });
}

function isJson(response) {
  return (response.headers.get("Content-Type") ?? "").includes("json");
}
