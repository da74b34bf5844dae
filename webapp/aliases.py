"""The short names of older systems: the same as /api/v1, for programs that know no other.

GET     /status                           as GET /api/v1/cameras
POST    /addCamera                        camera_id and rtsp_url, as JSON or as a form: as POST /api/v1/cameras
DELETE  /deleteCamera?camera_id=<camera>  as DELETE /api/v1/cameras/<camera>; its recordings stay
"""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from webapp import cameras, settings_api
from webapp.bodies import text_fields

blueprint = Blueprint("aliases", __name__)


@blueprint.get("/status")
def status() -> ResponseReturnValue:
    """All cameras."""
    return cameras.listed()


@blueprint.post("/addCamera")
def add_camera() -> ResponseReturnValue:
    """Add a camera."""
    sent = text_fields("camera_id", "rtsp_url")
    return settings_api.add(sent["camera_id"], {"source": sent["rtsp_url"]})


@blueprint.delete("/deleteCamera")
def delete_camera() -> ResponseReturnValue:
    """Delete a camera that was added over HTTP."""
    name = request.args.get("camera_id")
    if not name:
        abort(400, "Say which camera: /deleteCamera?camera_id=front.")
    return settings_api.delete_camera(name)
