// <time-strip>: a day to look over and to move about in. It draws what was recorded, how much moved and the clips, and
// tells by events where somebody points:
//
//   "seek" {time, done}     a moment was chosen; `done` is false while it is being dragged
//   "range" {from, to}      the chosen range was changed
//   "view" {from, to}       another part of the day is shown
//   "hover" {time, event}   what is under the pointer; time null where it is nowhere
//
// `day` {from, to}, `data` (the answer of …/activity), `detail` (the same of the part shown) and `range` are set from
// outside. Times are ms since 1970.

import { clampView, keyStep, tickLabel, zoomView } from "./day-scale.js";
import { drawOverview, drawStrip } from "./strip-drawing.js";

const CLICK = 5; // px that a click may move

class TimeStrip extends HTMLElement {
  day = { from: 0, to: 1 };
  #view = { from: 0, to: 1 };
  #data = null;
  #detail = null;
  #cursor = null;
  #range = null;
  #pointers = new Map(); // those that are down, by id: {x, start}
  #drag = null; // what a pointer that is down does: {what, view, x, moved}
  #frame = 0;
  #canvas;
  #overview;

  connectedCallback() {
    this.#canvas = this.querySelector("[data-part=strip]");
    this.#overview = this.querySelector("[data-part=overview]");
    new ResizeObserver(() => this.draw()).observe(this.#canvas);
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.addEventListener("wheel", this.#onWheel, { passive: false });
    this.addEventListener("pointerdown", this.#onDown);
    this.addEventListener("pointermove", this.#onMove);
    this.addEventListener("pointerup", this.#onUp);
    this.addEventListener("pointercancel", this.#onUp);
    this.#canvas.parentElement.addEventListener("pointerleave", () => this.#tell("hover", { time: null }));
    for (const handle of this.#handles()) handle.addEventListener("keydown", this.#onHandleKey);
  }

  get view() {
    return this.#view;
  }

  set view(view) {
    this.#view = clampView(view, this.day);
    this.draw();
    this.#tell("view", this.#view);
  }

  get zoomed() {
    return this.#view.to - this.#view.from < this.day.to - this.day.from - 1;
  }

  set data(data) {
    this.#data = data;
    this.draw();
  }

  set detail(detail) {
    this.#detail = detail;
    this.draw();
  }

  get cursor() {
    return this.#cursor;
  }

  /** Show the moment played; `follow` keeps it in the view that it is about to leave. */
  setCursor(time, { follow = false } = {}) {
    const before = this.#cursor;
    this.#cursor = time;
    const { from, to } = this.#view;
    const inView = (moment) => moment !== null && from <= moment && moment <= to;
    if (follow && !this.#drag && inView(before) && time > to) this.view = { from: time, to: time + (to - from) };
    else this.#place();
  }

  /** Move the view so that a moment is in it. */
  show(time) {
    const { from, to } = this.#view;
    if (time < from || time > to) this.view = { from: time - (to - from) / 2, to: time + (to - from) / 2 };
  }

  zoom(factor, centre = this.#centre()) {
    this.view = zoomView(this.#view, factor, centre, this.day);
  }

  get range() {
    return this.#range;
  }

  set range(range) {
    this.#range = range;
    this.draw();
  }

  #centre() {
    const { from, to } = this.#view;
    const inside = this.#cursor !== null && from <= this.#cursor && this.#cursor <= to;
    return inside ? this.#cursor : (from + to) / 2;
  }

  #handles() {
    return this.querySelectorAll("[data-handle]");
  }

  #timeAt(x) {
    const { left, width } = this.#canvas.getBoundingClientRect();
    const time = this.#view.from + ((x - left) / width) * (this.#view.to - this.#view.from);
    return Math.min(Math.max(time, this.day.from), this.day.to - 1);
  }

  /** Draw with the next picture of the screen, once however often it is asked for. */
  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#data) return;
      const shown = { day: this.day, view: this.#view, data: this.#data, detail: this.#detail, range: this.#range };
      drawStrip(this.#canvas, shown);
      drawOverview(this.#overview, shown);
      this.#place();
    });
  }

  /** Put cursor and handles where they belong. */
  #place() {
    const { from, to } = this.#view;
    const put = (element, time) => {
      const share = time === null ? -1 : (time - from) / (to - from);
      element.hidden = share < 0 || share > 1;
      element.style.left = `${100 * share}%`;
    };
    put(this.querySelector("[data-part=cursor]"), this.#cursor);
    for (const handle of this.#handles()) {
      const time = this.#range ? this.#range[handle.dataset.handle] : null;
      put(handle, time);
      if (time === null) continue;
      handle.ariaValueMax = String(Math.round((this.day.to - this.day.from) / 1000));
      handle.ariaValueNow = String(Math.round((time - this.day.from) / 1000));
      handle.ariaValueText = tickLabel(time, 1);
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // Mouse and touch

  #onWheel = (event) => {
    event.preventDefault();
    const { from, to } = this.#view;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) && event.deltaX;
    if (sideways) {
      const by = (sideways / this.#canvas.clientWidth) * (to - from);
      this.view = { from: from + by, to: to + by };
    } else {
      this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.005), this.#timeAt(event.clientX));
    }
  };

  #onDown = (event) => {
    if (event.button > 0) return;
    const on = event.target;
    const handle = on.closest("[data-handle]");
    this.#pointers.set(event.pointerId, event.clientX);
    if (on === this.#overview) this.#drag = { what: "overview", x: event.clientX, moved: true };
    else if (handle) this.#drag = { what: handle.dataset.handle, x: event.clientX, moved: false };
    else if (on.closest("[data-part=cursor]") || !this.zoomed) this.#drag = { what: "scrub", x: event.clientX, moved: false };
    else this.#drag = { what: "pan", x: event.clientX, moved: false };
    this.#drag.view = this.#view;
    (handle ?? on).setPointerCapture?.(event.pointerId);
    if (this.#pointers.size === 2) {
      const [one, other] = this.#pointers.values();
      this.#drag = { what: "pinch", view: this.#view, apart: Math.abs(one - other), middle: this.#timeAt((one + other) / 2), moved: true };
    }
    if (this.#drag.what === "overview") this.#moveOverview(event);
    if (handle) handle.focus({ preventScroll: true });
    else if (on === this.#canvas) this.focus({ preventScroll: true });
  };

  #onMove = (event) => {
    if (!this.#pointers.has(event.pointerId)) {
      if (event.target !== this.#overview) this.#hover(event);
      return;
    }
    this.#pointers.set(event.pointerId, event.clientX);
    const drag = this.#drag;
    if (!drag) return;
    drag.moved ||= Math.abs(event.clientX - drag.x) > CLICK;
    if (!drag.moved) return;
    const { from, to } = drag.view;
    if (drag.what === "pinch") {
      const [one, other] = this.#pointers.values();
      const zoomed = zoomView(drag.view, drag.apart / Math.max(8, Math.abs(one - other)), drag.middle, this.day);
      const slip = drag.middle - timeIn(zoomed, this.#canvas, (one + other) / 2);
      this.view = { from: zoomed.from + slip, to: zoomed.to + slip };
    } else if (drag.what === "pan") {
      const by = ((drag.x - event.clientX) / this.#canvas.clientWidth) * (to - from);
      this.view = { from: from + by, to: to + by };
    } else if (drag.what === "overview") {
      this.#moveOverview(event);
    } else if (drag.what === "scrub") {
      this.#scrub(event, false);
    } else {
      this.#moveHandle(drag.what, this.#timeAt(event.clientX));
    }
    if (event.pointerType === "mouse" && drag.what !== "overview") this.#hover(event);
  };

  #onUp = (event) => {
    if (!this.#pointers.delete(event.pointerId)) return;
    const drag = this.#drag;
    if (this.#pointers.size) return; // of a pinch: the other finger is lifted next
    this.#drag = null;
    if (!drag || event.type === "pointercancel") return;
    const chooses = drag.what === "scrub" || (drag.what === "pan" && !drag.moved);
    if (chooses) this.#scrub(event, true);
  };

  #scrub(event, done) {
    const time = this.#timeAt(event.clientX);
    this.setCursor(time);
    this.#tell("seek", { time, done });
  }

  #hover(event) {
    const time = this.#timeAt(event.clientX);
    const reach = ((this.#view.to - this.#view.from) / this.#canvas.clientWidth) * 3;
    this.#tell("hover", { time, reach, x: event.clientX - this.getBoundingClientRect().left });
  }

  #moveOverview(event) {
    const { left, width } = this.#overview.getBoundingClientRect();
    const time = this.day.from + ((event.clientX - left) / width) * (this.day.to - this.day.from);
    const half = (this.#view.to - this.#view.from) / 2;
    this.view = { from: time - half, to: time + half };
  }

  #moveHandle(which, time) {
    const { from, to } = this.#range;
    this.range = which === "from" ? { from: Math.min(time, to - 1_000), to } : { from, to: Math.max(time, from + 1_000) };
    this.#tell("range", this.#range);
  }

  #onHandleKey = (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const which = event.currentTarget.dataset.handle;
    this.#moveHandle(which, this.#range[which] + way * (event.shiftKey ? 10 : 1) * 1_000);
  };

  /** How far a key moves the cursor, ms. */
  get step() {
    return keyStep(this.#view);
  }
}

function timeIn({ from, to }, canvas, x) {
  const { left, width } = canvas.getBoundingClientRect();
  return from + ((x - left) / width) * (to - from);
}

customElements.define("time-strip", TimeStrip);
