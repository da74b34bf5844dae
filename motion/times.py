"""Times as people type them: in local time, or with an offset, or so long ago."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from config.errors import ConfigError
from mediamtx.segments import Span

FORMS = (
    "2026-11-20, 2026-11-20 18:03, 2026-11-20T18:03:04, with an offset (+01:00 or Z), 18:03, today, yesterday 18:03, "
    "now, or so long ago: 90m, 2h, 3d"
)
_AGO = re.compile(r"-?(\d+(?:\.\d+)?) ?([smhd])(?: ago)?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CLOCK = re.compile(r"\d\d?:\d\d(?::\d\d(?:\.\d+)?)?")


def parse_time(text: str, zone: tzinfo, now: datetime, end: bool = False) -> datetime:
    """The moment (UTC) that a text means; a day alone is its beginning, or, where an `end` is asked for, its end.

    Without an offset it is local time, `zone`; a time alone is today's. Raises ConfigError that tells the forms.
    """
    try:
        return _parsed(" ".join(text.split()).lower(), zone, now, end).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f'"{text}" is no time; write one like {FORMS}') from error


def parse_span(since: str, until: str | None, zone: tzinfo, now: datetime) -> Span:
    """From one moment to another, at most to now. Raises ConfigError."""
    start = parse_time(since, zone, now)
    end = now if until is None else min(now, parse_time(until, zone, now, end=True))
    if end <= start:
        raise ConfigError(f'--since "{since}" must be earlier than --until "{until or "now"}", and than now')
    return Span(start, end)


def duration(seconds: float) -> str:
    """So long, in a unit that a person has a feeling for: `40 s`, `12 min`, `3.5 h`, `12 days`."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.0f} days"


def _parsed(text: str, zone: tzinfo, now: datetime, end: bool) -> datetime:
    if text == "now":
        return now
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
    today = now.astimezone(zone).date()
    word, _, clock = text.partition(" ")
    days = {"today": today, "yesterday": today - timedelta(days=1)}
    if word in days:
        day, rest = days[word], clock
    elif _CLOCK.fullmatch(text):
        day, rest = today, text
    elif re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        day, rest = date.fromisoformat(text), ""
    else:
        moment = datetime.fromisoformat(text.upper().replace(" +", "+").replace(" Z", "Z"))
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if rest:
        return datetime.combine(day, time.fromisoformat(rest.rjust(len(rest) + (rest.find(":") == 1), "0")), zone)
    return datetime.combine(day + timedelta(days=1) if end else day, time(), zone)
