"""Spans of time in addresses and bodies: ISO 8601 with a zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import abort, request

from mediamtx.names import from_iso
from mediamtx.segments import Span

EARLIEST = from_iso("1970-01-02T00:00:00Z")
LATEST = from_iso("9998-01-01T00:00:00Z")


def time_or_400(value: object, what: str) -> datetime:
    """The time in UTC that somebody gave as `what`."""
    try:
        time = from_iso(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        time = None
    if time is None or not EARLIEST <= time <= LATEST:
        abort(400, f'Say {what} as ISO 8601 with a zone, as "2026-11-20T18:03:04Z".')
    return time


def make_span(start: object, end: object, longest: timedelta, names: tuple[str, str] = ("from", "to")) -> Span:
    """The span between two times as given; 400 where it is none, or too long."""
    span = Span(time_or_400(start, names[0]), time_or_400(end, names[1]))
    if span.end <= span.start:
        abort(400, f"{names[1]} must be later than {names[0]}.")
    if span.end - span.start > longest:
        abort(400, f"At most {longest_text(longest)} at a time.")
    return span


def span_or_400(longest: timedelta) -> Span:
    """The span that the address asks for with `?from=&to=`."""
    return make_span(request.args.get("from"), request.args.get("to"), longest)


def longest_text(longest: timedelta) -> str:
    """`1 hour`, `26 hours`, `30 minutes`."""
    minutes = round(longest.total_seconds() / 60)
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"{number} {unit}{'s' * (number != 1)}"
