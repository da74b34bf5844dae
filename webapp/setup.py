"""The first visit after an installation: the code that it printed sets the password."""

from __future__ import annotations

import logging
import math
import time

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config.setup_code import same_code
from webapp.access import begin_session, setup_code
from webapp.accounts import FIRST
from webapp.passwords import password_problem
from webapp.state import app_state, not_found

log = logging.getLogger(__name__)
blueprint = Blueprint("setup", __name__)


@blueprint.route("/setup", methods=["GET", "POST"])
def first() -> ResponseReturnValue:
    """The code, please, and a new password; the guard lets nobody here who is not from this network."""
    state = app_state()
    code = setup_code(state.layout)
    if state.users.read().closed:
        return redirect(url_for("pages.dashboard"))
    if code is None:
        not_found("There is no set-up code; type: sudo ./birbcam install")
    if request.method == "GET":
        return render_template("setup.html", error=None)
    new, given = request.form.get("new", ""), request.form.get("code", "")
    problem, status = password_problem(new, FIRST), 400
    if problem is None and new != request.form.get("again", ""):
        problem = "The two passwords are not the same."
    if problem is None:
        address, now = request.remote_addr or "", time.monotonic()
        if (wait := state.throttle.pause(address, now)) > 0:
            problem, status = f"Too many wrong codes; wait {math.ceil(wait)} s and try again.", 429
        elif not same_code(given, code):
            state.throttle.failed(address, now)
            log.warning("a wrong set-up code from %s", address)
            problem, status = "This is not the code that the installation printed.", 403
    if problem is not None:
        return render_template("setup.html", error=problem), status
    user = state.threads.hashing(state.users.set_password, new)
    state.layout.setup_code.unlink(missing_ok=True)
    log.info("the password was set with the set-up code")
    begin_session(user)
    return redirect(url_for("pages.dashboard"), 303)
