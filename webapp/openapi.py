"""The OpenAPI 3.1 document of the API, made from the routes, their docstrings and `webapp.api_table`; and its page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Blueprint, Flask, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from webapp import VERSION
from webapp.access import may
from webapp.api_table import OPERATIONS, PATH, Media, Operation
from webapp.api_types import Problem
from webapp.state import app_state

PREFIX = "/api/v1/"
_MOST_KEPT = 8  # documents: one for each path before all addresses, and list of cameras
_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
_PROBLEM = "application/problem+json"
_VERSION = {"type": "string", "description": "`version` of what was looked at: 412 where somebody else was faster"}
_ERRORS = {
    400: "The request is not as it should be",
    404: "There is no such thing",
    409: "That is not possible now",
    410: "It has ended",
    412: "Somebody else was faster",
    413: "Too large",
    415: "Another Content-Type is needed",
    422: "The values are wrong",
    428: "If-Match is missing",
    429: "Too many at once",
    502: "The recorder's answer makes no sense",
    503: "A part of BirbCam does not run",
    504: "A part of BirbCam does not answer",
    507: "The disk is full",
}

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/api/v1/openapi.json")
def document() -> ResponseReturnValue:
    """This document."""
    return jsonify(_made())


@blueprint.get("/settings/api")
def page() -> ResponseReturnValue:
    """The document for people."""
    base = request.host_url.rstrip("/") + request.script_root
    return render_template("settings/api.html", document=_made(), base=base, shape=shape)


def shape(schema: dict[str, Any]) -> str:
    """A schema in a few words: `Clip`, `list of Clip`, `number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(shape(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(one) for one in schema["enum"])
    if schema.get("type") == "array":
        inner = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {shape(inner or (schema.get('prefixItems') or [{}])[0])}"
    if schema.get("type") == "object":
        return "object"
    kind = str(schema.get("type", "any"))
    return {"string": "text", "integer": "whole number"}.get(kind, kind)


def operations(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route of the API, with its method."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.rule.startswith(PREFIX):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def _made() -> dict[str, Any]:
    """The document for this request, made once; nobody changes it."""
    root, cameras = request.script_root, tuple(app_state().settings.camera_names())
    kept: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = current_app.extensions.setdefault("birbcam-openapi", {})
    if (root, cameras) not in kept:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[root, cameras] = make_document(current_app, list(cameras), root)
    return kept[root, cameras]


def make_document(app: Flask, cameras: list[str], root: str = "") -> dict[str, Any]:
    """The document; `cameras` give it examples, `root` is the path before all addresses."""
    types = [Problem]
    for operation in OPERATIONS.values():
        types += [one for one in (*operation.answers.values(), operation.body) if _is_type(one)]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = {str(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for rule, method in operations(app):
        described = _describe(app, rule, method, by_type, cameras)
        paths.setdefault(_PLACE.sub(r"{\1}", rule.rule), {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "BirbCam",
            "version": VERSION,
            "description": "Times are ISO 8601 in UTC. Errors are problem details (RFC 9457). A program sends its "
            "token with each request, as `Authorization: Bearer ...`; an admin makes one on the page "
            "Settings, Programs.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(app: Flask, rule: Rule, method: str, by_type: dict[str, Any], cameras: list[str]) -> dict[str, Any]:
    operation = OPERATIONS.get(rule.endpoint, Operation({}))
    said = (app.view_functions[rule.endpoint].__doc__ or "").strip()
    summary, _, description = said.partition("\n\n")
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": PATH.get(name, {"type": "string"}),
            **_example(name, cameras),
        }
        for name in _PLACE.findall(rule.rule)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()]
    if 412 in operation.errors and rule.endpoint.startswith("settings_api."):
        parameters.append({"name": "If-Match", "in": "header", "schema": _VERSION})
    role = "viewer" if may("viewer", method, rule.endpoint, rule.rule) else "admin"
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": " ".join(summary.split()),
        "tags": [_PLACE.sub("", rule.rule).removeprefix(PREFIX).partition("/")[0].partition(".")[0]],
        "x-role": role,
    }
    if description:
        described["description"] = " ".join(description.split())
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body, by_type)}
    described["responses"] = _responses(operation, role, by_type)
    return described


def _responses(operation: Operation, role: str, by_type: dict[str, Any]) -> dict[str, Any]:
    problem = {_PROBLEM: {"schema": by_type[str(Problem)]}}
    answers: dict[str, Any] = {}
    for status, type_ in operation.answers.items():
        answers[str(status)] = {"description": "Done"}
        if type_ is not None:
            answers[str(status)]["content"] = _content(type_, by_type)
    errors = {status: _ERRORS[status] for status in operation.errors}
    errors[401] = "No token, or none that counts"
    if role == "admin":
        errors[403] = "For admins"
    for status in sorted(errors):
        answers[str(status)] = {"description": errors[status], "content": problem}
    return answers


def _content(type_: Any, by_type: dict[str, Any]) -> dict[str, Any]:
    if isinstance(type_, Media):
        return {type_.kind: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": by_type[str(type_)]}}


def _is_type(one: Any) -> bool:
    return one is not None and not isinstance(one, Media)


def _example(name: str, cameras: list[str]) -> dict[str, Any]:
    return {"example": cameras[0]} if name == "name" and cameras else {}
