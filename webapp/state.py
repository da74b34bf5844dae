"""What one running web app holds, made once in `create_app`; routes reach it through `app_state()`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import NoReturn

from flask import abort, current_app, g

from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import ClipName
from webapp.export_board import ExportBoard
from webapp.manual_board import ManualBoard
from webapp.sessions import Sessions
from webapp.status import StatusBoard
from webapp.still_board import StillBoard
from webapp.threads import Threads
from webapp.throttle import FREE_OF_USER, Throttle
from webapp.users import UserFile

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class AppState:
    """Settings and what lives as long as the process."""

    settings: Settings
    layout: Layout
    users: UserFile
    board: StatusBoard
    throttle: Throttle = field(default_factory=Throttle)  # of addresses
    user_throttle: Throttle = field(default_factory=lambda: Throttle(FREE_OF_USER))
    threads: Threads = field(default_factory=Threads)
    exports: ExportBoard = field(default_factory=ExportBoard)
    sessions: Sessions = field(init=False)
    stills: StillBoard = field(init=False)
    manual: ManualBoard = field(init=False)

    def __post_init__(self) -> None:
        lifetime = self.settings.web.session_days * 86400
        object.__setattr__(self, "sessions", Sessions(self.layout.web_sessions, lifetime, self.threads))
        object.__setattr__(self, "stills", StillBoard(self.layout, self.threads))
        object.__setattr__(self, "manual", ManualBoard(self.settings, self.layout, self.threads))


def app_state() -> AppState:
    """The state of the app that answers the current request."""
    state: AppState = g.get("state") or current_app.extensions["birbcam"]
    return state


def hold_state() -> None:
    """Run before every request: what it begins with it ends with, though the settings may change meanwhile."""
    g.state = current_app.extensions["birbcam"]


def not_found(message: str) -> NoReturn:
    """End the request with 404 and a sentence for people."""
    abort(404, message)


def camera_or_404(name: str) -> CameraSettings:
    """The camera called so; nothing else from an address ever becomes part of a path."""
    settings = app_state().settings
    if name not in settings.camera_names():
        not_found("There is no camera with this name.")
    return settings.cameras[name]


def day_or_404(text: str) -> date:
    """The day written `2026-11-20`, in no other of the ways ISO 8601 knows, and not at the edge of the calendar."""
    try:
        if _DAY.fullmatch(text) and 1970 <= (day := date.fromisoformat(text)).year < 9999:
            return day
    except ValueError:
        pass
    not_found("There is no such day.")


def clip_name(stem: str) -> ClipName | None:
    """The clip's name written as the layout writes it; None for what is none, or at the edge of the calendar."""
    name = ClipName.parse(stem)
    return name if name is not None and 1970 <= name.start.year < 9999 else None


def clip_name_or_404(stem: str) -> ClipName:
    """The clip's name, as `clip_name`."""
    name = clip_name(stem)
    if name is None:
        not_found("There is no such clip.")
    return name
