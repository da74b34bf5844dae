// Adding a camera: its source put together of what was typed, tried out, and saved.

import { forgetTest, testSource } from "./camera-test.js";
import { postJson } from "./http.js";

const form = document.getElementById("add-camera");
const { address, user, device, module, title, name } = form.elements;
const password = form.elements["camera-password"];
const problem = form.querySelector("[data-problem]");
const submit = form.querySelector(".button.primary");
const test = form.querySelector("[data-test]");
const result = form.querySelector("[data-test-result]");
let named = false; // somebody typed a name; until then it follows the title

form.addEventListener("change", (event) => {
  if (event.target.name !== "kind") return;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== form.elements.kind.value;
  forgetTest(result, test);
});
for (const field of [address, user, password, device, module]) field.addEventListener("input", () => forgetTest(result, test));

title.addEventListener("input", () => {
  if (!named) name.value = nameOf(title.value);
});
name.addEventListener("input", () => (named = name.value !== ""));

test.addEventListener("click", () => testSource(result, form.dataset.testUrl, { source: source() }, test));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  complain("");
  submit.disabled = true;
  try {
    await postJson(form.dataset.url, { name: name.value.trim(), title: title.value.trim(), source: source() });
    location.assign(`${form.dataset.next}?done=added`);
  } catch (error) {
    complain(error.errors?.map(({ detail, key }) => `${key.split(".").length > 2 ? labelOf(key) : "Name"}: ${detail}.`).join(" ") || error.message);
    submit.disabled = false;
  }
});

function complain(text) {
  problem.hidden = !text;
  problem.textContent = text;
}

function labelOf(key) {
  return key.endsWith(".title") ? "Title" : "Address";
}

/** The source as the settings have it; user and password go into the address. */
function source() {
  const kind = form.elements.kind.value;
  if (kind !== "network") return { usb: device.value.trim(), pi: module.value, demo: "demo" }[kind];
  const text = address.value.trim();
  if (!user.value && !password.value) return text;
  const begin = text.indexOf("://") + 3;
  if (begin < 3) return text; // which the server refuses, with words
  const rest = text.slice(begin);
  const host = rest.slice(rest.search(/[/?#]|$/) > rest.indexOf("@") ? rest.indexOf("@") + 1 : 0);
  const secret = password.value ? `:${encodeURIComponent(password.value)}` : "";
  return `${text.slice(0, begin)}${encodeURIComponent(user.value)}${secret}@${host}`;
}

/** "Nest box" is nest-box. */
function nameOf(text) {
  const plain = text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replaceAll("ß", "ss").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
}
