"""A reverse proxy in front: what it says of the browser counts, where the settings name it, and from nobody else.

`web.trusted_proxies` lists addresses. Only what comes from one of them may say, in X-Forwarded-For, -Proto and -Prefix,
who the browser is, whether it came over https, and under which path. X-Forwarded-Host is never read: proxies hand on
Host itself. werkzeug's ProxyFix does the reading; what it cannot do, as it counts proxies instead of knowing them, is
decided here: how many of the addresses in X-Forwarded-For, from its end, are proxies that may be believed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from config.networks import Network, parse_networks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via")
"""Headers by which a request shows that it came through a proxy."""

_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", re.ASCII)


class TrustedProxies:
    """WSGI middleware: the browser's own address, scheme and path for what came through a trusted proxy."""

    def __init__(self, app: WSGIApplication, trusted: str) -> None:
        """`trusted` is the setting. Raises ValueError where it is no list of addresses."""
        self._app = app
        self._trusted = parse_networks(trusted)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        peer, said = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        believed = believed_addresses(peer, said, self._trusted)
        if believed is None:
            return self._app(environ, start_response)
        # What stays in the headers is what was checked: a quote in them would make ProxyFix split them elsewhere.
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip()
        prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
        environ["HTTP_X_FORWARDED_FOR"] = ", ".join(believed)
        environ["HTTP_X_FORWARDED_PROTO"] = scheme if scheme in ("http", "https") else ""
        environ["HTTP_X_FORWARDED_PREFIX"] = prefix if _PREFIX.fullmatch(prefix) else ""
        fixed = ProxyFix(self._app, x_for=len(believed), x_proto=1, x_host=0, x_port=0, x_prefix=1)
        return fixed(environ, start_response)


def believed_addresses(peer: str, forwarded_for: str, trusted: Iterable[Network]) -> list[str] | None:
    """The end of X-Forwarded-For that may be believed, the browser first; None where `peer` is no trusted proxy.

    Each proxy adds whom it heard from. So the last is what our own proxy says, the one before it what that one says,
    which counts if that one is trusted as well; and what a browser itself made up stands before all of these.
    """
    trusted = tuple(trusted)
    if not _is_in(peer, trusted):
        return None
    believed: list[str] = []
    for address in reversed([part.strip() for part in forwarded_for.split(",")]):
        if (ip := _parsed(address)) is None:
            break
        believed.insert(0, str(ip))
        if not _is_in(address, trusted):
            break
    return believed


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    ip = _parsed(address)
    return ip is not None and any(ip in network for network in networks)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip
