"""The HTTP API as a whole: what is done for every request to it, before and after its views."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from webapp import aliases, cameras, openapi, system
from webapp.answers import finish
from webapp.bodies import check_body
from webapp.cors import add_cors


class _JSON(DefaultJSONProvider):
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """As Python does; what is nested too deeply is as wrong as what is no JSON."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def add_api(app: Flask) -> None:
    """The addresses that are for programs first, and the checks of all; the guard must be there already."""
    app.json = _JSON(app)
    app.before_request(check_body)
    app.after_request(add_cors)
    app.after_request(finish)
    for module in (cameras, system, openapi, aliases):
        app.register_blueprint(module.blueprint)
