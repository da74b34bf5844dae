"""Logging in and out, and setting the password."""

from __future__ import annotations

import logging
import math
import time

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from webapp.access import is_logged_in, log_in, safe_next
from webapp.passwords import password_problem
from webapp.state import app_state

log = logging.getLogger(__name__)
blueprint = Blueprint("auth", __name__)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """The password, please."""
    target = safe_next(request.values.get("next"))
    if app_state().passwords.hash() is None or is_logged_in():
        return redirect(target)
    if request.method == "GET":
        return render_template("login.html", error=None, next=target)
    if (error := _check_password(request.form.get("password", ""))) is not None:
        return render_template("login.html", error=error.text, next=target), error.status, error.headers
    log_in()
    return redirect(target, 303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session."""
    session.clear()
    return redirect(url_for("auth.login"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Set the first password, or change it; the guard lets nobody else here than who may."""
    first = app_state().passwords.hash() is None
    if request.method == "GET":
        return render_template("password.html", error=None, first=first)
    new = request.form.get("new", "")
    problem = password_problem(new)
    if problem is None and new != request.form.get("again", ""):
        problem = "The two new passwords are not the same."
    if problem is not None:
        return render_template("password.html", error=problem, first=first), 400
    if not first and (error := _check_password(request.form.get("old", ""))) is not None:
        return render_template("password.html", error=error.text, first=first), error.status, error.headers
    state = app_state()
    state.threads.heavy(state.passwords.set, new)
    log.info("the password was %s", "set" if first else "changed")
    log_in()
    return redirect(url_for("pages.dashboard"), 303)


class _Refusal:
    def __init__(self, text: str, status: int, wait: float = 0.0) -> None:
        self.text = text
        self.status = status
        self.headers = {"Retry-After": str(math.ceil(wait))} if wait else {}


def _check_password(given: str) -> _Refusal | None:
    """None when it is the password; else what to say, after more and more wrong ones to wait."""
    state = app_state()
    address = request.remote_addr or ""
    wait = state.throttle.pause(address, time.monotonic())
    if wait > 0:
        return _Refusal(f"Too many wrong passwords; wait {math.ceil(wait)} s and try again.", 429, wait)
    # Counted before the slow check, so that many tries at once do not slip through together.
    state.throttle.failed(address, time.monotonic())
    if not state.threads.heavy(state.passwords.verify, given):
        log.warning("a wrong password from %s", address)
        return _Refusal("This is not the password.", 403)
    state.throttle.succeeded(address)
    return None
