"""Who may come in, and what they may do there: the one place where roles are enforced.

    nobody     the log-in, static files and /healthz
    viewer     looks at everything (GET, HEAD) but what `ADMIN_WORDS` names; and may do what `VIEWERS_MAY` lists
    admin      everything

So a route that nobody thought of here is for admins where it changes something, and needs a log-in in any case. A
program comes with a token (`Authorization: Bearer ...`) instead of a session, and with the token's role. Without a
password only this computer itself may come in, as an admin.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from urllib.parse import quote

from flask import abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from config.errors import WebError
from config.network import is_local_name, is_loopback
from config.settings import Settings
from mediamtx.layout import Layout
from webapp.accounts import Accounts, Role, Token, User
from webapp.proxies import FORWARDED
from webapp.sessions import Session, device_of
from webapp.state import app_state
from webapp.users import UserFile

OPEN = {"static", "auth.login", "healthz"}
"""The endpoints that need no log-in; every other one does, a new one included."""

UNASKED = {"static", "healthz"}
"""Of these, those that are the same for everybody, so that nobody is asked who they are."""

SETUP = "setup.first"
"""The page that sets the first password."""

ADMIN_WORDS = frozenset({"settings", "system", "users", "tokens", "tuning"})
"""What has one of these as a part of its address is for admins, to look at as well."""

VIEWERS_MAY = frozenset(
    {
        "auth.logout",
        "account.page",
        "account.change_password",
        "account.end_session",
        "account.end_all",
        "archive.download",  # the clips that are chosen, in one file: a POST, as there may be many
        "whep.offer",
        "whep.candidates",
        "whep.leave",
    }
)
"""The endpoints that viewers may use though they send something, or though they are settings: their own."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

csrf = CSRFProtect()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent the request: nobody, a user, a program with a token, or this computer while there is no password."""

    role: Role | None = None
    user: User | None = None
    session: Session | None = None
    token: Token | None = None


def visitor() -> Visitor:
    """Who sent the current request; nobody before `guard` has asked."""
    found: Visitor = g.get("visitor", Visitor())
    return found


def may_change() -> bool:
    """Whether the visitor may change things."""
    return visitor().role == "admin"


def check_exposure(settings: Settings, users: UserFile) -> None:
    """Raises WebError where the app would be open to the network without a password, or with a damaged users' file.

    A set-up code is as good: with it, the first visitor sets the password and sees nothing else before.
    """
    users.check()
    if settings.web.https_only and not settings.web.trusted_proxies:
        raise WebError(
            "web.https_only needs a proxy that makes the https, and its address in web.trusted_proxies "
            "(docs/reverse-proxy.md)"
        )
    if users.read().closed or setup_code(Layout.of(settings)) is not None:
        return
    cure = 'which needs a password; set one with "./birbcam password"'
    if not is_loopback_host(settings.web.host):
        raise WebError(
            f'web.host = "{settings.web.host}" opens the web app to the network, {cure}, or set web.host to "127.0.0.1"'
        )
    if settings.web.trusted_proxies:
        raise WebError(f"web.trusted_proxies opens the web app to whoever reaches the proxy, {cure}")


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
        and not any(name in request.headers for name in FORWARDED)
    )


def is_from_lan() -> bool:
    """Whether the request comes from a network like this one's: not over the internet, and not through a proxy."""
    try:
        ip = ipaddress.ip_address((request.remote_addr or "").partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return not (mapped or ip).is_global and not any(name in request.headers for name in FORWARDED)


def setup_code(layout: Layout) -> str | None:
    """The code that sets the first password; None where no installation made one. Raises WebError."""
    try:
        return layout.setup_code.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise WebError(f"{layout.setup_code}: cannot be read ({error}); type: sudo ./birbcam install") from error


def begin_session(user: User) -> None:
    """Log this browser in; the session that it had ends."""
    state, now = app_state(), time.time()
    if (before := visitor().session) is not None:
        state.sessions.end([before], now)
    session.clear()
    device = device_of(request.headers.get("User-Agent", ""))
    session["secret"] = state.sessions.begin(user, request.remote_addr or "", device, now)
    session.permanent = True


def guard() -> ResponseReturnValue | None:
    """Run before every request: None lets it pass."""
    if any(ord(letter) < 32 or letter in "\\\x7f" for letter in request.path):
        abort(404, "There is no such page.")  # no name of ours has these, and file systems choke on them
    if request.endpoint in UNASKED:
        return None
    if current_app.config["HTTPS_ONLY"] and not request.is_secure:
        abort(403, "BirbCam is opened by its https:// address alone; this one is not encrypted.")
    accounts = app_state().users.read()
    g.visitor = who = _identify(accounts)
    if request.endpoint not in OPEN and who.role is None:
        if not accounts.closed:
            return _ask_for_setup()
        if request.method == "GET" and wants_page():
            return redirect(url_for("auth.login", next=_here()))
        raise Unauthorized("You are not logged in; load the page again to log in.")
    if request.endpoint and request.url_rule is not None:  # else there is no such address, or method
        allowed = request.endpoint in OPEN or may(who.role, request.method, request.endpoint, request.url_rule.rule)
        if not allowed:
            abort(403, _whom_to_ask(accounts, who))
        if who.token is None:  # no browser sends a token by itself, so no foreign page can make it do so
            csrf.protect()
    return None


def may(role: Role | None, method: str, endpoint: str, rule: str) -> bool:
    """Whether this role may do this; `rule` is the route as it is written, `/camera/<name>`."""
    if role == "admin":
        return True
    if role == "viewer" and endpoint in VIEWERS_MAY:
        return True
    return role == "viewer" and method in SAFE and not ADMIN_WORDS & set(rule.split("/"))


def wants_page() -> bool:
    """Whether a person's browser navigates, as opposed to a program or a script that fetches."""
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")


def safe_next(target: str | None) -> str:
    """Where to go after the log-in: an address of this app, whatever the link said."""
    home = url_for("pages.dashboard")
    if not target or not target.startswith(home) or target.startswith(("//", "/\\")):
        return home
    if any(ord(letter) <= 32 or letter == "\\" for letter in target):
        return home
    return target


def _identify(accounts: Accounts) -> Visitor:
    state, now = app_state(), time.time()
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":  # other kinds are a proxy's business
        token = accounts.token(secret.strip())
        if token is None:
            raise Unauthorized(
                "This token is not known, or was revoked; an admin makes a new one on the page Settings, Programs.",
                www_authenticate=WWWAuthenticate("bearer", {"error": "invalid_token"}),
            )
        state.sessions.token_used(token.key, now)
        return Visitor(token.role, token=token)
    if not accounts.closed:
        return Visitor("admin") if is_from_here() else Visitor()
    found = state.sessions.find(str(session.get("secret", "")), accounts, now)
    user = accounts.user(found.user) if found is not None else None
    if found is None or user is None:
        return Visitor()
    state.sessions.seen(found, request.remote_addr or "", now)
    return Visitor(user.role, user=user, session=found)


def _ask_for_setup() -> ResponseReturnValue | None:
    """Nobody has set a password, and this is not this computer: the set-up page, where there is a code for it."""
    asked = setup_code(app_state().layout) is not None and is_from_lan()
    if asked and request.endpoint == SETUP:
        csrf.protect()
        return None
    if asked and request.method == "GET" and wants_page():
        return redirect(url_for(SETUP))
    raise Forbidden("No password is set, so only this computer can open BirbCam; set one with: ./birbcam password")


def _here() -> str:
    """The address that was asked for, within this app."""
    path, query = request.script_root + quote(request.path), request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def _whom_to_ask(accounts: Accounts, who: Visitor) -> str:
    admins = accounts.admins()
    names = " or ".join(filter(None, [", ".join(admins[:-1]), admins[-1]])) if admins else "an admin"
    what = "This token is for looking" if who.token else "Your account is for watching"
    return f"{what}, and this is for admins. Ask {names}."
