// Short messages in a corner, read out by screen readers.

const region = document.querySelector(".toasts");

/**
 * Show a message. `actions` are [{label, href}] or [{label, run}]; with actions it stays longer. The element, so that
 * it can be removed.
 */
export function toast(text, { kind = "info", actions = [] } = {}) {
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
  region.append(element);
  leaveAfter(element, actions.length || kind === "error" ? 15_000 : 5_000);
  return element;
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
