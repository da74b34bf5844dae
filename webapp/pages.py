"""The pages: cameras, one camera live, its recordings; and the JSON that keeps them up to date."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from mediamtx.catalogue import clips_of_day, days
from webapp.state import app_state, camera_or_404, clip_name, day_or_404
from webapp.views import CameraView, camera_view, clips_json, days_json

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
    chosen = day_or_404(day) if day else app_state().layout.day_of(wanted.start) if wanted else None
    shown = _day(name, chosen)
    stems = {clip["stem"] for clip in shown["clips"]}
    return render_template(
        "recordings.html",
        camera=camera_view(name),
        selected=wanted.stem if wanted and wanted.stem in stems else None,
        zone_name=app_state().layout.zone_name,
        **shown,
    )


@blueprint.get("/api/v1/cameras/<name>/clips", endpoint="clips_json")
def clips_json_(name: str) -> ResponseReturnValue:
    """The days that have clips, and the clips of `?day=` or of the newest."""
    camera_or_404(name)
    day = request.args.get("day")
    return _unless_known(jsonify(_day(name, day_or_404(day) if day else None)))


@blueprint.get("/api/v1/status")
def status_json() -> ResponseReturnValue:
    """The state and the latest clip of every camera."""
    return _unless_known(jsonify({"cameras": [asdict(view) for view in _cameras()]}))


def _unless_known(answer: Response) -> Response:
    """304 where the page that asks again and again has this already; a full day is half a megabyte."""
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _cameras() -> list[CameraView]:
    return [camera_view(name) for name in app_state().settings.camera_names()]


def _day(name: str, day: date | None) -> dict[str, Any]:
    state = app_state()
    known = state.threads.disk(days, state.layout, name)
    if day is None and known:
        day = known[0].day
    clips = state.threads.disk(clips_of_day, state.layout, name, day) if day else []
    return {"days": days_json(known), "day": day.isoformat() if day else None, "clips": clips_json(clips)}
