"""The web app follows the settings files: what was changed, here or by hand, counts without a restart.

The folders are those of the start until the web app is started again, and so is what `config.effect` says of it.
"""

from __future__ import annotations

import copy
import dataclasses
import logging
import threading
import time
from collections.abc import Mapping
from typing import cast

from flask import Flask, abort, current_app

from config.follow import Follower
from config.load import load_settings
from config.settings import Settings
from mediamtx.layout import Layout
from webapp.state import AppState

EVERY = 1.0  # s between two looks
_KEY = "birbcam-following"


class Following:
    """The settings files of a running app."""

    def __init__(self, app: Flask, state: AppState, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._app, self._started = app, state.settings
        self._follower = Follower(lambda: load_settings(environ), state.settings, environ)
        self._looked = 0.0
        self._looking = threading.Lock()
        app.extensions[_KEY] = self
        app.before_request(self.look)

    def look(self, at_once: bool = False) -> None:
        """Take over what has changed, at most once a second unless `at_once`; who is being answered keeps the old."""
        now = time.monotonic()
        if not at_once and now - self._looked < EVERY:
            return
        self._looked = now  # the others need not wait for this look
        with self._looking:
            state: AppState = self._app.extensions["birbcam"]
            if state.threads.disk(self._follower.look):
                self._app.extensions["birbcam"] = _with_settings(state, self._follower.settings, self._started)
                logging.getLogger().setLevel(self._follower.settings.log_level.upper())


def following() -> Following:
    """That of the current app; 503 where it was made of fixed settings."""
    found = current_app.extensions.get(_KEY)
    if found is None:
        abort(503, "This web app was started without settings files, so nothing can be changed here.")
    return cast(Following, found)


def _with_settings(state: AppState, settings: Settings, started: Settings) -> AppState:
    """The same state over other settings; sessions and all else that lives on stays."""
    folders = {name: getattr(started, name) for name in ("media_dir", "output_dir", "state_dir")}
    settings = dataclasses.replace(settings, **folders)
    new = copy.copy(state)
    object.__setattr__(new, "settings", settings)
    object.__setattr__(new, "layout", Layout.of(settings))
    new.manual.follow(settings, new.layout)
    return new
