"""What people decide about clips: keep, delete (to the trash), restore; one clip, or many at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from config.errors import BirbCamError
from mediamtx.catalogue import find_clip
from mediamtx.clips import Clip
from mediamtx.decisions import delete_clip, keep, restore, tombstones, unkeep
from mediamtx.layout import Layout
from mediamtx.names import iso
from webapp.problems import status_of
from webapp.state import app_state, camera_or_404, clip_name, clip_name_or_404, not_found
from webapp.views import ClipJson, clips_json

MOST = 1000  # clips in one request

Decide = Callable[[Layout, str, str], Clip | None]

blueprint = Blueprint("decisions", __name__)


@blueprint.put("/api/v1/cameras/<name>/clips/<stem>/kept")
def keep_clip(name: str, stem: str) -> ResponseReturnValue:
    """Retention never deletes the clip; answers with it. Once more changes nothing."""
    return jsonify({"clip": _one(_keep, name, stem)})


@blueprint.delete("/api/v1/cameras/<name>/clips/<stem>/kept")
def unkeep_clip(name: str, stem: str) -> ResponseReturnValue:
    """The clip lives as long as others do; answers with it. Once more changes nothing."""
    return jsonify({"clip": _one(_unkeep, name, stem)})


@blueprint.delete("/api/v1/cameras/<name>/clips/<stem>")
def delete(name: str, stem: str) -> ResponseReturnValue:
    """Moves the clip to the trash, from where it can be restored for a week; no new scan brings it back."""
    _one(_delete, name, stem)
    return "", 204


@blueprint.post("/api/v1/cameras/<name>/clips/<stem>/restore")
def restore_clip(name: str, stem: str) -> ResponseReturnValue:
    """Takes the clip out of the trash, as it was; answers with it. 409 where it is not in there."""
    return jsonify({"clip": _one(_restore, name, stem)})


@blueprint.post("/api/v1/cameras/<name>/clips/batch")
def batch(name: str) -> ResponseReturnValue:
    """Does `{"action": "keep" | "unkeep" | "delete" | "restore", "stems": [...]}`, each clip for itself.

    Answers `{"done": [stem, ...], "failed": [{"stem", "status", "detail"}, ...]}`: what cannot be done to one clip
    does not stop the others.
    """
    camera_or_404(name)
    decide, stems = _order(request.get_json(silent=True))
    state = app_state()
    failed = state.threads.disk(_each, decide, state.layout, name, stems)
    wrong = {failure["stem"] for failure in failed}
    return jsonify({"done": [stem for stem in stems if stem not in wrong], "failed": failed})


@blueprint.get("/api/v1/cameras/<name>/trash")
def trash(name: str) -> ResponseReturnValue:
    """The deleted clips that can still be restored, the one deleted last first."""
    camera_or_404(name)
    state = app_state()
    graves = state.threads.disk(_restorable, state.layout, name)
    return jsonify({"clips": graves})


def _one(decide: Decide, name: str, stem: str) -> ClipJson | None:
    camera_or_404(name)
    state = app_state()
    clip = state.threads.disk(decide, state.layout, name, clip_name_or_404(stem).stem)
    return clips_json([clip])[0] if clip else None


def _order(body: Any) -> tuple[Decide, list[str]]:
    action, stems = (body.get("action"), body.get("stems")) if isinstance(body, dict) else (None, None)
    decide = _ACTIONS.get(action) if isinstance(action, str) else None
    if decide is None or not isinstance(stems, list) or not all(isinstance(stem, str) for stem in stems):
        abort(400, f'Say what to do with which clips: {{"action": "{" | ".join(_ACTIONS)}", "stems": ["...", ...]}}.')
    if not 0 < len(stems) <= MOST:
        abort(400, f"Name 1 to {MOST} clips at once.")
    return decide, list(dict.fromkeys(stems))


def _each(decide: Decide, layout: Layout, camera: str, stems: list[str]) -> list[dict[str, Any]]:
    """Does it to each clip; what failed."""
    failed = []
    for stem in stems:
        try:
            if clip_name(stem) is None:
                not_found("There is no such clip.")
            decide(layout, camera, stem)
        except HTTPException as error:
            failed.append({"stem": stem, "status": error.code, "detail": error.description})
        except BirbCamError as error:
            failed.append({"stem": stem, "status": int(status_of(error)), "detail": str(error)})
    return failed


def _keep(layout: Layout, camera: str, stem: str) -> Clip:
    return keep(_existing(layout, camera, stem))


def _unkeep(layout: Layout, camera: str, stem: str) -> Clip:
    return unkeep(_existing(layout, camera, stem))


def _delete(layout: Layout, camera: str, stem: str) -> None:
    delete_clip(layout, _existing(layout, camera, stem), datetime.now(UTC))


def _restore(layout: Layout, camera: str, stem: str) -> Clip:
    return restore(layout, camera, stem)


_ACTIONS: dict[str, Decide] = {"keep": _keep, "unkeep": _unkeep, "delete": _delete, "restore": _restore}


def _existing(layout: Layout, camera: str, stem: str) -> Clip:
    clip = find_clip(layout, camera, stem)
    if clip is None:
        not_found("This clip is not there any more.")
    return clip


def _restorable(layout: Layout, camera: str) -> list[dict[str, Any]]:
    """Its videos are not served from the trash: what it was, and when it was deleted."""
    graves = [grave for grave in tombstones(layout, camera) if grave.restorable]
    return [
        {
            "stem": grave.clip.name.stem,
            "kind": grave.clip.kind,
            "day": grave.clip.day.isoformat(),
            "start": iso(grave.clip.start),
            "end": iso(grave.clip.end),
            "deleted": iso(grave.deleted),
        }
        for grave in sorted(graves, key=lambda grave: grave.deleted, reverse=True)
    ]
