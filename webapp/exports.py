"""Ranges of the footage as clips of kind "saved", made in the background.

    POST   /api/v1/cameras/<camera>/exports  {"start": ..., "end": ...}     202, and the export
    GET    /api/v1/exports/<id>                                             how far it is
    DELETE /api/v1/exports/<id>                                             stops it; a finished clip stays

An export is {"id", "camera", "state", "progress", "start", "end", "gaps", "size", "clips", "detail"}: "state" is
waiting, running, done, failed or cancelled, "progress" 0 to 1, "gaps" is where nothing was recorded inside, "size" how
many bytes it takes, about. Footage that changes its form (another codec, size) makes several "clips".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from mediamtx.exporting import export, plan_export
from mediamtx.names import iso
from webapp.export_board import Export
from webapp.spans import make_span
from webapp.state import app_state, camera_or_404, not_found
from webapp.views import clips_json

LONGEST = timedelta(hours=1)

blueprint = Blueprint("exports", __name__)


@blueprint.post("/api/v1/cameras/<name>/exports")
def start(name: str) -> ResponseReturnValue:
    """Begin an export."""
    camera_or_404(name)
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, 'Say which range: {"start": "2026-11-20T18:03:04Z", "end": "2026-11-20T18:04:00Z"}.')
    span = make_span(body.get("start"), body.get("end"), LONGEST, ("start", "end"))
    state = app_state()
    found = Export(name, state.threads.disk(plan_export, state.layout, name, span))
    if not state.exports.add(found):
        abort(429, "Several exports are under way already; wait for one to finish.")
    state.threads.background(found.run, partial(export, state.layout, name, found.plan.span, datetime.now(UTC)))
    answer = jsonify(_json(found))
    answer.headers["Location"] = url_for("exports.show", key=found.id)
    return answer, 202


@blueprint.get("/api/v1/exports/<key>")
def show(key: str) -> ResponseReturnValue:
    """How far it is."""
    return jsonify(_json(_export_or_404(key)))


@blueprint.delete("/api/v1/exports/<key>")
def stop(key: str) -> ResponseReturnValue:
    """Stop it, or forget that it was."""
    app_state().exports.remove(_export_or_404(key))
    return "", 204


def _export_or_404(key: str) -> Export:
    found = app_state().exports.get(key)
    if found is None:
        not_found("There is no such export: it was cancelled, or BirbCam was started anew since.")
    return found


def _json(found: Export) -> dict[str, Any]:
    return {
        "id": found.id,
        "camera": found.camera,
        "state": found.state,
        "progress": round(found.progress, 3),
        "start": iso(found.plan.span.start),
        "end": iso(found.plan.span.end),
        "gaps": [[iso(gap.start), iso(gap.end)] for gap in found.plan.gaps],
        "size": found.plan.size,
        "clips": clips_json(found.clips),
        "detail": found.problem,
        "url": url_for("exports.show", key=found.id),
    }
