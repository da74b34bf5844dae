// The system page: keeps itself up to date, and asks before anything is done.

import { getJson, sendJson } from "./http.js";
import { toast } from "./toast.js";

const EVERY = 5_000; // ms
const dialog = document.querySelector(".ask-dialog");
const yes = dialog.querySelector("[data-yes]");
const problem = dialog.querySelector(".problem");
const deleteFields = dialog.querySelector("[data-delete-fields]");
const [kept, typed] = deleteFields.querySelectorAll("input");
const deletion = document.querySelector("[data-deletion]");
const deleteAll = document.querySelector("[data-delete-all]");
let asker = null;
let asked = 0; // how often the dialog was opened
let looking = 0; // the timer of the next look at a deletion

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-act], [data-delete-all]");
  if (button) ask(button);
});
yes.addEventListener("click", act);
typed.addEventListener("input", () => (yes.disabled = typed.value.trim().toLowerCase() !== "delete"));
dialog.querySelector("form").addEventListener("submit", (event) => {
  if (event.submitter?.value === "no" || deleteFields.hidden) return;
  event.preventDefault(); // Enter in the text field
  if (!yes.disabled) act();
});
setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
watchDeletion();

function ask(button) {
  const everything = button === deleteAll;
  asker = button;
  asked += 1;
  dialog.querySelector("#ask-title").textContent = everything ? "Delete all clips?" : button.dataset.title;
  dialog.querySelector("#ask-says").textContent = everything
    ? "Recordings by hand are ended first. What is deleted cannot be brought back."
    : button.dataset.says;
  yes.textContent = everything ? "Delete all clips" : button.dataset.yes;
  yes.disabled = everything;
  deleteFields.hidden = !everything;
  kept.checked = false;
  typed.value = "";
  problem.hidden = true;
  dialog.showModal();
}

async function act() {
  const { url, method = "POST", body = "{}", done } = asker.dataset;
  const everything = asker === deleteAll;
  const mine = asked;
  const waitedFor = () => dialog.open && mine === asked; // else it was cancelled, and perhaps asks something else by now
  yes.disabled = true;
  try {
    await sendJson(url, method, everything ? { confirm: "delete all clips", kept: kept.checked } : JSON.parse(body));
  } catch (error) {
    if (!waitedFor()) return toast(error.message, { kind: "error" });
    problem.textContent = error.message;
    problem.hidden = false;
    yes.disabled = false;
    return;
  }
  if (waitedFor()) dialog.close();
  if (everything) watchDeletion();
  else toast(done);
  refresh();
}

/** Take what has changed from a fresh copy of this page; not under the focus, nor while somebody is asked. */
async function refresh() {
  if (document.hidden || dialog.open) return;
  let text;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (response.redirected || response.status === 401) return location.reload(); // which leads to the log-in, and from there back
    if (!response.ok) return;
    text = await response.text();
  } catch {
    return; // it restarts, perhaps because it was asked to
  }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!other || part.innerHTML === other.innerHTML || dialog.open) continue;
    const place = [...part.querySelectorAll("button")].indexOf(document.activeElement);
    part.replaceChildren(...other.childNodes);
    if (place >= 0) part.querySelectorAll("button")[place]?.focus();
  }
}

async function watchDeletion() {
  clearTimeout(looking);
  let last;
  try {
    ({ deletion: last } = await getJson(deleteAll.dataset.url));
  } catch {
    looking = setTimeout(watchDeletion, EVERY);
    return;
  }
  deleteAll.disabled = last?.state === "running";
  deletion.textContent = last ? told(last) : "";
  if (deleteAll.disabled) looking = setTimeout(watchDeletion, 700);
}

function told({ state, total, deleted, spared, problem: why }) {
  if (state === "failed") return `${deleted} deleted, then it broke off: ${why}`;
  const rest = spared ? `, ${spared} kept` : "";
  return state === "running" ? `${deleted} of ${total} deleted${rest}…` : `Done: ${deleted} deleted${rest}.`;
}
