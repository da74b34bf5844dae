"""Answers made smaller: 304 where the asker has this already, and gzip for what is large and holds no secret.

The length of a packed answer tells what a secret in it has in common with text that an attacker chose (BREACH). So
pages, with their CSRF token, and settings, users and tokens stay as they are; scripts and styles are the same for
everybody, and the lists of the API hold no secret.
"""

from __future__ import annotations

import gzip

from flask import Response, request
from werkzeug.http import parse_accept_header

from webapp.access import ADMIN_WORDS
from webapp.state import app_state

LEAST = 1400  # bytes; what fits into one packet gains nothing
LEVEL = 5
MOST_KEPT = 64  # packed files kept in memory: there are about so many scripts and styles
PACKED = {"application/json", "text/css", "text/javascript", "image/svg+xml"}

_kept: dict[str, bytes] = {}  # by name and ETag


def finish(response: Response) -> Response:
    """Run after every request."""
    if request.path.startswith("/api/") and request.method in ("GET", "HEAD") and response.status_code == 200:
        _make_conditional(response)
    if _may_pack(response):
        response.vary.add("Accept-Encoding")
        if response.status_code == 200 and _takes_gzip():
            _pack(response)
    return response


def _make_conditional(response: Response) -> None:
    if response.mimetype != "application/json" or response.cache_control.no_store or "ETag" in response.headers:
        return
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.add_etag(weak=True)
    response.make_conditional(request)


def _may_pack(response: Response) -> bool:
    if response.mimetype not in PACKED or "Content-Encoding" in response.headers or "Range" in request.headers:
        return False
    if request.endpoint == "static":
        return True
    return request.path.startswith("/api/") and not ADMIN_WORDS & set(request.path.split("/"))


def _takes_gzip() -> bool:
    return request.method == "GET" and parse_accept_header(request.headers.get("Accept-Encoding"))["gzip"] > 0


def _pack(response: Response) -> None:
    """Pack the body; a file's once, as it comes again and again."""
    if (response.content_length or 0) < LEAST and not response.is_sequence:
        return
    key = f"{request.path} {response.headers.get('ETag')}" if request.endpoint == "static" else ""
    packed = _kept.get(key)
    if packed is None:
        response.direct_passthrough = False
        data = response.get_data()
        if len(data) < LEAST:
            return
        packed = app_state().threads.disk(gzip.compress, data, LEVEL, mtime=0)
        if key:
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = packed
    else:
        response.close()
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.headers.get("ETag"):
        response.headers["ETag"] = etag if etag.startswith("W/") else f"W/{etag}"
    response.accept_ranges = None  # type: ignore[assignment]
