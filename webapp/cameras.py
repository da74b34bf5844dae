"""Cameras and clips for programs: what runs with its statistics, and clips of all cameras by filter and page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast, get_args

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from mediamtx.catalogue import count_of_day
from mediamtx.clip_pages import Page, Place, Wanted, clip_page, decode_cursor
from mediamtx.clips import Clip
from mediamtx.names import ClipKind, Stream, from_iso
from mediamtx.recent import recent_rate
from webapp.spans import EARLIEST, LATEST, time_or_400
from webapp.state import app_state, camera_or_404, not_found
from webapp.views import camera_view, clips_json

USUAL, MOST = 100, 1000  # clips in an answer

blueprint = Blueprint("cameras", __name__)


@blueprint.get("/api/v1/cameras")
def listed() -> ResponseReturnValue:
    """All cameras, how they do, and what they send."""
    return jsonify({"cameras": [camera_json(name) for name in app_state().settings.camera_names()]})


@blueprint.get("/api/v1/cameras/<name>")
def one(name: str) -> ResponseReturnValue:
    """One camera, how it does, and what it sends."""
    camera_or_404(name)
    return jsonify(camera_json(name))


@blueprint.get("/api/v1/clips")
def clips() -> ResponseReturnValue:
    """The clips of all cameras or of one, newest first, some at a time.

    `next` of an answer is the `cursor` of the following one. What is published or deleted meanwhile moves nothing.
    """
    state, camera = app_state(), request.args.get("camera")
    if camera is not None:
        camera_or_404(camera)
    cameras = [camera] if camera is not None else state.settings.camera_names()
    page = state.threads.disk(clip_page, state.layout, cameras, _wanted(), _limit(), _cursor())
    return jsonify({"clips": _with_cameras(page), "next": page.following})


def camera_json(name: str) -> dict[str, Any]:
    """A camera for programs."""
    state = app_state()
    view, settings = camera_view(name), state.settings.cameras[name]
    return {
        "name": name,
        "title": view.title,
        "enabled": settings.enabled,
        "motion": settings.motion,
        "state": view.state,
        "since": view.since,
        "recording": view.recording,
        "latest_clip": view.latest_clip,
        "statistics": statistics(name),
    }


def statistics(name: str) -> dict[str, Any]:
    """What a camera sends, as the recorder and the newest recording tell."""
    state, now = app_state(), datetime.now(UTC)
    stream = state.board.snapshot().streams.get(Stream(name))
    ready = stream if stream is not None and stream.ready else None
    rate = state.threads.disk(recent_rate, state.layout, Stream(name), now) if ready is not None else None
    today = state.threads.disk(count_of_day, state.layout, name, state.layout.day_of(now))
    return {
        "fps": rate.fps if rate else None,
        "bit_rate": rate.bit_rate if rate else None,
        "codecs": list(ready.tracks) if ready else [],
        "bytes_received": ready.bytes_received if ready else None,
        "drops": ready.drops if ready else None,
        "readers": ready.readers if ready else None,
        "clips_today": today.clips,
    }


def _with_cameras(page: Page) -> list[dict[str, Any]]:
    def named(clip: Clip, values: dict[str, Any]) -> dict[str, Any]:
        return {"camera": clip.camera, **values}

    return [named(clip, values) for clip, values in zip(page.clips, clips_json(page.clips), strict=True)]


def _wanted() -> Wanted:
    since, until, kind, kept = (request.args.get(name) for name in ("since", "until", "kind", "kept"))
    if kind is not None and kind not in get_args(ClipKind):
        abort(400, f"The kind is one of: {', '.join(get_args(ClipKind))}.")
    if kept not in (None, "true", "false"):
        abort(400, "kept is true or false.")
    return Wanted(
        None if since is None else _time(since, "since"),
        None if until is None else _time(until, "until"),
        cast(ClipKind | None, kind),
        None if kept is None else kept == "true",
    )


def _time(text: str, what: str) -> datetime:
    """A time in UTC, of whatever year: before and after those that we know there are no clips."""
    try:
        time = from_iso(text)
    except OverflowError:  # at an end of the calendar
        return EARLIEST if text.startswith("0") else LATEST
    except ValueError:
        return time_or_400(text, what)
    return min(max(time, EARLIEST), LATEST)


def _limit() -> int:
    text = request.args.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST):
        abort(400, f"The limit is how many clips are wanted: 1 to {MOST}.")
    return int(text)


def _cursor() -> Place | None:
    text = request.args.get("cursor")
    place = None if text is None else decode_cursor(text)
    if text is not None and place is None:
        not_found("There is no such place in the list: the cursor is `next` of the answer before.")
    return place
