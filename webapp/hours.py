"""A day's clips under the hours of the viewer's clock. The day itself is the camera's: it begins at its midnight."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mediamtx.names import from_iso
from webapp.views import ClipJson

COOKIE = "zone"
"""What early.js tells the browser's zone in, so that the first thing drawn is right."""

_ZONE = re.compile(r"[A-Za-z][\w+-]*(/[A-Za-z][\w+-]*){0,2}", re.ASCII)


@dataclass(slots=True)
class Hour:
    """An hour of the viewer's clock with its clips, each with the time that is shown for it."""

    key: str  # "2026-11-20T13+01:00": the hour that the clocks go back comes twice
    label: str
    clips: list[tuple[ClipJson, str]] = field(default_factory=list)


def zone_of(cookie: str, otherwise: tzinfo) -> tzinfo:
    """The zone that a browser told, or the one that it did not tell."""
    try:
        return ZoneInfo(cookie) if _ZONE.fullmatch(cookie) else otherwise
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


def hours_of(clips: Iterable[ClipJson], zone: tzinfo, day: date) -> list[Hour]:
    """The hours of these clips in their order; clip-list.js does the same for those that the page adds."""
    hours: list[Hour] = []
    for clip in clips:
        time = from_iso(clip["start"]).astimezone(zone)
        key = f"{time:%Y-%m-%dT%H}{_offset(time)}"
        if not hours or hours[-1].key != key:
            twice = bool(hours) and hours[-1].key[:13] == key[:13]
            hours.append(Hour(key, _label(time, day) + (f" (UTC{_offset(time)})" if twice else "")))
        hours[-1].clips.append((clip, f"{time:%H:%M:%S}"))
    return hours


def day_name(day: date, today: date) -> str:
    """ "Today", "Yesterday", "Fri 20 Nov" or "Thu 20 Nov 2025"; format.js says the same."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%a} {day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")


def _label(time: datetime, day: date) -> str:
    """The hour, and the date where it is another one than the day that the page shows."""
    return f"{time:%H}:00" + ("" if time.date() == day else f" · {time:%a} {time.day} {time:%b}")


def _offset(time: datetime) -> str:
    minutes = (time.utcoffset() or timedelta()) // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
