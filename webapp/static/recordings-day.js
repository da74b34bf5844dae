// What stands around a day's list: its name, how many clips, the ways to its neighbours, and whose clock is shown.

import { dayName, todayIn, viewerZone, zoneName, zoneOffset } from "./format.js";

const part = (name) => document.querySelector(`[data-part=${name}]`);

/**
 * `day` is what the server told, `there` how many clips it has, `shown` how many of them the filter lets through;
 * `zone` is the camera's, `address(day)` a day's page.
 */
export function showDay({ day, there, shown, filtered, zone, address }) {
  part("day-name").textContent = dayName(day.day, todayIn(zone));
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
  const apart = times.map((time) => zoneOffset(time, zone) - zoneOffset(time)); // NaN where the browser lacks the zone
  const differs = viewerZone && apart.some((minutes) => minutes);
  part("zones").hidden = !differs;
  if (differs) part("zones").textContent = `Times are yours (${zoneName(viewerZone)}); the day is the camera's (${zoneName(zone)}).`;
}
