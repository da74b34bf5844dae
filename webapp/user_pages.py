"""Users: who may log in, and as what. For admins."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config.errors import AccountError
from webapp.access import visitor
from webapp.account import session_or_404, sessions_of
from webapp.accounts import Accounts, User, clean_name, known_role, new_user
from webapp.auth import leave, new_password_problem
from webapp.passwords import hash_password
from webapp.state import app_state, not_found

log = logging.getLogger(__name__)
blueprint = Blueprint("users", __name__, url_prefix="/settings/users")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """All users, and a form for one more."""
    return _page(None)


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Add a user."""
    state = app_state()
    if not state.users.read().closed:
        return redirect(url_for("auth.password"), 303)  # the first one is an admin, or nobody could come in
    try:
        name, role = clean_name(request.form.get("name", "")), known_role(request.form.get("role", ""))
        if (problem := new_password_problem(name)) is not None:
            raise AccountError(problem)
        user = state.threads.hashing(new_user, name, role, request.form["new"], time.time())
        _change(lambda accounts: accounts.with_user(user))
    except AccountError as error:
        return _page(str(error)), 400
    _log("added the %s %s", role, name)
    return redirect(url_for(".page", done="added"), 303)


@blueprint.get("/<key>")
def one(key: str) -> ResponseReturnValue:
    """One user: role, password, sessions."""
    return _one(_user_or_404(key), None)


@blueprint.post("/<key>/role")
def change_role(key: str) -> ResponseReturnValue:
    """Make an admin of a viewer, or the other way round; it counts from the next click on."""
    user = _user_or_404(key)
    try:
        role = known_role(request.form.get("role", ""))
        _change(lambda accounts: accounts.with_changed(key, role=role))
    except AccountError as error:
        return _one(user, str(error)), 400
    _log("made %s %s", user.name, role)
    return redirect(url_for(".one", key=key, done="role"), 303)


@blueprint.post("/<key>/password")
def change_password(key: str) -> ResponseReturnValue:
    """Set a new password for a user; all sessions of the user end."""
    user = _user_or_404(key)
    if user == visitor().user:
        return redirect(url_for("account.page"), 303)  # which asks for the present one
    if (problem := new_password_problem(user.name)) is not None:
        return _one(user, problem), 400
    hashed = app_state().threads.hashing(hash_password, request.form["new"])
    _change(lambda accounts: accounts.with_changed(key, password=hashed))
    _log("set a new password for %s%s", user.name, "")
    return redirect(url_for(".one", key=key, done="password"), 303)


@blueprint.post("/<key>/delete")
def delete(key: str) -> ResponseReturnValue:
    """Delete a user, whose sessions end at once."""
    user = _user_or_404(key)
    try:
        _change(lambda accounts: accounts.without_user(key))
    except AccountError as error:
        return _one(user, str(error)), 400
    _log("deleted %s%s", user.name, "")
    return leave() if user == visitor().user else redirect(url_for(".page", done="deleted"), 303)


@blueprint.post("/<key>/sessions/<handle>/end")
def end_session(key: str, handle: str) -> ResponseReturnValue:
    """End one session of a user."""
    session = session_or_404(_user_or_404(key), handle)
    if session == visitor().session:
        return leave([session])
    app_state().sessions.end([session], time.time())
    return redirect(url_for(".one", key=key, done="session"), 303)


@blueprint.post("/<key>/sessions/end")
def end_all(key: str) -> ResponseReturnValue:
    """Log a user out everywhere."""
    user = _user_or_404(key)
    if user == visitor().user:
        return leave(sessions_of(user))
    app_state().sessions.end(sessions_of(user), time.time())
    return redirect(url_for(".one", key=key, done="session"), 303)


def _user_or_404(key: str) -> User:
    user = app_state().users.read().user(key)
    if user is None:
        not_found("There is no such user any more.")
    return user


def _change(change: Callable[[Accounts], Accounts]) -> None:
    state = app_state()
    before = state.users.read().tokens
    accounts = state.threads.disk(state.users.change, change)
    for token in before:
        if token not in accounts.tokens:
            log.info("the token %s ends with what its maker was", token.name)
    state.sessions.tidy(accounts, time.time())


def _log(what: str, *about: str) -> None:
    who = visitor().user or visitor().token
    log.info(f"%s {what}", who.name if who else "somebody on this computer", *about)


def _page(error: str | None) -> str:
    accounts = app_state().users.read()
    last = {user.key: max((session.seen for session in sessions_of(user)), default=None) for user in accounts.users}
    return render_template(
        "settings/users.html", users=accounts.users, last=last, error=error, entered=request.form, done=_done()
    )


def _one(user: User, error: str | None) -> str:
    accounts = app_state().users.read()
    tokens = accounts.tokens_of(user.key)
    return render_template(
        "settings/user.html",
        user=user,
        sessions=sessions_of(user),
        last_admin=accounts.admins() == [user.name],
        tokens=tokens,
        admin_tokens=[token for token in tokens if token.role == "admin"],
        error=error,
        done=_done(),
    )


def _done() -> str | None:
    return request.args.get("done") if request.method == "GET" else None
