// One camera: its still, the test of its source as it stands in the form, and deleting it.

import "./stills.js";
import { forgetTest, testSource } from "./camera-test.js";
import { deleteJson } from "./http.js";

const test = document.querySelector("[data-test]");
const source = document.getElementById(test.dataset.source);
const result = document.querySelector("[data-test-result]");
const forget = () => forgetTest(result, test);
test.addEventListener("click", () => {
  testSource(result, test.dataset.url, { source: source.value, camera: test.dataset.camera }, test);
});
for (const name of ["input", "reset-to-default"]) source.addEventListener(name, forget);
document.querySelector("settings-form").addEventListener("discarded", forget);

const form = document.getElementById("delete-camera");
if (form) {
  const confirm = form.querySelector("[data-confirm]");
  const typed = confirm.querySelector("input");
  const problem = form.querySelector("[data-problem]");
  const button = form.querySelector(".button");
  const label = button.querySelector("span");
  const asked = label.textContent;
  let sure = false;

  const reset = () => {
    sure = false;
    label.textContent = asked;
    button.classList.remove("danger-now");
    problem.hidden = true;
  };

  form.addEventListener("change", (event) => {
    if (event.target.name !== "recordings") return;
    confirm.hidden = form.elements.recordings.value !== "delete";
    reset();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const recordings = form.elements.recordings.value;
    if (recordings === "delete" && typed.value.trim() !== form.dataset.name) {
      problem.textContent = `Type ${form.dataset.name}, so that it is certain that its recordings are to go.`;
      problem.hidden = false;
      typed.focus();
      return;
    }
    if (recordings === "keep" && !sure) {
      sure = true;
      label.textContent = "Press again to delete the camera";
      button.classList.add("danger-now");
      return;
    }
    button.disabled = true;
    try {
      await deleteJson(`${form.dataset.url}?recordings=${recordings}`);
      location.assign(`${form.dataset.next}?done=deleted`);
    } catch (error) {
      reset();
      problem.textContent = error.errors?.[0]?.detail ?? error.message;
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
