"""Who may come in: nobody without the password, and without one only this computer itself."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from urllib.parse import quote

from flask import abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from config.errors import WebError
from config.network import is_local_name, is_loopback
from config.settings import Settings
from mediamtx.layout import Layout
from webapp.passwords import PasswordFile
from webapp.state import app_state

OPEN = {"static", "auth.login", "healthz"}
"""The endpoints that need no log-in; every other one does, a new one included."""

SETUP = "setup.first"
"""The page that sets the first password."""

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def check_exposure(settings: Settings, passwords: PasswordFile) -> None:
    """Raises WebError where the app would be open to the network without a password, or with a damaged one.

    A set-up code is as good: with it, the first visitor sets the password and sees nothing else before.
    """
    passwords.check()
    host = settings.web.host
    if passwords.hash() is None and not is_loopback_host(host) and setup_code(Layout.of(settings)) is None:
        raise WebError(
            f'web.host = "{host}" opens the web app to the network, which needs a password; set one with '
            '"./birbcam password", or set web.host to "127.0.0.1"'
        )


def is_loopback_host(host: str) -> bool:
    """Whether listening on `host` is heard by this computer alone."""
    try:
        addresses = {item[4][0] for item in socket.getaddrinfo(host or None, 0, flags=socket.AI_PASSIVE)}
    except (OSError, UnicodeError) as error:
        raise WebError(f'web.host = "{host}" is no address of this computer ({error}); correct it') from error
    return all(is_loopback(str(address)) for address in addresses)


def is_from_here() -> bool:
    """Whether the request comes from a browser on this computer, and not through a proxy on it."""
    return (
        is_loopback(request.remote_addr or "")
        and is_local_name(request.headers.get("Host", ""))
        and not any(name in request.headers for name in _FORWARDED)
    )


def is_from_lan() -> bool:
    """Whether the request comes from a network like this one's: not over the internet, and not through a proxy."""
    try:
        ip = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return not (mapped or ip).is_global and not any(name in request.headers for name in _FORWARDED)


def setup_code(layout: Layout) -> str | None:
    """The code that sets the first password; None where no installation made one. Raises WebError."""
    try:
        return layout.setup_code.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise WebError(f"{layout.setup_code}: cannot be read ({error}); type: sudo ./birbcam install") from error


def is_logged_in() -> bool:
    """Whether the session belongs to the present password."""
    fingerprint = app_state().passwords.fingerprint(_secret())
    return bool(fingerprint) and hmac.compare_digest(str(session.get("login", "")), fingerprint)


def log_in() -> None:
    """Tie the session to the present password."""
    session.clear()
    session["login"] = app_state().passwords.fingerprint(_secret())
    session.permanent = True


def guard() -> ResponseReturnValue | None:
    """Run before every request: None lets it pass."""
    if any(ord(letter) < 32 or letter in "\\\x7f" for letter in request.path):
        abort(404, "There is no such page.")  # no name of ours has these, and file systems choke on them
    if request.endpoint in OPEN:
        return None
    if app_state().passwords.hash() is None:
        if setup_code(app_state().layout) is not None and is_from_lan():
            if request.endpoint == SETUP:
                return None
            if request.method == "GET" and wants_page():
                return redirect(url_for(SETUP))
        if not is_from_here():
            abort(403, "No password is set, so only this computer can open BirbCam; set one with: ./birbcam password")
        return None
    if is_logged_in():
        return None
    if request.method == "GET" and wants_page():
        here = request.script_root + quote(request.path)
        query = request.query_string.decode("latin-1")
        return redirect(url_for("auth.login", next=f"{here}?{query}" if query else here))
    raise Unauthorized("You are not logged in; load the page again to log in.")


def wants_page() -> bool:
    """Whether a person's browser navigates, as opposed to a program or a script that fetches."""
    return "text/html" in request.headers.get("Accept", "")


def safe_next(target: str | None) -> str:
    """Where to go after the log-in: an address of this app, whatever the link said."""
    home = url_for("pages.dashboard")
    if not target or not target.startswith(home) or target.startswith(("//", "/\\")):
        return home
    if any(ord(letter) <= 32 or letter == "\\" for letter in target):
        return home
    return target


def _secret() -> bytes:
    secret = current_app.secret_key
    assert isinstance(secret, bytes)
    return secret
