// <settings-form>: settings as `parts/settings.html` writes them. What was changed is sent together and takes effect
// together; what is wrong is said beside its field, and nothing that was typed is lost.

import "./area-editor.js";
import { getJson, patchJson, postJson } from "./http.js";
import { icon, toast } from "./toast.js";

/** One setting on the page. */
class Field {
  constructor(element) {
    this.element = element;
    this.key = element.dataset.key;
    this.kind = element.dataset.kind;
    this.saved = JSON.parse(element.dataset.value);
    this.below = JSON.parse(element.dataset.below);
    this.control = element.querySelector(this.kind === "polygons" ? "area-editor" : "input, select");
    this.help = this.control.getAttribute("aria-describedby") ?? "";
    this.undo = element.querySelector("[data-undo]");
    this.goesBack = false; // to what it is where nothing is saved
    this.show(this.saved);
  }

  get value() {
    if (this.kind === "switch") return this.control.checked;
    if (this.kind === "polygons") return this.control.value;
    const text = this.control.value.trim();
    if (this.kind !== "whole" && this.kind !== "number") return text;
    return text === "" || Number.isNaN(Number(text)) ? text : Number(text); // what is no number is refused in words
  }

  get changed() {
    return this.goesBack ? this.element.dataset.layer === "saved" : !same(this.value, this.saved);
  }

  show(value) {
    if (this.kind === "switch") this.control.checked = value;
    else if (this.kind === "polygons") this.control.value = value;
    else this.control.value = value;
  }

  toDefault() {
    this.show(this.below);
    this.goesBack = true;
  }

  discard() {
    this.goesBack = false;
    this.show(this.saved);
    this.complain("");
  }

  /** Take over what the server says of it now. */
  take(told) {
    this.saved = told.value;
    this.below = told.below;
    this.element.dataset.layer = told.layer;
    this.undo.hidden = told.layer !== "saved";
    this.discard();
  }

  complain(text) {
    this.element.querySelector(":scope > .problem")?.remove();
    const id = `problem-${this.key}`;
    this.control.ariaInvalid = text ? "true" : null;
    this.control.setAttribute("aria-describedby", text ? `${this.help} ${id}` : this.help);
    if (!text) return;
    const problem = Object.assign(document.createElement("p"), { id });
    problem.className = "problem";
    problem.append(icon("warning"), text[0].toUpperCase() + text.slice(1));
    this.element.append(problem);
  }
}

export class SettingsForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.bar = this.querySelector("[data-save-bar]");
    this.fields = [...this.querySelectorAll(".setting")].map((element) => new Field(element));
    this.form.addEventListener("input", (event) => this.#edited(event.target));
    this.form.addEventListener("change", (event) => this.#edited(event.target));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.addEventListener("click", (event) => {
      if (event.target.closest("[data-discard]")) this.#discard();
      else if (event.target.closest("[data-undo]")) this.#undo(this.#fieldOf(event.target));
    });
    addEventListener("beforeunload", (event) => {
      if (this.changed.length) event.preventDefault();
    });
  }

  get changed() {
    return this.fields.filter((field) => field.changed);
  }

  /** The values that the form shows, by the last part of their keys. */
  values() {
    return Object.fromEntries(this.fields.map((field) => [field.key.split(".").at(-1), field.value]));
  }

  async save() {
    const changed = this.changed;
    if (!changed.length || this.bar.inert) return; // Enter in a field is no button: it comes while saving, too
    const body = Object.fromEntries(changed.map((field) => [field.key, field.goesBack ? null : field.value]));
    this.bar.inert = true;
    for (const field of this.fields) field.complain("");
    try {
      this.#taken(await this.#send(changed, body));
    } catch (error) {
      this.#refused(error);
    } finally {
      this.bar.inert = false;
    }
  }

  /** Where somebody else changed other settings meanwhile, ours are sent again; where the same ones, that is an error. */
  async #send(changed, body) {
    const { url, version } = this.dataset;
    try {
      return await patchJson(url, body, version);
    } catch (error) {
      if (error.status !== 412) throw error;
    }
    const now = await getJson(url);
    const told = new Map(now.settings.map((setting) => [setting.key, setting]));
    const errors = changed
      .filter((field) => told.has(field.key) && !same(told.get(field.key).value, field.saved))
      .map((field) => ({ key: field.key, detail: `somebody else set it to ${words(told.get(field.key).value)} meanwhile; save again if you mean it` }));
    this.dataset.version = now.version;
    for (const field of this.fields) if (!field.changed && told.has(field.key)) field.take(told.get(field.key));
    if (errors.length) throw Object.assign(new Error("Somebody else changed the same settings meanwhile."), { errors });
    return patchJson(url, body, now.version);
  }

  #taken(answer) {
    this.dataset.version = answer.version;
    const told = new Map(answer.settings.map((setting) => [setting.key, setting]));
    for (const field of this.fields) if (told.has(field.key)) field.take(told.get(field.key));
    this.#count();
    const parts = [...new Set(answer.settings.map((setting) => setting.restart).filter(Boolean))];
    const pauses = answer.settings.some((setting) => setting.pauses);
    if (parts.length) this.#sayRestart(parts[0]);
    else toast(pauses ? "Saved. The picture is back in a few seconds." : "Saved. It counts already.");
    this.dispatchEvent(new CustomEvent("saved", { detail: answer }));
  }

  #sayRestart(part) {
    const name = part === "web" ? "web app" : "recorder";
    if (!("canRestart" in this.dataset)) return toast(`Saved. It counts when the ${name} is started again.`);
    const run = async () => {
      try {
        await postJson(this.dataset.restartUrl, { part });
        toast(`The ${name} starts again; that takes a few seconds.`);
      } catch (error) {
        toast(error.message, { kind: "error" });
      }
    };
    return toast(`Saved. It counts when the ${name} is started again.`, { actions: [{ label: "Start it again now", run }] });
  }

  #refused(error) {
    const fields = new Map(this.fields.map((field) => [field.key, field]));
    const said = (error.errors ?? []).filter(({ key }) => fields.has(key));
    for (const { key, detail } of said) fields.get(key).complain(detail);
    const first = fields.get(said[0]?.key);
    first?.element.closest("details")?.setAttribute("open", "");
    first?.control.focus();
    first?.element.scrollIntoView({ block: "center" });
    toast(error.message, { kind: "error" });
  }

  #edited(target) {
    const field = this.#fieldOf(target);
    if (!field) return;
    field.goesBack = false;
    field.complain("");
    this.#count();
  }

  #undo(field) {
    field.toDefault();
    field.control.focus();
    this.#count();
    field.control.dispatchEvent(new CustomEvent("reset-to-default", { bubbles: true }));
  }

  #discard() {
    for (const field of this.fields) field.discard();
    this.#count();
    this.dispatchEvent(new CustomEvent("discarded"));
  }

  #count() {
    const { length } = this.changed;
    this.bar.hidden = !length;
    this.bar.querySelector("[data-count]").textContent = length === 1 ? "1 change" : `${length} changes`;
  }

  #fieldOf(target) {
    const element = target.closest?.(".setting");
    return this.fields.find((field) => field.element === element);
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function words(value) {
  return Array.isArray(value) ? `${value.length} areas` : JSON.stringify(value);
}

customElements.define("settings-form", SettingsForm);
