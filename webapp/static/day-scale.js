// The scale of a day: which moments get a label, and how a view of it is moved and zoomed. Times are ms since 1970.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * SECOND).concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [1, 2, 3, 4, 6].map((n) => n * HOUR));

export const NEAREST = 20 * SECOND; // no less is shown at a time

/** The moments to label in a view that is `width` px wide, one each `apart` px or more: {step, times}. */
export function ticks({ from, to }, width, apart) {
  const step = STEPS.find((candidate) => (candidate / (to - from)) * width >= apart) ?? STEPS.at(-1);
  const times = [];
  for (let time = floorLocal(from, step); time <= to; time = next(time, step)) if (time >= from) times.push(time);
  return { step, times };
}

/** The last round time of the viewer's clock at or before `time`. */
function floorLocal(time, step) {
  const midnight = new Date(time).setHours(0, 0, 0, 0);
  return step >= HOUR ? midnight : midnight + Math.floor((time - midnight) / step) * step;
}

/** Hours follow the viewer's clock over the nights on which it is changed; one that is left out gets no tick. */
function next(time, step) {
  if (step < HOUR) return time + step;
  const hours = step / HOUR;
  let hour = (Math.floor(new Date(time).getHours() / hours) + 1) * hours;
  let following = new Date(time).setHours(hour, 0, 0, 0);
  while (new Date(following).getHours() % hours || following <= time) {
    hour += hours;
    following = new Date(time).setHours(hour, 0, 0, 0);
  }
  return following;
}

/** What is written at a tick: "14:00", "14:00:30". */
export function tickLabel(time, step) {
  return new Date(time).toTimeString().slice(0, step < MINUTE ? 8 : 5);
}

/** A view inside the day, as long as wished where the day is. */
export function clampView({ from, to }, day) {
  const length = Math.min(Math.max(to - from, Math.min(NEAREST, day.to - day.from)), day.to - day.from);
  const start = Math.min(Math.max(from, day.from), day.to - length);
  return { from: start, to: start + length };
}

/** The view `factor` times as long (below 1: zoomed in), with `centre` where it was. */
export function zoomView({ from, to }, factor, centre, day) {
  const length = Math.min(Math.max((to - from) * factor, NEAREST), day.to - day.from);
  const share = (centre - from) / (to - from);
  return clampView({ from: centre - share * length, to: centre + (1 - share) * length }, day);
}

/** A step of the keyboard: about a hundredth of the view, a round number of seconds. */
export function keyStep({ from, to }) {
  const wanted = (to - from) / 150;
  return STEPS.find((step) => step >= wanted) ?? HOUR;
}
