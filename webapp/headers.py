"""What every answer tells the browser to be careful with, and the cookie."""

from __future__ import annotations

import hashlib

from flask import Flask, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from webapp.access import visitor

YEAR = 365 * 86400  # s

SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",  # hls.js feeds the video through blob:
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone"),
            *("midi", "payment", "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking"),
        )
    ),
}
"""In every answer. The pictures come from cameras of the house: the page never needs those of who looks at it."""

HSTS = f"max-age={YEAR}"
"""Without subdomains, and only with `web.https_only`: it holds for all ports of the name, other programs' as well."""


def add_headers(response: Response) -> Response:
    """Run after every request."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["HTTPS_ONLY"] and request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    if "Cache-Control" not in response.headers:
        response.cache_control.private = True
        response.cache_control.no_cache = True
    return response


class CookieSessions(SecureCookieSessionInterface):
    """The cookie: for https alone where the page came over https, for this app's path alone, and none for programs."""

    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_path(self, app: Flask) -> str:
        return request.script_root or "/"

    def get_cookie_name(self, app: Flask) -> str:
        """With the prefix that makes browsers refuse such a cookie from pages that are not encrypted."""
        prefix = ("__Secure-" if request.script_root else "__Host-") if request.is_secure else ""
        return prefix + super().get_cookie_name(app)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if visitor().token is None:
            super().save_session(app, session, response)
