"""The Flask app: `create_app(settings)`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, NotFound

from config.errors import BirbCamError
from config.settings import Settings
from mediamtx.layout import Layout
from webapp import (
    VERSION,
    account,
    archive,
    auth,
    camera_pages,
    camera_settings,
    clips,
    decisions,
    exports,
    live,
    manual,
    other_settings,
    pages,
    settings_api,
    settings_pages,
    setup,
    stills,
    timeline,
    token_pages,
    tuning,
    user_pages,
    vod,
    whep,
)
from webapp.access import csrf, guard, may_change, visitor, wants_page
from webapp.api import add_api
from webapp.cors import answer_preflight
from webapp.following import Following
from webapp.headers import CookieSessions, add_headers
from webapp.passwords import session_secret
from webapp.problems import status_of
from webapp.proxies import TrustedProxies
from webapp.state import AppState, app_state, hold_state
from webapp.static_files import version_static_files
from webapp.status import StatusBoard
from webapp.users import UserFile

log = logging.getLogger(__name__)

BODY_TIMEOUT = 15.0  # s
LARGEST_BODY = 64 * 1024  # bytes; forms and JSON, nothing is uploaded


def create_app(settings: Settings, environ: Mapping[str, str] | None = None) -> Flask:
    """The app over these settings; with `environ` it follows the files that they came from.

    Raises StorageError where the key of the sessions cannot be kept.
    """
    layout = Layout.of(settings)
    app = Flask(__name__)
    app.secret_key = session_secret(layout)
    app.session_interface = CookieSessions()
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings.web.session_days),
        # Cookies do not know ports: two apps on one computer would log each other out.
        SESSION_COOKIE_NAME=f"birbcam_{settings.web.port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        HTTPS_ONLY=settings.web.https_only,  # as at the start, like the proxies that are believed
        WTF_CSRF_CHECK_DEFAULT=False,  # the guard asks for it: programs with a token need none
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: pages stay open for days
        WTF_CSRF_SSL_STRICT=False,  # compares Referer with Host, which a proxy may have rewritten
    )
    state = AppState(settings, layout, UserFile(layout), StatusBoard(settings))
    app.extensions["birbcam"] = state
    if environ is not None:
        Following(app, state, environ)
    app.before_request(hold_state)
    app.before_request(_read_body)
    app.before_request(answer_preflight)
    app.before_request(guard)
    csrf.init_app(app)
    version_static_files(app)
    for module in (settings_api, tuning, settings_pages, camera_pages, other_settings):
        app.register_blueprint(module.blueprint)
    for module in (user_pages, token_pages, account):
        app.register_blueprint(module.blueprint)
    for module in (pages, camera_settings, live, whep, stills, manual, clips, decisions, archive, auth, setup):
        app.register_blueprint(module.blueprint)
    for module in (vod, timeline, exports):
        app.register_blueprint(module.blueprint)
    add_api(app)
    app.add_url_rule("/healthz", "healthz", lambda: jsonify({"ok": True}))
    app.after_request(add_headers)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(BirbCamError, _our_error)

    @app.context_processor
    def common() -> dict[str, Any]:
        return {
            "logged_in": visitor().user is not None,
            "may_change": may_change(),
            "me": visitor(),
            "password_set": state.users.read().closed,
            "version": VERSION,
        }

    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.web.trusted_proxies)  # type: ignore[method-assign]
    return app


def _read_body() -> None:
    """The whole body, small as it has to be, so that nobody keeps a request open by sending it drop by drop."""
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        try:
            with app_state().threads.limit(BODY_TIMEOUT):
                request.get_data()
        except TimeoutError:
            abort(HTTPStatus.REQUEST_TIMEOUT, "The request was not sent to its end.")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if code < 400:  # a redirect of the router's
        return error.get_response()
    message = error.description or ""
    if isinstance(error, CSRFError):
        message = "This page is too old, or your browser keeps no cookies; load it again and repeat."
    if message == NotFound.description:  # the router's own words
        message = "There is no such page. The link may be old, or the clip was deleted."
    if code == HTTPStatus.INTERNAL_SERVER_ERROR:
        message = "Something went wrong in BirbCam; its log says what."
    response = _error_response(code, error.name, message)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):  # Allow, Content-Range, Retry-After
            response.headers[name] = value
    return response


def _our_error(error: BirbCamError) -> ResponseReturnValue:
    code = status_of(error)
    if code == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    return _error_response(code, code.phrase, str(error))


def _error_response(code: int, title: str, message: str) -> Response:
    if wants_page():
        response = Response(render_template("error.html", code=code, title=title, message=message), code)
    else:
        response = jsonify({"type": "about:blank", "title": title, "status": code, "detail": message})  # RFC 9457
        response.mimetype = "application/problem+json"
        response.status_code = code
    response.cache_control.no_store = True
    return response
