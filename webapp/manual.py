"""Manual recordings over HTTP: start, stop, and the clip that becomes of one.

    GET     /api/v1/cameras/<camera>/recording   what runs, if anything, and what became of the last one
    POST    /api/v1/cameras/<camera>/recording   start; 201, or 200 where one runs already
    DELETE  /api/v1/cameras/<camera>/recording   stop; 202, and the clip follows: ask with GET

All answer `{"recording": {"state", "start", "seconds", "longest"}, "last": {"start", "clip", "problem"}}`, each of them
null where there is none. `state` is "recording" or "saving", `seconds` how long it is so far; `last` is of this run of
the web app.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, jsonify
from flask.typing import ResponseReturnValue

from mediamtx.manual import Manual, manual_recording
from mediamtx.names import iso
from webapp.state import app_state, camera_or_404, not_found
from webapp.views import clips_json

blueprint = Blueprint("manual", __name__)


@blueprint.get("/api/v1/cameras/<name>/recording")
def shown(name: str) -> ResponseReturnValue:
    """The recording of a camera."""
    camera_or_404(name)
    state = app_state()
    return jsonify(_answer(name, state.threads.disk(manual_recording, state.layout, name)))


@blueprint.post("/api/v1/cameras/<name>/recording")
def start(name: str) -> ResponseReturnValue:
    """Start one."""
    camera_or_404(name)
    state = app_state()
    before = state.threads.disk(manual_recording, state.layout, name)
    if before is None and state.board.status(name).state == "offline":
        abort(409, "There is nothing to record: the camera is not sending. Is it switched on and connected?")
    now = datetime.now(UTC)
    manual = state.manual.start(name, now)
    return jsonify(_answer(name, manual)), 200 if before is not None else 201


@blueprint.delete("/api/v1/cameras/<name>/recording")
def stop(name: str) -> ResponseReturnValue:
    """Stop it."""
    camera_or_404(name)
    manual = app_state().manual.stop(name, datetime.now(UTC))
    if manual is None:
        not_found("Nothing is being recorded by hand.")
    return jsonify(_answer(name, manual)), 202


def _answer(name: str, manual: Manual | None) -> dict[str, Any]:
    now, last = datetime.now(UTC), app_state().manual.last(name)
    recording = None
    if manual is not None:
        end = manual.end(now)
        recording = {
            "state": "recording" if end is None else "saving",
            "start": iso(manual.start),
            "seconds": round(max(0.0, ((end or now) - manual.start).total_seconds()), 3),
            "longest": manual.longest.total_seconds(),
        }
    result = None
    if last is not None:
        clip = clips_json(last.clips[-1:])
        result = {"start": iso(last.start), "clip": clip[0] if clip else None, "problem": last.problem}
    return {"recording": recording, "last": result}
