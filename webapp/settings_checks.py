"""What the web app itself must refuse, so that nobody locks himself out with its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.check import Problem
from config.errors import WebError
from webapp.access import is_loopback_host
from webapp.server import open_listener


def web_problems(
    changes: Mapping[str, Any],
    present: Mapping[str, Any],
    below: Mapping[str, Any],
    has_password: bool,
    by_https: bool = False,
) -> list[Problem]:
    """What is wrong with new settings of this web app: at its next start, it must be reached by who sets them.

    `present` and `below` are as for `config.saved.with_changes`, `by_https` is whether that is how they are sent.
    """
    changes = {key: below.get(key) if value is None else value for key, value in changes.items()}
    return _address_problems(changes, present, has_password) or _proxy_problems(
        changes, present, has_password, by_https
    )


def _proxy_problems(
    changes: Mapping[str, Any], present: Mapping[str, Any], has_password: bool, by_https: bool
) -> list[Problem]:
    proxies, https_only = (changes.get(key, present[key]) for key in ("web.trusted_proxies", "web.https_only"))
    if "web.trusted_proxies" in changes and proxies and not has_password:
        said = "opens the page to whoever reaches the proxy, which needs a password; set one first"
        return [_of("web.trusted_proxies", said)]
    if https_only is True and not proxies:
        key = "web.https_only" if "web.https_only" in changes else "web.trusted_proxies"
        return [_of(key, "web.https_only needs a proxy that makes the https, named in web.trusted_proxies")]
    if changes.get("web.https_only") is True and not by_https:
        return [_of("web.https_only", "would lock you out: open this page by its https:// address, and set it there")]
    return []


def _address_problems(changes: Mapping[str, Any], present: Mapping[str, Any], has_password: bool) -> list[Problem]:
    host, port = (changes.get(key, present[key]) for key in ("web.host", "web.port"))
    if not isinstance(host, str) or type(port) is not int or not 0 < port < 65536:
        return []  # the table says so
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
