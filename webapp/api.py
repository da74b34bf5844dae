"""The HTTP API as a whole: what is done for every request to it, before and after its views."""

from __future__ import annotations

from flask import Flask

from webapp import aliases, cameras, openapi, system
from webapp.answers import finish
from webapp.bodies import check_body
from webapp.cors import add_cors


def add_api(app: Flask) -> None:
    """The addresses that are for programs first, and the checks of all; the guard must be there already."""
    app.before_request(check_body)
    app.after_request(add_cors)
    app.after_request(finish)
    for module in (cameras, system, openapi, aliases):
        app.register_blueprint(module.blueprint)
