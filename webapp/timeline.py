"""The timeline: a day of one camera as a strip, with what was recorded, how much moved and the clips of it.

    GET /api/v1/cameras/<camera>/activity?from=&to=&bucket=     or ?day=
    GET /api/v1/cameras/<camera>/recorded-days                  days with footage or clips

All times in an activity answer are seconds since its "from": "footage" and "gaps" are [begin, end], "events" are
[clip, begin, seconds]. "scores" has the highest motion score (0 to 100) of each "bucket" seconds, null where nobody has
looked; what is missing at its end is null as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from mediamtx.catalogue import clips_of_day, days, newest_day
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import Stream, iso
from mediamtx.recorded import day_span, gaps_between, recorded, recorded_days
from mediamtx.segments import Span
from motion.activity import HIGHEST, summary, values_of
from webapp.exports import LONGEST as LONGEST_EXPORT
from webapp.hls_library import is_kept
from webapp.hours import day_name
from webapp.spans import longest_text, span_or_400, time_or_400
from webapp.state import app_state, camera_or_404, clip_name, day_or_404
from webapp.views import camera_view, unless_known

LONGEST = timedelta(hours=26)
MOST_BUCKETS = 10_000
USUAL_BUCKETS = 1440
LIVE = timedelta(seconds=20)
"""Footage that ended no longer ago is still coming in: what lies between is no gap."""

blueprint = Blueprint("timeline", __name__)


@blueprint.get("/timeline/<name>")
@blueprint.get("/timeline/<name>/<day>")
def day(name: str, day: str | None = None) -> ResponseReturnValue:
    """One day: the one named, else that of the moment `?at=` or of `?clip=`, else the newest."""
    camera_or_404(name)
    state = app_state()
    wanted = clip_name(request.args.get("clip", ""))
    at = time_or_400(request.args["at"], "at") if request.args.get("at") else wanted.start if wanted else None
    known = state.threads.disk(_known_days, state.layout, name)
    chosen = day_or_404(day) if day else state.layout.day_of(at) if at else known[0] if known else None
    today = state.layout.day_of(datetime.now(UTC))
    span = day_span(chosen, state.layout.zone) if chosen else None
    return render_template(
        "timeline.html",
        camera=camera_view(name),
        day=chosen.isoformat() if chosen else None,
        day_name=day_name(chosen, today) if chosen else "",
        start=iso(span.start) if span else None,
        end=iso(span.end) if span else None,
        at=iso(at) if at else None,
        earlier=max((other for other in known if chosen and other < chosen), default=None),
        later=min((other for other in known if chosen and other > chosen), default=None),
        is_today=chosen == today,
        zone_name=state.layout.zone_name,
        has_hls_js=state.board.snapshot().has_hls_js or state.threads.disk(is_kept, state.layout),
        longest_export=LONGEST_EXPORT.total_seconds(),
        longest_export_text=longest_text(LONGEST_EXPORT),
    )


@blueprint.get("/api/v1/cameras/<name>/recorded-days")
def recorded_days_json(name: str) -> ResponseReturnValue:
    """The days with footage or clips, newest first, with the number of clips."""
    camera_or_404(name)
    state = app_state()
    counts = {count.day: count.clips for count in state.threads.disk(days, state.layout, name)}
    filmed = set(state.threads.disk(recorded_days, state.layout, Stream(name)))
    listed = [
        {"day": day.isoformat(), "count": counts.get(day, 0), "footage": day in filmed}
        for day in sorted(filmed | counts.keys(), reverse=True)
    ]
    return unless_known(jsonify({"days": listed}))


@blueprint.get("/api/v1/cameras/<name>/activity")
def activity(name: str) -> ResponseReturnValue:
    """What was recorded and moved in a span."""
    camera_or_404(name)
    state = app_state()
    asked = request.args.get("day")
    span = day_span(day_or_404(asked), state.layout.zone) if asked else span_or_400(LONGEST)
    bucket = _bucket(request.args.get("bucket", ""), span)
    answer = state.threads.disk(look, state.layout, name, span, bucket, datetime.now(UTC))
    return unless_known(jsonify(answer))


def _bucket(text: str, span: Span) -> int:
    if not text:
        return max(1, -(-int(span.duration) // USUAL_BUCKETS))
    least = max(1, -(-int(span.duration) // MOST_BUCKETS))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) >= least):
        abort(400, f"The bucket is a whole number of seconds, from {least} on for a span like this.")
    return int(text)


def look(layout: Layout, camera: str, span: Span, bucket: int, now: datetime) -> dict[str, Any]:
    """The answer, as the module says. StateError, StorageError where a folder cannot be read."""
    footage = recorded(layout, Stream(camera), span)
    return {
        "from": iso(span.start),
        "to": iso(span.end),
        "bucket": bucket,
        "scores": scores(values_of(layout, camera, span), bucket),
        "footage": _seconds(footage, span),
        "gaps": _seconds(known_gaps(footage, span, now), span),
        "events": [
            [clip.name.stem, round((clip.start - span.start).total_seconds(), 1), round(clip.duration, 1)]
            for clip in _clips_in(layout, camera, span)
        ],
    }


def scores(values: bytes, bucket: int) -> list[int | None]:
    """The highest score of each bucket; None where there is none, and without such at the end."""
    found: list[int | None] = [value if value <= HIGHEST else None for value in summary(values, bucket)]
    while found and found[-1] is None:
        found.pop()
    return found


def known_gaps(footage: Sequence[Span], span: Span, now: datetime) -> list[Span]:
    """Where nothing was recorded, up to now; in whole minutes there, so that the answer does not change each time."""
    until = min(span.end, now.replace(second=0, microsecond=0))
    if footage and now - footage[-1].end < LIVE:
        until = min(until, footage[-1].end)
    return gaps_between(footage, Span(span.start, until)) if until > span.start else []


def _clips_in(layout: Layout, camera: str, span: Span) -> list[Clip]:
    """The clips that show something of a span, oldest first."""
    first, last = layout.day_of(span.start) - timedelta(days=1), layout.day_of(span.end)
    dates = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    clips = [clip for date in dates for clip in clips_of_day(layout, camera, date) if clip.span.overlaps(span)]
    return sorted(clips, key=lambda clip: clip.name)


def _seconds(spans: Sequence[Span], within: Span) -> list[list[float]]:
    start = within.start
    return [[round((time - start).total_seconds(), 1) for time in (span.start, span.end)] for span in spans]


def _known_days(layout: Layout, camera: str) -> list[date]:
    """The days with footage, and the newest one with clips, newest first."""
    newest = newest_day(layout, camera)
    return sorted({*recorded_days(layout, Stream(camera)), *([newest] if newest else [])}, reverse=True)
