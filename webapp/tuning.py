"""What a sensitivity would give: the scores of the latest footage, and the clips of the last day by other settings.

    GET /api/v1/cameras/<camera>/tuning?sensitivity=70&pre=3...

answers {"threshold", "latest", "recent": [a score or null for each 5 s of the last 10 minutes], "day": {"date",
"today", "scanned", "now", "then", "new", "gone"}}. Judged from the kept scores; nothing is decoded nor changed.
For admins, whose settings it is about: a question costs some seconds of a small machine.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from config.errors import ConfigError
from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.segments import Span
from motion.activity import HIGHEST, summary, values_of
from motion.events import Rules
from motion.whatif import TRIED, Comparison, parse_settings, what_if
from webapp.state import app_state, camera_or_404

RECENT = timedelta(minutes=10)
BUCKET = 5  # s

blueprint = Blueprint("tuning", __name__)


@blueprint.get("/api/v1/cameras/<name>/tuning")
def shown(name: str) -> ResponseReturnValue:
    """The scores, and what the last day would have given."""
    camera_or_404(name)
    try:
        given = [f"{key}={value}" for key, value in request.args.items() if key in TRIED and len(value) < 20]
        values = parse_settings(given)
    except ConfigError as error:
        abort(400, f"{'; '.join(error.problems)}.")
    state = app_state()
    settings = dataclasses.replace(state.settings, only_camera=name)
    return jsonify(state.threads.disk(_told, settings, name, values, datetime.now(UTC)))


def _told(settings: Settings, name: str, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    layout = Layout.of(settings)
    known = values_of(layout, name, Span(now - RECENT, now))
    scores = [value for value in known if value <= HIGHEST]
    # What is still to be looked through is not yet part of the picture.
    recent = [value if value <= HIGHEST else None for value in summary(known[-int(RECENT.total_seconds()) :], BUCKET)]
    day, today = _day(settings, values, now)
    return {
        "threshold": Rules.of(dataclasses.replace(settings.cameras[name], **values)).threshold,
        "latest": scores[-1] if scores else None,
        "recent": recent,
        "day": day | {"today": today},
    }


def _day(settings: Settings, values: dict[str, Any], now: datetime) -> tuple[dict[str, Any], bool]:
    """Yesterday, by the clock of the settings; today, where nothing was looked through then."""
    zone = settings.zone
    today = now.astimezone(zone).date()
    begin, before = (
        datetime.combine(date, time(), zone).astimezone(UTC) for date in (today, today - timedelta(days=1))
    )
    (yesterday,) = what_if(settings, values, Span(before, begin))
    if yesterday.scanned:
        return _counts(yesterday) | {"date": (today - timedelta(days=1)).isoformat()}, False
    (so_far,) = what_if(settings, values, Span(begin, now))
    return _counts(so_far) | {"date": today.isoformat()}, True


def _counts(one: Comparison) -> dict[str, Any]:
    return {
        "scanned": one.scanned,
        "now": len(one.now),
        "then": len(one.then),
        "new": len(one.new),
        "gone": len(one.gone),
    }
