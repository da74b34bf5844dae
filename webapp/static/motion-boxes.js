// Boxes around what moves, over a clip while it plays: what the motion job wrote down, some five pictures a second.

import { getJson } from "./http.js";
import { toast } from "./toast.js";

const SVG = "http://www.w3.org/2000/svg";
const STAYS = 400; // ms that the boxes of a picture stay where no others follow

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
      toast(error.message, { kind: "error" });
    }
    this.draw();
  }

  /** Draw what belongs to the picture that is shown. */
  draw() {
    const { videoWidth: width, videoHeight: height, currentTime } = this.#video;
    const now = currentTime * 1000 + 1;
    const mark = this.#marks.findLast(([time]) => time <= now && now < time + STAYS) ?? null;
    if (mark === this.#drawn || (mark && !width)) return;
    this.#drawn = mark;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const boxes = (mark ?? []).slice(1).map((box) => {
      const rect = document.createElementNS(SVG, "rect");
      const [x, y, w, h] = box.map((part) => part / 1000);
      for (const [name, value] of Object.entries({ x: x * width, y: y * height, width: w * width, height: h * height })) {
        rect.setAttribute(name, value.toFixed(1));
      }
      return rect;
    });
    this.#svg.replaceChildren(...boxes);
  }
}
