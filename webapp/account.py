"""Your account: the own password, and the own sessions."""

from __future__ import annotations

import logging
import time

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.access import begin_session, visitor
from webapp.accounts import User
from webapp.auth import Refusal, check_password, leave, new_password_problem
from webapp.passwords import hash_password
from webapp.sessions import Session
from webapp.state import app_state, not_found

log = logging.getLogger(__name__)
blueprint = Blueprint("account", __name__, url_prefix="/settings/account")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """The password's form, and where this user is logged in."""
    if visitor().user is None and visitor().token is None:
        return redirect(url_for("auth.password"))  # this computer, without a password
    return _page(_user(), None)


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Change the own password; every other session of this user ends."""
    user, state = _user(), app_state()
    if (problem := new_password_problem(user.name)) is not None:
        return _page(user, problem), 400
    found = check_password(user.name, request.form.get("old", ""))
    if isinstance(found, Refusal):
        return _page(user, found.text), found.status, found.headers
    hashed = state.threads.hashing(hash_password, request.form.get("new", ""))
    accounts = state.threads.disk(state.users.change, lambda all_: all_.with_changed(user.key, password=hashed))
    log.info("%s changed the own password", user.name)
    begin_session(accounts.user(user.key) or user)
    state.sessions.tidy(accounts, time.time())
    return redirect(url_for(".page", done="password"), 303)


@blueprint.post("/sessions/<handle>/end")
def end_session(handle: str) -> ResponseReturnValue:
    """End one of the own sessions."""
    session = session_or_404(_user(), handle)
    if session == visitor().session:
        return leave([session])
    app_state().sessions.end([session], time.time())
    return redirect(url_for(".page", done="session"), 303)


@blueprint.post("/sessions/end")
def end_all() -> ResponseReturnValue:
    """Log out everywhere, here as well."""
    user = _user()
    log.info("%s logs out everywhere", user.name)
    return leave(sessions_of(user))


def sessions_of(user: User) -> list[Session]:
    """Where a user is logged in."""
    return app_state().sessions.of(user, app_state().users.read(), time.time())


def session_or_404(user: User, handle: str) -> Session:
    """This user's session that pages call so."""
    found = next((session for session in sessions_of(user) if session.handle == handle), None)
    if found is None:
        not_found("This session has ended already.")
    return found


def _user() -> User:
    user = visitor().user
    if user is None:
        not_found("Only a user who is logged in has an account.")
    return user


def _page(user: User, error: str | None) -> str:
    done = request.args.get("done") if request.method == "GET" else None
    return render_template("settings/account.html", user=user, sessions=sessions_of(user), error=error, done=done)
