// <area-editor data-still="...">: areas drawn on a picture, as lists of corners from [0, 0] top left to [1, 1] bottom right.
// Drag on the picture to draw one; drag it, its corners, or the dots between them. With the keyboard: Add, then Tab
// to the area or a corner, arrow keys move it, Delete takes it away, Enter on a dot makes a corner of it.

import { icon } from "./toast.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.01;
const SMALLEST = 0.02; // of the picture's width or height: less than that was a click

class AreaEditor extends HTMLElement {
  #areas = [];
  #drag = null;

  connectedCallback() {
    if (this.svg) return;
    const frame = element("div", "area-frame");
    this.image = new Image();
    this.image.alt = "";
    this.image.onload = () => frame.style.setProperty("--ratio", `${this.image.naturalWidth} / ${this.image.naturalHeight}`);
    this.image.onerror = () => this.image.remove();
    this.image.src = this.dataset.still;
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("viewBox", "0 0 1000 1000");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.dots = element("div", "area-dots");
    this.list = element("ul", "area-list");
    const add = element("button", "button");
    add.type = "button";
    add.append(icon("plus"), "Add an area");
    add.onclick = () => this.#add([[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]]);
    frame.append(this.image, this.svg, this.dots);
    this.append(frame, this.list, add);
    this.frame = frame;
    frame.addEventListener("pointerdown", (event) => this.#press(event));
    frame.addEventListener("pointermove", (event) => this.#move(event));
    frame.addEventListener("pointerup", () => this.#release());
    frame.addEventListener("pointercancel", () => this.#cancel());
    frame.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  get value() {
    return this.#areas.map((area) => area.map(([x, y]) => [rounded(x), rounded(y)]));
  }

  set value(areas) {
    this.#areas = areas.map((area) => area.map(([x, y]) => [x, y]));
    this.#draw();
  }

  focus() {
    this.querySelector("button")?.focus();
  }

  #add(corners) {
    this.#areas.push(corners);
    this.#changed();
    this.svg.querySelector(`[data-area="${this.#areas.length - 1}"]`)?.focus();
  }

  #changed() {
    this.#draw();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #press(event) {
    if (event.button) return;
    const at = this.#place(event);
    const { area, corner, between } = event.target.dataset;
    const before = structuredClone(this.#areas);
    event.preventDefault();
    this.frame.setPointerCapture(event.pointerId);
    if (between !== undefined) {
      this.#areas[area].splice(Number(between) + 1, 0, at);
      this.#drag = { area: Number(area), corner: Number(between) + 1, at };
    } else if (corner !== undefined) this.#drag = { area: Number(area), corner: Number(corner), at };
    else if (area !== undefined) this.#drag = { area: Number(area), at };
    else this.#drag = { from: at, at };
    this.#drag.before = before;
    event.target.focus?.();
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const at = this.#place(event);
    if (drag.from) {
      if (Math.abs(at[0] - drag.from[0]) < SMALLEST || Math.abs(at[1] - drag.from[1]) < SMALLEST) return;
      if (drag.area === undefined) drag.area = this.#areas.push([]) - 1;
      this.#areas[drag.area] = rectangle(drag.from, at);
    } else if (drag.corner !== undefined) this.#areas[drag.area][drag.corner] = at;
    else this.#shift(drag.area, at[0] - drag.at[0], at[1] - drag.at[1]);
    drag.at = at;
    drag.moved = true;
    this.#draw();
  }

  #release() {
    const drag = this.#drag;
    this.#drag = null;
    if (drag && (drag.moved || (drag.corner !== undefined && !drag.from))) this.#changed();
  }

  /** The finger was scrolling: what it seemed to draw or move is as it was. */
  #cancel() {
    if (this.#drag) this.#areas = this.#drag.before;
    this.#drag = null;
    this.#draw();
  }

  #key(event) {
    const { area, corner, between } = event.target.dataset;
    if (area === undefined) return;
    const step = event.shiftKey ? 5 * STEP : STEP;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (way) this.#push(Number(area), corner, way);
    else if (event.key === "Delete" || event.key === "Backspace") this.#remove(Number(area), corner);
    else if (between !== undefined && (event.key === "Enter" || event.key === " ")) this.#split(Number(area), Number(between));
    else return;
    event.preventDefault();
    const { name } = event.target.dataset;
    this.#changed();
    (this.querySelector(`[data-name="${name}"]`) ?? this).focus(); // it may have been the last one
  }

  #push(area, corner, [x, y]) {
    if (corner === undefined) this.#shift(area, x, y);
    else this.#areas[area][corner] = [clamp(this.#areas[area][corner][0] + x), clamp(this.#areas[area][corner][1] + y)];
  }

  #split(area, between) {
    const corners = this.#areas[area];
    corners.splice(between + 1, 0, middle(corners[between], corners[(between + 1) % corners.length]));
  }

