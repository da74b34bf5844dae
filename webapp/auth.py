"""Logging in and out, and setting the first password."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from config.errors import StorageError
from webapp.access import begin_session, safe_next, visitor
from webapp.accounts import FIRST, User, plain
from webapp.passwords import hash_password, is_weak_hash, password_problem, verify_password
from webapp.sessions import Session
from webapp.state import app_state
from webapp.throttle import user_key

log = logging.getLogger(__name__)
blueprint = Blueprint("auth", __name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in, for people, with the status and headers that say it to programs."""

    text: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """The password, please; and the name, where there is more than one user."""
    target = safe_next(request.values.get("next"))
    accounts = app_state().users.read()
    if not accounts.closed or visitor().role is not None:
        return redirect(target, 303)
    page = {"next": target, "ask_name": len(accounts.users) > 1, "first_name": FIRST}
    if request.method == "GET":
        return render_template("login.html", error=None, name="", **page)
    app_state().users.check()
    name = request.form.get("username", "")
    found = check_password(name, request.form.get("password", ""))
    if isinstance(found, Refusal):
        return render_template("login.html", error=found.text, name=name[:100], **page), found.status, found.headers
    log.info("%s logged in from %s", found.name, request.remote_addr)
    begin_session(found)
    return redirect(target, 303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session."""
    ended = visitor().session
    return leave([ended] if ended is not None else [])


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Set the first password, on this computer: the guard lets nobody else here while there is none."""
    state = app_state()
    if state.users.read().closed:
        return redirect(url_for("account.page"), 303)
    if request.method == "GET":
        return render_template("password.html", error=None)
    new = request.form.get("new", "")
    if (problem := new_password_problem(FIRST)) is not None:
        return render_template("password.html", error=problem), 400
    user = state.threads.hashing(state.users.set_password, new)
    log.info("the first password was set")
    begin_session(user)
    return redirect(url_for("pages.dashboard"), 303)


def leave(ended: Iterable[Session] = ()) -> ResponseReturnValue:
    """End these sessions, then to the log-in, with nothing left in the browser: a full disk keeps nobody logged in."""
    if ended:
        try:
            app_state().sessions.end(ended, time.time())
        except StorageError as error:
            log.warning("a session ended here, and may be back after a restart: %s", error)
    session.clear()
    response = redirect(url_for("auth.login"), 303)
    if request.is_secure:  # browsers listen to it there alone; clips and pictures are kept for a day otherwise
        response.headers["Clear-Site-Data"] = '"cache"'
    return response


def new_password_problem(name: str) -> str | None:
    """What is wrong with the new password of a form, which has it twice, for the user `name`."""
    new = request.form.get("new", "")
    problem = password_problem(new, name)
    return problem or (None if new == request.form.get("again", "") else "The two new passwords are not the same.")


def check_password(name: str, given: str) -> User | Refusal:
    """The user of this name, where this is the password; else what to say, after more and more wrong ones to wait.

    Says the same, as slowly, whether there is such a user or not.
    """
    state, now = app_state(), time.monotonic()
    accounts = state.users.read()
    user, address = accounts.named(name), request.remote_addr or ""
    known = user is not None and any(s.address == address for s in state.sessions.of(user, accounts, time.time()))
    key = user_key(user.key if user is not None else f"{plain(name)[:100]}?", address, known)
    wait = max(state.throttle.pause(address, now), state.user_throttle.pause(key, now))
    if wait > 0:
        seconds = math.ceil(wait)
        return Refusal(f"Too many wrong passwords; wait {seconds} s and try again.", 429, {"Retry-After": str(seconds)})
    # Counted before the slow check, so that many tries at once do not slip through together.
    state.throttle.failed(address, now)
    state.user_throttle.failed(key, now)
    if not state.threads.hashing(verify_password, user.password if user is not None else None, given) or user is None:
        log.warning("a wrong password from %s", address)  # not the name: some type their password there
        return Refusal("This is not the password." if len(accounts.users) == 1 else "Name or password is wrong.", 403)
    state.throttle.succeeded(address)
    state.user_throttle.succeeded(key)
    return _with_present_hash(user, given)


def _with_present_hash(user: User, given: str) -> User:
    """The user, the password hashed anew where the library has become more careful since."""
    if not is_weak_hash(user.password):
        return user
    state = app_state()
    hashed = state.threads.hashing(hash_password, given)
    changed = state.threads.disk(state.users.change, lambda all_: all_.with_changed(user.key, password=hashed))
    return changed.user(user.key) or user
