// Numbers and times as people read them.

/** 75.2 s as "1:15". */
export function length(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Bytes as "4.2 MB". */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value.toFixed(value < 10 && power ? 1 : 0)} ${units[power]}`;
}

/** The viewer's zone, as "Europe/Berlin"; undefined where the browser does not tell. */
export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

/** An ISO time on the viewer's clock: {day: "2026-11-20", time: "13:25:00"}. */
export function localTime(iso) {
  const [day, time] = local.format(new Date(iso)).split(" ");
  return { day, time };
}

/** How far a zone is ahead of UTC at an ISO time, in minutes; the viewer's without one. NaN where it is unknown. */
export function zoneOffset(iso, zone) {
  const time = new Date(iso);
  if (!zone) return -time.getTimezoneOffset();
  try {
    const shown = time.toLocaleString("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    return Math.round((new Date(`${shown.replace(" ", "T")}Z`) - time) / 60_000);
  } catch {
    return NaN;
  }
}

/** "Europe/Berlin" as "Berlin". */
export function zoneName(zone) {
  return zone.split("/").at(-1).replaceAll("_", " ");
}

/** Says whose clock is shown, where the camera's is another one at any of these ISO times; "" where they agree. */
export function whoseClock(times, zone) {
  const apart = times.map((time) => zoneOffset(time, zone) - zoneOffset(time)); // NaN where the browser lacks the zone
  if (!viewerZone || !apart.some((minutes) => minutes)) return "";
  return `Times are yours (${zoneName(viewerZone)}); the day is the camera's (${zoneName(zone)}).`;
}

/** A day "2026-11-20" as "Today", "Yesterday", "Friday, 20 November" or, in another year, with the year. */
export function dayName(day, today) {
  const date = new Date(`${day}T00:00:00Z`);
  const days = Math.round((new Date(`${today}T00:00:00Z`) - date) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = day.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric";
  return date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year, timeZone: "UTC" });
}

/** The same for where there is little room: "Today", "Yesterday", "Fri 20 Nov", "Thu 20 Nov 2025". */
export function shortDayName(day, today) {
  const name = dayName(day, today);
  if (!name.includes(" ")) return name;
  const year = day.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric";
  const options = { weekday: "short", day: "numeric", month: "short", year, timeZone: "UTC" };
  return new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", options).replace(",", "");
}

/** Today in the zone that the camera's days follow, as "2026-11-20"; an unknown zone is taken for the viewer's. */
export function todayIn(zone) {
  const now = new Date();
  try {
    return now.toLocaleDateString("sv-SE", { timeZone: zone });
  } catch {
    return now.toLocaleDateString("sv-SE");
  }
}

/** How long ago an ISO time was: "just now", "5 min ago", "3 h ago", "2 days ago". */
export function ago(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}

/** When an ISO time was, for "offline since …": "18:03", or "Fri 20 Nov, 18:03" where that was another day. */
export function since(iso) {
  const time = new Date(iso);
  const clock = time.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (time.toDateString() === new Date().toDateString()) return clock;
  return `${time.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" })}, ${clock}`;
}
