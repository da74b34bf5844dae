// Drawing the strip of a day: hours on top, clips below, then how much moved, on a band where there is footage.

import { tickLabel, ticks } from "./day-scale.js";

const LABELS = 22; // px for the hours
const EVENTS = 12; // px for the clips

/** Everything of the part of the day that is in view. */
export function drawStrip(canvas, { view, data, detail, range }) {
  const paint = begin(canvas);
  const { context, width, height, colour } = paint;
  const start = Date.parse(data.from);
  const x = (time) => ((time - view.from) / (view.to - view.from)) * width;
  const at = (seconds) => x(start + seconds * 1000);
  const top = LABELS + EVENTS + 6;
  context.fillStyle = hatching(paint);
  context.fillRect(0, LABELS, Math.min(width, x(data.known)), height - LABELS); // what nobody knows yet is left plain
  for (const [from, to] of data.footage) {
    context.fillStyle = colour("--surface");
    fill(context, at(from), at(to), LABELS, height, width);
    context.fillStyle = colour("--strip-footage");
    fill(context, at(from), at(to), height - 4, height, width);
  }
  if (range) {
    context.fillStyle = colour("--strip-range");
    fill(context, x(range.from), x(range.to), LABELS, height, width);
  }
  const near = detail && Date.parse(detail.from) <= view.from + 1_000 && view.to - 1_000 <= Date.parse(detail.to);
  drawScores(paint, near ? detail : data, x, top, height - 6);
  for (const [stem, from, seconds] of longFirst(data.events)) {
    context.fillStyle = colour(KINDS[stem.slice(24)] ?? "--accent");
    fill(context, at(from), at(from + seconds), LABELS + 4, LABELS + 4 + EVENTS, width, 3);
  }
  drawHours(paint, view, x);
}

/** The whole day, small, with a frame around what is in view. */
export function drawOverview(canvas, { day, view, data, range }) {
  const paint = begin(canvas);
  const { context, width, height, colour } = paint;
  const start = Date.parse(data.from);
  const x = (time) => ((time - day.from) / (day.to - day.from)) * width;
  context.fillStyle = colour("--raised");
  context.fillRect(0, 0, width, height);
  context.fillStyle = colour("--strip-footage");
  for (const [from, to] of data.footage) fill(context, x(start + from * 1000), x(start + to * 1000), 3, height - 3, width);
  for (const [stem, from, seconds] of longFirst(data.events)) {
    context.fillStyle = colour(KINDS[stem.slice(24)] ?? "--accent");
    fill(context, x(start + from * 1000), x(start + (from + seconds) * 1000), 3, height - 3, width);
  }
  if (range) {
    context.fillStyle = colour("--strip-range");
    fill(context, x(range.from), x(range.to), 0, height, width, 2);
  }
  context.fillStyle = colour("--strip-veil");
  context.fillRect(0, 0, x(view.from), height);
  context.fillRect(x(view.to), 0, width - x(view.to), height);
  context.strokeStyle = colour("--ink-soft");
  context.lineWidth = 1.5;
  context.beginPath();
  context.roundRect(x(view.from) + 0.75, 0.75, Math.max(4, x(view.to) - x(view.from) - 1.5), height - 1.5, 4);
  context.stroke();
}

const KINDS = { motion: "--accent", saved: "--blue", manual: "--violet" };

/** So that a long clip hides no short one. */
const longFirst = (events) => events.toSorted((one, other) => other[2] - one[2]);

function begin(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  return { context, width, height, colour: (name) => style.getPropertyValue(name).trim(), font: style.fontFamily };
}

/** A rectangle from one place to another, at least `least` px wide, so that nothing short is lost. */
function fill(context, from, to, top, bottom, width, least = 0.5) {
  if (to < 0 || from > width) return;
  context.fillRect(from, top, Math.max(least, to - from), bottom - top);
}

/** Bars, as wide as their seconds; several in a pixel show the highest. */
function drawScores({ context, width, colour }, { from, bucket, scores }, x, top, bottom) {
  const begin = Date.parse(from);
  const heights = new Map();
  const wide = x(begin + bucket * 1000) - x(begin);
  scores.forEach((score, index) => {
    if (!score) return;
    const place = wide < 1 ? Math.floor(x(begin + index * bucket * 1000)) : index;
    heights.set(place, Math.max(heights.get(place) ?? 0, score));
  });
  context.fillStyle = colour("--strip-score");
  for (const [place, score] of heights) {
    const left = wide < 1 ? place : x(begin + place * bucket * 1000);
    if (left + Math.max(1, wide) < 0 || left > width) continue;
    const tall = Math.max(1.5, ((bottom - top) * score) / 100);
    context.fillRect(left, bottom - tall, Math.max(1, wide - (wide > 4 ? 1 : 0)), tall);
  }
}

function drawHours({ context, width, height, colour, font }, view, x) {
  const { step, times } = ticks(view, width, width < 500 ? 62 : 84);
  context.font = `12px ${font}`;
  context.textBaseline = "middle";
  for (const time of times) {
    const place = Math.round(x(time));
    context.fillStyle = colour("--strip-line");
    context.fillRect(place, LABELS, 1, height - LABELS);
    context.fillStyle = colour("--ink-faint");
    const label = tickLabel(time, step);
    const wide = context.measureText(label).width;
    const left = Math.min(Math.max(place - wide / 2, 2), width - wide - 2);
    context.fillText(label, left, LABELS / 2);
  }
}

/** Slanting lines, for where there is no footage. */
function hatching({ context, colour }) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const lines = tile.getContext("2d");
  lines.fillStyle = colour("--raised");
  lines.fillRect(0, 0, 8, 8);
  lines.strokeStyle = colour("--strip-line");
  lines.lineWidth = 1;
  for (const shift of [-8, 0, 8]) {
    lines.beginPath();
    lines.moveTo(shift, 8);
    lines.lineTo(shift + 8, 0);
    lines.stroke();
  }
  return context.createPattern(tile, "repeat");
}
