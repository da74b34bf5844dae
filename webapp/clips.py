"""Clips as files, and the button that makes one of the last seconds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from mediamtx.catalogue import find_clip
from mediamtx.clips import Clip
from mediamtx.names import ClipName
from webapp.files import send_media
from webapp.state import app_state, camera_or_404, clip_name_or_404, day_or_404, not_found
from webapp.views import clips_json, details_json

SHORTEST, LONGEST = 5, 600  # s that may be saved
MAX_AGE = 86400  # s that a browser keeps a clip without asking; a deleted one is then gone from there as well

blueprint = Blueprint("clips", __name__)


@blueprint.get("/clips/<name>/<day>/<stem>.mp4")
def video(name: str, day: str, stem: str) -> ResponseReturnValue:
    """A clip, in ranges; as a download with `?download=1`."""
    clip = _clip_or_404(name, day, stem)
    download = f"{clip.camera}_{clip.path.name}" if request.args.get("download") == "1" else None
    return send_media(clip.path, "video/mp4", max_age=MAX_AGE, download_name=download)


@blueprint.get("/clips/<name>/<day>/<stem>.jpg")
def thumbnail(name: str, day: str, stem: str) -> ResponseReturnValue:
    """A clip's picture."""
    return send_media(_clip_or_404(name, day, stem).thumbnail, "image/jpeg", max_age=MAX_AGE)


@blueprint.get("/clips/<name>/<day>/<stem>.json")
def details(name: str, day: str, stem: str) -> ResponseReturnValue:
    """All that is known of a clip, with what moved where: `"boxes": [[ms, [left, top, width, height], ...], ...]`.

    The times are milliseconds since the clip's start, the boxes thousandths of the picture.
    """
    return jsonify(details_json(_clip_or_404(name, day, stem)))


@blueprint.post("/api/v1/cameras/<name>/save")
def save(name: str) -> ResponseReturnValue:
    """Make a clip of the last `{"seconds": 60}`; 201 with the clip, which can be played at once."""
    camera_or_404(name)
    seconds = _seconds(request.get_json(silent=True))
    from mediamtx.saving import save_last  # brings PyAV, which takes memory: only where somebody saves

    state = app_state()
    clip = state.threads.heavy(save_last, state.settings, name, seconds, datetime.now(UTC))
    return jsonify({"clip": clips_json([clip])[0]}), 201


def _seconds(body: Any) -> float:
    seconds = body.get("seconds") if isinstance(body, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not SHORTEST <= seconds <= LONGEST:
        abort(400, f'Say how much to save: {{"seconds": {SHORTEST} to {LONGEST}}}.')
    return float(seconds)


def _clip_or_404(name: str, day: str, stem: str) -> Clip:
    camera_or_404(name)
    return _stored(name, day_or_404(day), clip_name_or_404(stem))


def _stored(name: str, day: date, clip_name: ClipName) -> Clip:
    state = app_state()
    clip = state.threads.disk(find_clip, state.layout, name, clip_name.stem)
    if clip is None or clip.day != day:
        not_found("This clip is not there any more.")
    return clip
