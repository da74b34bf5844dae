"""Pages of other origins may use the API, where `web.cors_origins` names them: with a token, never with our cookie.

`Access-Control-Allow-Credentials` is never sent, so what a browser adds by itself opens nothing; and whoever comes from
such an origin without a token is refused, a cookie or not.
"""

from __future__ import annotations

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from webapp.state import app_state

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
HEADERS = "Authorization, Content-Type, If-Match, If-None-Match"
EXPOSED = "ETag, Location, Retry-After"
AGE = 600  # s that a browser remembers the answer to its question


def answer_preflight() -> ResponseReturnValue | None:
    """Run before every request, before the guard: a browser asks without a token whether it may ask."""
    origin = allowed_origin()
    if origin is None:
        return None
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        if not request.headers.get("Authorization", "").lower().startswith("bearer "):
            abort(401, "A page elsewhere needs a token: Authorization: Bearer ....")
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = METHODS
    response.headers["Access-Control-Allow-Headers"] = HEADERS
    response.headers["Access-Control-Max-Age"] = str(AGE)
    return response


def add_cors(response: Response) -> Response:
    """Run after every request."""
    if request.path.startswith("/api/") and app_state().settings.web.cors_origins:
        response.vary.add("Origin")
        if (origin := allowed_origin()) is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
    return response


def allowed_origin() -> str | None:
    """The foreign origin that asks, where it may; None else."""
    origin = request.headers.get("Origin", "")
    allowed = [one.strip() for one in app_state().settings.web.cors_origins.split(",")]
    return origin if origin and request.path.startswith("/api/") and origin in allowed else None
