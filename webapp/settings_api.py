"""The settings over HTTP, for admins alone; the pages use the same addresses.

    GET     /api/v1/settings             {"version", "settings": [...]}: every value, and which layer it is from
    PATCH   /api/v1/settings             {"retention.keep_free": "5 GB", "cameras.front.title": null} lays values over
                                         those of config.txt; null takes one back. All or none
    POST    /api/v1/settings/restart     {"part": "web" or "recorder"}: 202, where an installation obeys
    POST    /api/v1/cameras              {"name", "source", "title", ...}: another camera; 201
    PATCH   /api/v1/cameras/<camera>     {"title": "Nest box"}: as above, of one camera
    DELETE  /api/v1/cameras/<camera>     ?recordings=keep or delete; 409 for those of config.txt, which
                                         are deleted there
    POST    /api/v1/cameras/test         {"source"}, with {"camera"} where it came back with *** in it: what it gives

`If-Match` with the version that was looked at makes 412 of a change that somebody else came before. Wrong values are
422, with "errors": [{"key", "detail"}], and nothing is changed. Passwords come back as ***, and stay where *** is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from config.check import Problem
from config.errors import ConfigError, OutdatedError
from config.redaction import redact
from config.saved import Saved, values_of, with_camera, with_changes, without_camera
from mediamtx.layout import Layout
from mediamtx.removal import ask_removal, asked_for, take_back
from mediamtx.requests import ask, can_ask
from mediamtx.saved_settings import Stored, change_stored, read_stored
from webapp.following import following
from webapp.setting_fields import fields_of
from webapp.settings_checks import web_problems
from webapp.source_test import test_source
from webapp.state import app_state, camera_or_404

blueprint = Blueprint("settings_api", __name__)


@blueprint.get("/api/v1/settings")
def shown() -> ResponseReturnValue:
    """All settings."""
    stored = stored_settings()
    return _answer(stored, {"settings": [asdict(field) for field in fields_of(stored)]})


@blueprint.patch("/api/v1/settings")
def change() -> ResponseReturnValue:
    """Lay values over those of config.txt, by dotted key: null takes one back."""
    return _change(_object())


@blueprint.patch("/api/v1/cameras/<name>")
def change_camera(name: str) -> ResponseReturnValue:
    """Change settings of one camera: null takes a value back."""
    camera_or_404(name)
    return _change({f"cameras.{name}.{key}": value for key, value in _object().items()})


@blueprint.post("/api/v1/cameras")
def add_camera() -> ResponseReturnValue:
    """Add a camera; any of its settings may stand beside name and source."""
    values = dict(_object())
    name = values.pop("name", None)
    if not isinstance(name, str) or not all(isinstance(key, str) for key in values):
        abort(400, 'Name the camera: {"name": "nest", "source": "rtsp://..."}.')
    return add(name, values)


def add(name: str, values: Mapping[str, Any]) -> ResponseReturnValue:
    """Add a camera of this name, with these settings of it."""

    def edit(stored: Stored) -> Saved:
        if name in asked_for(Layout.of(stored.now.settings)):
            said = "the recordings of a camera with this name are still being deleted; try again in a minute"
            raise ConfigError([Problem.of("web page", f"cameras.{name}", said)])
        return with_camera(stored.saved, name, values, taken(stored))

    stored = _save(edit)
    if isinstance(stored, Response):
        return stored
    answer = _answer(stored, {"camera": name})
    answer.status_code = 201
    return answer


@blueprint.delete("/api/v1/cameras/<name>")
def delete_camera(name: str) -> ResponseReturnValue:
    """Take a camera away that was added on a page."""
    camera_or_404(name)
    recordings = request.args.get("recordings", "keep")
    if recordings not in ("keep", "delete"):
        abort(400, "Say what becomes of its recordings: ?recordings=keep or ?recordings=delete.")
    layout, asked = app_state().layout, False

    def edit(stored: Stored) -> Saved:
        nonlocal asked
        if name not in stored.now.settings.cameras:
            abort(404, "There is no camera with this name any more.")  # a second click, or another browser
        if not is_ours(stored, name):
            abort(409, f"The camera {name} was not added on a page: it stands in config.txt; delete it there.")
        if recordings == "delete":
            asked = True
            ask_removal(layout, name)  # before: it counts only once the camera is configured no more
        else:
            take_back(layout, name)  # of a deletion that was broken off
        return without_camera(stored.saved, name)

    def undo() -> None:
        if asked:  # by this request, and not by another that was faster
            take_back(layout, name)

    stored = _save(edit, undo)
    if isinstance(stored, Response):
        return stored
    return _answer(stored, {"deleted": name, "recordings": recordings})


@blueprint.post("/api/v1/cameras/test")
def try_camera() -> ResponseReturnValue:
    """What a source gives."""
    values = _object()
    stored = stored_settings()
    present = ""
    if (name := values.get("camera")) in stored.now.settings.cameras:
        present = stored.now.settings.cameras[str(name)].source
    try:
        checked = with_changes(
            {}, {"cameras.x.source": values.get("source", "")}, {"cameras.x.source": present}, {"cameras.x.source": ""}
        )
    except ConfigError as error:
        return problem_answer(error)
    return jsonify(test_source(app_state().threads, checked["cameras"]["x"]["source"]))


@blueprint.post("/api/v1/settings/restart")
def restart() -> ResponseReturnValue:
    """Ask for a part to be started again."""
    part = _object().get("part")
    if part not in ("web", "recorder"):
        abort(400, 'Say what to start again: {"part": "web"} or {"part": "recorder"}.')
    state = app_state()
    if not can_ask(state.layout):
        abort(503, f"Nobody here starts the {'web app' if part == 'web' else part} again; do it where it runs.")
    state.threads.disk(ask, state.layout, f"restart-{part}")
    return jsonify({"asked": part}), 202


def stored_settings() -> Stored:
    """The settings as the files have them."""
    return app_state().threads.disk(read_stored, following().environ)


def taken(stored: Stored) -> frozenset[str]:
    """The names that no further camera may have: not that of the camera that stands in where none is configured."""
    return frozenset(key.split(".")[1] for key in stored.now.origins if key.startswith("cameras."))


def is_ours(stored: Stored, name: str) -> bool:
    """Whether a camera was added on a page, so that it can be deleted there."""
    configured = any(key.startswith(f"cameras.{name}.") for key in stored.below.origins)
    return name in stored.saved.get("cameras", {}) and not configured


def problem_answer(error: ConfigError) -> Response:
    """422, or 412 where somebody was faster."""
    outdated = isinstance(error, OutdatedError)
    problems = [problem for problem in error.problems if isinstance(problem, Problem)]
    many = f"{len(problems)} values are wrong." if len(problems) > 1 else "A value is wrong."
    detail = redact(str(error)) if outdated or not problems else f"Nothing was changed: {many}"
    status = 412 if outdated else 422
    answer = jsonify({
        "type": "about:blank",
        "title": "Changed meanwhile" if outdated else "Wrong settings",
        "status": status,
        "detail": detail,
        "errors": [{"key": problem.key, "detail": problem.said} for problem in problems],
    })  # fmt: skip
    answer.mimetype = "application/problem+json"
    answer.status_code = status
    answer.cache_control.no_store = True
    return answer


def _change(changes: Mapping[str, Any]) -> ResponseReturnValue:
    users, by_https = app_state().users, request.is_secure

    def edit(stored: Stored) -> Saved:  # in a thread
        present, below = values_of(stored.now.settings), values_of(stored.below.settings)
        if problems := web_problems(changes, present, below, users.read().closed, by_https):
            raise ConfigError(list(problems))
        return with_changes(stored.saved, changes, present, below)

    stored = _save(edit)
    if isinstance(stored, Response):
        return stored
    return _answer(stored, {"settings": [asdict(field) for field in fields_of(stored, changes)]})


def _save(edit: Callable[[Stored], Saved], undo: Callable[[], None] = lambda: None) -> Stored | Response:
    """Save, and let it count here; a Response where it was refused."""
    # A proxy that packs the answer makes its ETag a weak one, W/"...": it is still of the same settings.
    version = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    here = following()
    state = app_state()
    try:
        stored = state.threads.disk(change_stored, here.environ, edit, None if version in ("", "*") else version, undo)
    except ConfigError as error:
        return problem_answer(error)
    here.look(at_once=True)
    return stored


def _answer(stored: Stored, values: Mapping[str, Any]) -> Response:
    answer = jsonify({"version": stored.version, **values})
    answer.set_etag(stored.version)
    answer.cache_control.no_store = True
    return answer


def _object() -> dict[str, Any]:
    values = request.get_json()
    if not isinstance(values, dict):
        abort(400, "Send a JSON object.")
    return values
