"""A Pi camera's settings: a form made from what its settings server says, here or on another machine.

The server's token stays in the web app: the browser asks us, behind our log-in, and we ask the server.
"""

from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from camera.settings import Field
from config.settings import Settings
from webapp.access import may_change
from webapp.state import app_state, camera_or_404, not_found
from webapp.views import camera_view

TIMEOUT = 6.0  # s; the server gives up on a camera within 5
MOST = 8 * 1024 * 1024  # bytes of an answer

log = logging.getLogger(__name__)
blueprint = Blueprint("camera_settings", __name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a camera's settings server is."""

    url: str
    token: str


def place_of(settings: Settings, name: str) -> Place | None:
    """The settings server of a camera; None where it has none. The common token is for this machine's own alone."""
    camera, own = settings.cameras[name], settings.settings_server
    everywhere = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
    host = everywhere.get(own.host, own.host)
    here = Place(f"http://{f'[{host}]' if ':' in host else host}:{own.port}", own.token)
    if camera.settings_url:
        url = camera.settings_url.rstrip("/")
        return Place(url, camera.settings_token or (own.token if url == here.url else ""))
    return here if own.enabled and camera.source.startswith("picamera") else None


@blueprint.app_template_global()
def has_settings(name: str) -> bool:
    """Whether the camera has a page of settings that this visitor may see."""
    return may_change() and place_of(app_state().settings, name) is not None


@blueprint.get("/camera/<name>/settings")
def form(name: str) -> ResponseReturnValue:
    """The form, with the values as they are now."""
    return _page(name, _fields(name), {}, {})


@blueprint.post("/camera/<name>/settings")
def change(name: str) -> ResponseReturnValue:
    """Set what the form says; the form again, where something of it is wrong."""
    fields = _fields(name)
    status, answer = _ask_json(name, "PATCH", "settings", values_of(request.form, fields))
    if status == 422 and isinstance(answer.get("problems"), dict):
        return _page(name, fields, request.form.to_dict(), answer["problems"]), 422
    _require(status, answer)
    return redirect(url_for("camera_settings.form", name=name, done=str(answer.get("applies"))), 303)


@blueprint.post("/camera/<name>/restart")
def restart(name: str) -> ResponseReturnValue:
    """Start the camera's pipeline anew."""
    _require(*_ask_json(name, "POST", "restart", {}))
    return redirect(url_for("camera_settings.form", name=name, done="restart"), 303)


@blueprint.get("/camera/<name>/settings/still.jpg")
def still(name: str) -> ResponseReturnValue:
    """The camera's next picture. For admins, by its address: each makes the camera's machine take one."""
    status, data = _ask(name, "GET", "still.jpg", None)
    if status != 200 or not data.startswith(b"\xff\xd8"):
        _require(status if status != 200 else 502, _parsed(data) if status != 200 else {})
    response = Response(data, mimetype="image/jpeg")
    response.cache_control.no_store = True
    return response


def values_of(form: MultiDict[str, str], fields: tuple[Field, ...]) -> dict[str, Any]:
    """The values that a form sent; what is no number goes as it is, so that the server says what is wrong with it."""
    values: dict[str, Any] = {}
    for field in fields:
        if field.kind == "switch":
            if f"has-{field.name}" in form:
                values[field.name] = field.name in form
        elif field.name in form:
            values[field.name] = _value(field, form[field.name].strip())
    return values


def _value(field: Field, text: str) -> Any:
    try:
        return int(text) if field.kind == "whole" else float(text) if field.kind == "number" else text
    except ValueError:
        return text


def _page(name: str, fields: tuple[Field, ...], entered: Mapping[str, str], problems: Mapping[str, Any]) -> str:
    groups = [(group, list(members)) for group, members in groupby(fields, key=lambda field: field.group)]
    status, told = _ask_json(name, "GET", "status", None)
    return render_template(
        "camera_settings.html",
        camera=camera_view(name),
        groups=groups,
        entered=entered,
        problems=problems,
        done=request.args.get("done") if request.method == "GET" else None,
        status=told if status == 200 else {},
    )


def _fields(name: str) -> tuple[Field, ...]:
    status, answer = _ask_json(name, "GET", "settings", None)
    _require(status, answer)
    try:
        fields = tuple(Field(**{**field, "choices": tuple(field["choices"])}) for field in answer["settings"])
        for field in fields:
            for limit in (field.low, field.high):
                float(limit or 0)
            if {type(field.name), type(field.group), type(field.help), type(field.unit)} != {str}:
                raise TypeError
        return fields
    except (KeyError, TypeError, ValueError, OverflowError):
        abort(502, "The settings server's answer makes no sense; both machines need the same version of BirbCam.")


def _ask_json(name: str, method: str, what: str, value: Any) -> tuple[int, dict[str, Any]]:
    status, data = _ask(name, method, what, value)
    return status, _parsed(data)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        abort(502, "What answers is no settings server of BirbCam; correct settings_url.")
    return answer


def _ask(name: str, method: str, what: str, value: Any) -> tuple[int, bytes]:
    camera_or_404(name)
    place = place_of(app_state().settings, name)
    if place is None:
        not_found("This camera has no settings server; [settings_server] in config_default.txt tells how it gets one.")
    url = urlsplit(place.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/json"} if value is not None else {}
    if place.token:
        headers["Authorization"] = f"Bearer {place.token}"
    body = None if value is None else json.dumps(value).encode()
    try:
        connection = kind(url.hostname or "", url.port, timeout=TIMEOUT)
        try:
            with app_state().threads.limit(2 * TIMEOUT):
                connection.request(method, f"{url.path}/v1/cameras/{name}/{what}", body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read(MOST)
        finally:
            connection.close()
    except TimeoutError:
        abort(504, "The camera's settings server does not answer.")
    except (OSError, ValueError, http.client.HTTPException) as error:
        log.info("camera %s: its settings server cannot be reached: %s", name, error)
        abort(503, "The camera's settings server cannot be reached; does its machine run, and is it switched on there?")


def _require(status: int, answer: Mapping[str, Any]) -> None:
    """End the request as the server's refusal asks for."""
    if status < 300:
        return
    if status == 401:
        abort(502, "The settings server does not take our token; correct settings_token (here: settings_server.token).")
    said = str(answer.get("detail", ""))[:500]
    if status == 404:
        not_found("The settings server knows no Pi camera of this name.")
    abort(status if status in (503, 504, 507) else 502, f"The camera's settings server says: {said or status}.")
