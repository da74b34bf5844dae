"""The pages: cameras, one camera live, its recordings; and the JSON that keeps them up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from mediamtx.catalogue import clips_of_day, days, days_beside, newest_day
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import KINDS
from webapp.hours import COOKIE, day_name, hours_of, zone_of
from webapp.state import app_state, camera_or_404, clip_name, day_or_404
from webapp.views import CameraView, camera_view, clips_json, days_json, unless_known

AT_ONCE = 60  # clips in the page itself: what is seen at once; recordings.js adds the rest of a long day
SAVE_CHOICES = ((30, "30 s"), (60, "60 s"), (300, "5 min"))  # s, and how it is said

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def dashboard() -> ResponseReturnValue:
    """All cameras."""
    return render_template("dashboard.html", cameras=_cameras())


@blueprint.get("/camera/<name>")
def camera(name: str) -> ResponseReturnValue:
    """One camera, live."""
    camera_or_404(name)
    zone = app_state().layout.zone_name
    return render_template("camera.html", camera=camera_view(name), save_choices=SAVE_CHOICES, zone_name=zone)


@blueprint.get("/recordings/<name>")
@blueprint.get("/recordings/<name>/<day>")
def recordings(name: str, day: str | None = None) -> ResponseReturnValue:
    """The clips of one day: the one named, else that of the clip named, else the newest."""
    camera_or_404(name)
    wanted = clip_name(request.args.get("clip", ""))
    layout = app_state().layout
    chosen = day_or_404(day) if day else layout.day_of(wanted.start) if wanted else None
    shown = _listed(name, chosen)
    kind, kept = request.args.get("kind", ""), request.args.get("kept") == "1"
    kind = kind if kind in KINDS else ""
    clips = [clip for clip in shown.clips if kind in ("", clip.kind) and (clip.kept or not kept)]
    zone = zone_of(request.cookies.get(COOKIE, ""), layout.zone)
    return render_template(
        "recordings.html",
        camera=camera_view(name),
        selected=wanted.stem if wanted else None,
        zone_name=layout.zone_name,
        kinds=KINDS,
        kind=kind,
        kept=kept,
        matching=len(clips),
        day_name=day_name(shown.day, layout.day_of(datetime.now(UTC))) if shown.day else "",
        hours=hours_of(clips_json(clips[:AT_ONCE]), zone, shown.day) if shown.day else [],
        **_around(shown),
    )


@blueprint.get("/api/v1/cameras/<name>/clips", endpoint="clips_json")
def clips_json_(name: str) -> ResponseReturnValue:
    """The clips of `?day=` or of the newest day, newest first, at most `?limit=`; and the days with clips beside it."""
    camera_or_404(name)
    day = request.args.get("day")
    limit = request.args.get("limit", "")
    if limit and not (limit.isascii() and limit.isdigit() and int(limit[:9])):
        abort(400, "The limit is how many clips are wanted: a number from 1 on.")
    return unless_known(jsonify(_day(name, day_or_404(day) if day else None, int(limit[:9]) if limit else None)))


@blueprint.get("/api/v1/cameras/<name>/days", endpoint="days_json")
def days_json_(name: str) -> ResponseReturnValue:
    """The days that have clips, newest first, with their number."""
    camera_or_404(name)
    state = app_state()
    return unless_known(jsonify({"days": days_json(state.threads.disk(days, state.layout, name))}))


@blueprint.get("/api/v1/status")
def status_json() -> ResponseReturnValue:
    """The state and the latest clip of every camera."""
    return unless_known(jsonify({"cameras": [asdict(view) for view in _cameras()]}))


def _cameras() -> list[CameraView]:
    return [camera_view(name) for name in app_state().settings.camera_names()]


def _day(name: str, day: date | None, limit: int | None = None) -> dict[str, Any]:
    """A day's clips and its neighbours; nothing in it takes longer the more other days there are."""
    shown = _listed(name, day)
    return {**_around(shown), "clips": clips_json(shown.clips[:limit])}


def _around(shown: _Listed) -> dict[str, Any]:
    """The day, its neighbours, and how many clips it has."""
    days_shown = {"day": shown.day, "earlier": shown.earlier, "later": shown.later}
    return {name: day.isoformat() if day else None for name, day in days_shown.items()} | {"count": len(shown.clips)}


@dataclass(frozen=True, slots=True)
class _Listed:
    """A day's clips, newest first, and the days with clips beside it."""

    day: date | None
    earlier: date | None = None
    later: date | None = None
    clips: Sequence[Clip] = ()


def _listed(name: str, day: date | None) -> _Listed:
    state = app_state()
    return state.threads.disk(_list, state.layout, name, day)


def _list(layout: Layout, name: str, day: date | None) -> _Listed:
    day = day or newest_day(layout, name)
    if day is None:
        return _Listed(None)
    earlier, later = days_beside(layout, name, day)
    return _Listed(day, earlier, later, clips_of_day(layout, name, day))
