// Boxes around what moves, over a clip while it plays: what the motion job wrote down, some five pictures a second.
// Between two of these pictures the boxes glide, as what moves does: a quick bird is a length ahead of the last one.

import { getJson } from "./http.js";
import { toast } from "./toast.js";

const SVG = "http://www.w3.org/2000/svg";
const APART = 450; // ms between two pictures that go on with each other
const STAYS = 200; // ms that the boxes of a picture stay where no others follow
const ALIKE = 6; // times as large, at most, is the same thing in the next picture

export class MotionBoxes {
  #svg;
  #video;
  #address = null;
  #marks = []; // [ms since the clip's start, [left, top, width, height] in thousandths, ...], ...
  #drawn = null;

  constructor(svg, video) {
    this.#svg = svg;
    this.#video = video;
  }

  /** Draw the boxes of the clip whose details lie at `address`; with null those of none. */
  async load(address) {
    if (address === this.#address) return;
    this.#address = address;
    this.#marks = [];
    this.draw();
    if (!address) return;
    try {
      const { boxes } = await getJson(address);
      if (address !== this.#address) return; // another clip was chosen meanwhile
      this.#marks = boxes;
    } catch (error) {
      if (address !== this.#address) return;
      this.#address = null; // so that it can be asked for again
      toast(error.message, { kind: "error" });
    }
    this.draw();
  }

  /** Draw what belongs to the picture that is shown. */
  draw() {
    const { videoWidth: width, videoHeight: height, currentTime } = this.#video;
    const boxes = width ? boxesAt(this.#marks, currentTime * 1000 + 1) : [];
    const drawn = JSON.stringify([width, height, boxes]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    while (this.#svg.childElementCount > boxes.length) this.#svg.lastElementChild.remove();
    while (this.#svg.childElementCount < boxes.length) this.#svg.append(document.createElementNS(SVG, "rect"));
    boxes.forEach((box, index) => {
      const [x, y, w, h] = box.map((part) => part / 1000);
      for (const [name, value] of Object.entries({ x: x * width, y: y * height, width: w * width, height: h * height })) {
        this.#svg.children[index].setAttribute(name, value.toFixed(1));
      }
    });
  }
}

/** The boxes at a time (ms since the clip's start), from the marks before and after it. */
export function boxesAt(marks, now) {
  const after = marks.findIndex(([time]) => time > now);
  const [time, ...boxes] = (after < 0 ? marks.at(-1) : marks[after - 1]) ?? [-Infinity];
  const [next, ...others] = marks[after] ?? [Infinity];
  if (next - time > APART) return now < time + STAYS ? boxes : [];
  const part = (now - time) / (next - time);
  const pairs = paired(boxes, others);
  const gliding = pairs.map(([one, other]) => one.map((value, index) => value + (other[index] - value) * part));
  // What has no counterpart belongs to the picture that is nearer.
  const nearer = part < 0.5 ? boxes : others;
  const alone = nearer.filter((box) => !pairs.flat().includes(box));
  return [...gliding, ...alone];
}

/** Which boxes of two pictures are the same thing: the nearest ones first, where they are about as large. */
function paired(boxes, others) {
  const ways = boxes.flatMap((one) => others.map((other) => ({ one, other, far: distance(one, other) })));
  const pairs = [];
  for (const { one, other } of ways.filter(alike).sort((a, b) => a.far - b.far)) {
    if (!pairs.some(([before, behind]) => before === one || behind === other)) pairs.push([one, other]);
  }
  return pairs;
}

function alike({ one, other }) {
  const [small, large] = [one[2] * one[3], other[2] * other[3]].sort((a, b) => a - b);
  return large <= ALIKE * small;
}

function distance(one, other) {
  return Math.hypot(one[0] + one[2] / 2 - other[0] - other[2] / 2, one[1] + one[3] / 2 - other[1] - other[3] / 2);
}
