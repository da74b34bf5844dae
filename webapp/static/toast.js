// Short messages in a corner, read out by screen readers.

const region = document.querySelector(".toasts");
const MOST = 3; // at a time, as far as they may go
const said = document.querySelector("[data-said]");

/**
 * Show a message. `actions` are [{label, href}] or [{label, run}]; with actions it stays longer, `lasting` until it is
 * removed. The element; its `show(text)` changes the words.
 */
export function toast(text, { kind = "info", actions = [], lasting = false } = {}) {
  const element = document.createElement("div");
  element.className = "toast";
  element.dataset.kind = kind;
  const message = document.createElement("span");
  message.textContent = text;
  element.append(icon(kind === "error" ? "warning" : "check"), message);
  for (const action of actions) element.append(actionElement(action, element));
  const close = document.createElement("button");
  close.className = "button quiet square small";
  close.ariaLabel = "Close";
  close.append(icon("close"));
  close.onclick = () => element.remove();
  element.append(close);
  makeRoom();
  region.append(element);
  element.show = (words) => (message.textContent = words);
  element.toggleAttribute("data-stays", lasting || kind === "error");
  if (!lasting) leaveAfter(element, actions.length || kind === "error" ? 15_000 : 5_000);
  return element;
}

/** What `ask()` answers; where it fails, a message says so, and with its button it is asked again. */
export async function untilAnswered(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const again = (run) => toast(error.message, { kind: "error", lasting: true, actions: [{ label: "Try again", run }] });
      await new Promise(again);
    }
  }
}

/** Say something to screen readers alone, where everybody else sees it happen. */
export function announce(text) {
  said.textContent = "";
  setTimeout(() => (said.textContent = text), 50); // the same words again are news, too
}

/** One of the drawings in parts/icons.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The oldest go where there are too many, but none that must be read, nor the one that somebody is at. */
function makeRoom() {
  const passing = [...region.children].filter((one) => !one.matches("[data-stays], :hover, :focus-within"));
  const surplus = region.children.length + 1 - MOST;
  for (const one of passing.slice(0, Math.max(0, surplus))) one.remove();
}

function actionElement({ label, href, run }, toastElement) {
  const element = document.createElement(href ? "a" : "button");
  element.className = "toast-action";
  element.textContent = label;
  if (href) element.href = href;
  else element.onclick = () => (toastElement.remove(), run());
  return element;
}

/** Remove it after a while, but never under the pointer or with the focus in it. */
function leaveAfter(element, milliseconds) {
  setTimeout(() => {
    if (element.matches(":hover, :focus-within")) leaveAfter(element, 2_000);
    else element.remove();
  }, milliseconds);
}
