"""Programs: the tokens with which they come in. For admins."""

from __future__ import annotations

import logging
import time

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config.errors import AccountError
from webapp.access import visitor
from webapp.accounts import Token, known_role, new_token
from webapp.state import app_state, not_found

log = logging.getLogger(__name__)
blueprint = Blueprint("tokens", __name__, url_prefix="/settings/tokens")


@blueprint.get("")
def page() -> ResponseReturnValue:
    """All tokens, and a form for one more."""
    return _page()


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Make a token; it is shown in this answer, and never again."""
    state = app_state()
    if not state.users.read().closed:
        return redirect(url_for("auth.password"), 303)
    try:
        role = known_role(request.form.get("role", ""))
        token, secret = new_token(request.form.get("name", ""), role, time.time(), _maker())
        state.threads.disk(state.users.change, lambda accounts: accounts.with_token(token))
    except AccountError as error:
        return _page(error=str(error)), 400
    log.info("%s made the %s token %s", _who(), token.role, token.name)
    response = make_response(_page(made=token, secret=secret))
    response.cache_control.no_store = True
    return response


@blueprint.post("/<key>/revoke")
def revoke(key: str) -> ResponseReturnValue:
    """Revoke a token, which counts no more from now on."""
    state = app_state()
    token = next((token for token in state.users.read().tokens if token.key == key), None)
    if token is None:
        not_found("This token was revoked already.")
    accounts = state.threads.disk(state.users.change, lambda all_: all_.without_token(key))
    state.sessions.tidy(accounts, time.time())
    log.info("%s revoked the token %s", _who(), token.name)
    return redirect(url_for(".page", done="revoked"), 303)


def _maker() -> str:
    """The key of the user behind this request: a token that a program makes is its own maker's."""
    who = visitor()
    return who.user.key if who.user else who.token.maker if who.token else ""


def _who() -> str:
    who = visitor().user or visitor().token
    return who.name if who else "somebody on this computer"


def _page(made: Token | None = None, secret: str = "", error: str | None = None) -> str:
    state = app_state()
    accounts = state.users.read()
    makers = {user.key: user.name for user in accounts.users}
    tokens = [(token, state.sessions.last_used(token.key), makers.get(token.maker)) for token in accounts.tokens]
    done = request.args.get("done") if request.method == "GET" else None
    return render_template(
        "settings/tokens.html", tokens=tokens, made=made, secret=secret, error=error, entered=request.form, done=done
    )
