// A calendar of the days that have clips or footage, month by month, newest first.

import { getJson } from "./http.js";
import { toast } from "./toast.js";

const WEEKDAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/** Fill `container` with the days at `address` whenever `menu` opens; `shown()` tells what fillCalendar is to mark. */
export function fillDayMenu(menu, container, address, shown) {
  menu.addEventListener("toggle", async () => {
    if (!menu.open) return;
    try {
      const { days } = await getJson(address);
      fillCalendar(container, days, shown());
    } catch (error) {
      toast(error.message, { kind: "error" });
    }
    container.ariaBusy = "false";
    container.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  });
}

/**
 * Fill `container`. `days` are {day: "2026-11-20", count}, newest first; `day` is the one shown, `address(day)` its page.
 */
function fillCalendar(container, days, { day, today, address }) {
  const months = new Map();
  for (const entry of days) {
    const month = entry.day.slice(0, 7);
    if (!months.has(month)) months.set(month, new Map());
    months.get(month).set(entry.day, entry.count);
  }
  const sections = [...months].map(([month, counts]) => monthSection(month, counts, { day, today, address }));
  container.replaceChildren(...sections);
}

function monthSection(month, counts, { day, today, address }) {
  const first = new Date(`${month}-01T00:00:00Z`);
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const blanks = (first.getUTCDay() + 6) % 7; // days before the first in a week that begins on Monday
  const title = document.createElement("h3");
  title.textContent = first.toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
  const grid = document.createElement("div");
  grid.className = "month";
  for (const name of WEEKDAYS) grid.append(cell("span", name, "weekday"));
  for (let blank = 0; blank < blanks; blank++) grid.append(cell("span", "", "blank"));
  for (let number = 1; number <= lastDay; number++) {
    const date = `${month}-${String(number).padStart(2, "0")}`;
    const count = counts.get(date);
    const known = count !== undefined; // a day of the timeline may have footage and no clip
    const element = cell(known ? "a" : "span", String(number), "day");
    if (date === today) element.classList.add("today");
    if (known) {
      element.href = address(date);
      element.dataset.day = date;
      element.title = element.ariaLabel = `${longDate(date)}, ${count === 1 ? "1 clip" : `${count} clips`}`;
      if (count) element.append(cell("small", String(count)));
      if (date === day) element.setAttribute("aria-current", "date");
    }
    grid.append(element);
  }
  const section = document.createElement("section");
  section.append(title, grid);
  return section;
}

function longDate(date) {
  const options = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" };
  return new Date(`${date}T00:00:00Z`).toLocaleDateString("en-GB", options);
}

function cell(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}
