"""The newest picture of a camera as a JPEG, decoded at most once a second whatever the number of viewers.

    GET /api/v1/cameras/<camera>/still.jpg              the main stream's, as large as it is
    GET /api/v1/cameras/<camera>/still.jpg?width=640    at most so wide (px); small ones are of the detect stream

It is that of the newest key frame in the recordings, so both recorders have it, and a few seconds old at most. 404
where the camera sends none, 503 where the first is still to come. `?download=1` makes it a file named by camera and
local time.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from mediamtx.names import Stream
from mediamtx.stills import Still
from webapp.state import app_state, camera_or_404, not_found

NARROWEST, WIDEST = 16, 7680  # px that may be asked for

blueprint = Blueprint("stills", __name__)


@blueprint.get("/api/v1/cameras/<name>/still.jpg")
def still(name: str) -> ResponseReturnValue:
    """The newest picture of a camera."""
    camera_or_404(name)
    width = _width(request.args.get("width"))
    picture = _newest(name, width)
    if picture is None:
        status = app_state().board.status(name)
        if status.state == "offline":
            not_found("There is no picture of this camera: it is not sending. Is it switched on and connected?")
        abort(503, "There is no picture of this camera yet; ask again in a second.")
    response = Response(picture.jpeg, mimetype="image/jpeg")
    response.last_modified = picture.time
    response.set_etag(f"{picture.time.timestamp():.3f}-{width or 0}")
    response.cache_control.private = True
    response.cache_control.no_cache = True
    if request.args.get("download") == "1":
        local = picture.time.astimezone(app_state().layout.zone)
        response.headers.set("Content-Disposition", "attachment", filename=f"{name} {local:%Y-%m-%d %H-%M-%S}.jpg")
    return response.make_conditional(request)


def _newest(name: str, width: int | None) -> Still | None:
    state = app_state()
    if width is not None and width <= state.settings.cameras[name].detect_width * 1.5:
        small = state.stills.still(Stream(name, detect=True), width)
        if small is not None:
            return small
    return state.stills.still(Stream(name), width)


def _width(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and NARROWEST <= int(text) <= WIDEST):
        abort(400, f"The width is a number of pixels from {NARROWEST} to {WIDEST}; leave it out for the whole picture.")
    return int(text)
