"""What the web app itself must refuse, so that nobody locks himself out with its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.check import Problem
from config.errors import WebError
from webapp.access import is_loopback_host
from webapp.server import open_listener


def web_problems(changes: Mapping[str, Any], present: Mapping[str, Any], has_password: bool) -> list[Problem]:
    """What is wrong with a new address of this web app: at its next start, it must be able to listen there."""
    host, port = (changes.get(key, present[key]) for key in ("web.host", "web.port"))
    if not isinstance(host, str) or type(port) is not int or not 0 < port < 65536:
        return []  # the table says so, or the default counts again
    try:
        if host != present["web.host"]:
            key = "web.host"
            if not has_password and not is_loopback_host(host):
                return [_of(key, "opens the page to the network, which needs a password; set one first")]
            open_listener(host, 0).close()
        if port != present["web.port"]:
            key = "web.port"
            open_listener(host, port).close()
    except WebError as error:
        return [_of(key, str(error))]
    return []


def _of(key: str, said: str) -> Problem:
    return Problem.of("web page", key, said)
