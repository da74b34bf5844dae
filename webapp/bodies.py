"""Bodies of requests to the API are checked here, before any view, against the types in `webapp.api_table`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from webapp.api_table import OPERATIONS, Media

_PLACE = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)


def check_body() -> ResponseReturnValue | None:
    """Run before every request, after the guard: None lets it pass, else what is wrong with which key.

    415 where it is not said to be JSON, 400 where it is none, or lacks what the type wants.
    """
    operation = OPERATIONS.get(request.endpoint or "")
    if operation is None or operation.body is None or isinstance(operation.body, Media):
        return None
    data = request.get_data()
    if data and not request.is_json:
        abort(415, "Send JSON, and say so: Content-Type: application/json.")
    problem = problem_of(data, operation.body)
    return None if problem is None else problem_answer(*problem, operation.cure)


def problem_of(data: bytes, wanted: Any) -> tuple[str, str] | None:
    """The key that is wrong, "" for the whole, and why; None where the JSON is as `wanted` says."""
    try:
        msgspec.json.decode(data, type=wanted)
    except msgspec.ValidationError as error:
        match = _PLACE.match(str(error))
        assert match is not None
        return match[2] or "", match[1]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return "", f"This is not JSON: {error}"
    except RecursionError:
        return "", "This JSON is nested too deeply"
    return None


def problem_answer(key: str, said: str, cure: str) -> Response:
    """400 with what is wrong where, and what would be right."""
    detail = f"{key}: {said}. {cure}" if key else f"{said}. {cure}"
    errors = [{"key": key, "detail": said}]
    answer = jsonify({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail, "errors": errors})
    answer.mimetype = "application/problem+json"
    answer.status_code = 400
    answer.cache_control.no_store = True
    return answer


def text_fields(*names: str) -> dict[str, str]:
    """Fields of a form, or of JSON, that all have to be there; 400 where one is not."""
    sent: Any = request.get_json() if request.is_json else request.form
    values: dict[str, str] = {}
    for name in names:
        value = sent.get(name) if isinstance(sent, Mapping) else None
        if not isinstance(value, str) or not value:
            abort(400, f"Send {' and '.join(names)}, as JSON or as a form; {name} is missing.")
        values[name] = value
    return values