  #remove(area, corner) {
    if (corner !== undefined && this.#areas[area].length > 3) this.#areas[area].splice(Number(corner), 1);
    else this.#areas.splice(area, 1);
  }

  /** Move a whole area, as far as it stays within the picture. */
  #shift(area, x, y) {
    const corners = this.#areas[area];
    const [left, right] = ends(corners.map((corner) => corner[0]));
    const [top, bottom] = ends(corners.map((corner) => corner[1]));
    const [dx, dy] = [Math.min(1 - right, Math.max(-left, x)), Math.min(1 - bottom, Math.max(-top, y))];
    this.#areas[area] = corners.map(([a, b]) => [a + dx, b + dy]);
  }

  #place(event) {
    const box = this.frame.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  #draw() {
    if (!this.svg) return;
    const focused = document.activeElement?.dataset.name;
    this.svg.replaceChildren(...this.#areas.map((area, number) => this.#polygon(area, number)));
    this.dots.replaceChildren(...this.#areas.flatMap((area, number) => this.#handles(area, number)));
    this.list.replaceChildren(...this.#areas.map((area, number) => this.#row(area, number)));
    if (focused && this.contains(document.activeElement) === false) this.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  #polygon(area, number) {
    const polygon = document.createElementNS(SVG, "polygon");
    polygon.setAttribute("points", area.map(([x, y]) => `${x * 1000},${y * 1000}`).join(" "));
    polygon.setAttribute("tabindex", "0");
    polygon.setAttribute("role", "button");
    polygon.setAttribute("aria-label", `Area ${number + 1}, ${share(area)} of the picture; arrow keys move it, Delete takes it away`);
    Object.assign(polygon.dataset, { area: number, name: `area-${number}` });
    return polygon;
  }

  #handles(area, number) {
    return area.flatMap((corner, index) => {
      const next = area[(index + 1) % area.length];
      const label = `Corner ${index + 1} of area ${number + 1}; arrow keys move it, Delete takes it away`;
      return [
        handle(corner, "area-corner", label, { area: number, corner: index, name: `corner-${number}-${index}` }),
        handle(middle(corner, next), "area-between", `Between corners ${index + 1} and ${((index + 1) % area.length) + 1} of area ${number + 1}; Enter makes a corner of it`, { area: number, between: index, name: `between-${number}-${index}` }),
      ];
    });
  }

  #row(area, number) {
    const row = element("li", "area-row");
    const remove = element("button", "button small");
    remove.type = "button";
    remove.append(icon("trash"), "Delete");
    remove.ariaLabel = `Delete area ${number + 1}`;
    remove.onclick = () => {
      this.#areas.splice(number, 1);
      this.#changed();
      this.focus();
    };
    const text = element("span");
    text.textContent = `Area ${number + 1}: ${share(area)} of the picture`;
    row.append(text, remove);
    return row;
  }
}

function element(name, kind = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  return made;
}

function handle([x, y], kind, label, data) {
  const dot = element("button", kind);
  dot.type = "button";
  dot.ariaLabel = label;
  dot.style.left = `${x * 100}%`;
  dot.style.top = `${y * 100}%`;
  Object.assign(dot.dataset, data);
  return dot;
}

function rectangle([a, b], [c, d]) {
  const [left, right] = ends([a, c]);
  const [top, bottom] = ends([b, d]);
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

/** How much of the picture an area is, by the shoelace formula. */
function share(area) {
  const sum = area.reduce((total, [x, y], index) => {
    const [a, b] = area[(index + 1) % area.length];
    return total + x * b - a * y;
  }, 0);
  return `${Math.max(1, Math.round(Math.abs(sum) * 50))} %`;
}

function middle([a, b], [c, d]) {
  return [(a + c) / 2, (b + d) / 2];
}

function ends(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)];
}

function clamp(number) {
  return Math.min(1, Math.max(0, number));
}

function rounded(number) {
  return Math.round(number * 1000) / 1000;
}

customElements.define("area-editor", AreaEditor);
