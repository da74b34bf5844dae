// What stands around a day's list: its name, how many clips, the ways to its neighbours, and whose clock is shown; and
// what is said of the clip in the player.

import { kindName } from "./clips.js";
import { dayName, length, localTime, shortDayName, size, todayIn, whoseClock } from "./format.js";

const part = (name) => document.querySelector(`[data-part=${name}]`);

/**
 * `day` is what the server told, `there` how many clips it has, `shown` how many of them the filter lets through;
 * `zone` is the camera's, `address(day)` a day's page.
 */
export function showDay({ day, there, shown, filtered, zone, address }) {
  part("day-name").textContent = shortDayName(day.day, todayIn(zone));
  part("count").textContent = `${filtered ? `${shown} of ` : ""}${there === 1 ? "1 clip" : `${there} clips`}`;
  part("no-clips").hidden = shown > 0;
  part("no-clips-title").textContent = there ? "No clip like that on this day" : "No clips on this day";
  part("no-clips-text").textContent = there
    ? `There ${there === 1 ? "is 1 other" : `are ${there} others`}.`
    : "Nothing moved, or what was there was deleted.";
  document.querySelector("[data-do=unfilter]").hidden = !there;
  part("newest").hidden = there > 0 || !day.later;
  showNeighbour("older", day.earlier, address);
  showNeighbour("newer", day.later, address);
  showZones(day, zone);
}

function showNeighbour(name, day, address) {
  const link = part(name);
  link.ariaDisabled = String(!day);
  if (day) {
    link.href = address(day);
    link.dataset.day = day;
    link.removeAttribute("role");
  } else {
    link.removeAttribute("href");
    link.setAttribute("role", "link");
    delete link.dataset.day;
  }
}

/** Say whose clock is shown, where the camera's is another one at any time of the day. */
function showZones({ day, clips }, zone) {
  const times = clips.length ? [clips[0].start, clips.at(-1).start] : [`${day}T12:00:00Z`];
  const text = whoseClock(times, zone);
  part("zones").hidden = !text;
  part("zones").textContent = text;
}

/** Say what the player shows; null: nothing. */
export function showClip(clip) {
  part("about").toggleAttribute("data-empty", !clip);
  if (!clip) return;
  const { time, day } = localTime(clip.start);
  part("about-time").textContent = time;
  part("about-day").textContent = dayName(day, localTime(new Date()).day);
  part("about-kind").dataset.kind = clip.kind;
  part("about-kind").textContent = kindName(clip.kind);
  part("about-facts").textContent = length(clip.duration);
  const score = clip.score === null ? "" : ` · score ${Math.round(clip.score)}`;
  part("about-score").textContent = ` · ${size(clip.size)}${score}`;
  part("download").href = clip.download_url;
  part("in-timeline").href = `${part("in-timeline").dataset.timeline}?clip=${clip.stem}`;
  const keep = document.querySelector("[data-do=keep]");
  if (keep) keep.ariaPressed = String(clip.kept);
}
