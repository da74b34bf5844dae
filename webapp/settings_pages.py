"""What the pages of settings share: the list of them, which stands beside each (templates/settings/base.html)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.access import may_change, visitor
from webapp.state import app_state


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """An entry of the list."""

    endpoint: str
    title: str
    icon: str
    for_all: bool = False  # viewers have it, too


PAGES = (
    SettingsPage("camera_pages.listed", "Cameras", "camera"),
    SettingsPage("other_settings.recording", "Recording", "clips"),
    SettingsPage("other_settings.storage", "Storage", "disk"),
    SettingsPage("other_settings.network", "Network", "network"),
    SettingsPage("users.page", "Users", "people"),
    SettingsPage("tokens.page", "Programs", "key"),
    SettingsPage("openapi.page", "API", "braces"),
    SettingsPage("account.page", "Your account", "person", for_all=True),
    SettingsPage("system.page", "System", "chip"),
    SettingsPage("other_settings.doctor", "Doctor", "pulse"),
    SettingsPage("other_settings.about", "About", "info"),
)
"""In the order in which they stand there; the first one that a visitor may see is where "Settings" leads."""

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings")
def index() -> ResponseReturnValue:
    """The first page of settings."""
    return redirect(url_for(settings_pages()[0].endpoint))


@blueprint.app_template_global()
def settings_pages() -> list[SettingsPage]:
    """The pages of settings that this visitor may see."""
    pages = PAGES if may_change() else [page for page in PAGES if page.for_all]
    return [page for page in pages if visitor().user is not None or page.endpoint != "account.page"]


@blueprint.app_template_global()
def settings_here() -> SettingsPage | None:
    """The page of the list that is open: the one asked for, else the first of the same blueprint."""
    topic = "camera_pages" if request.blueprint == "camera_settings" else request.blueprint  # a Pi camera's picture
    same = [page for page in PAGES if page.endpoint.partition(".")[0] == topic]
    return next((page for page in same if page.endpoint == request.endpoint), same[0] if same else None)


@blueprint.app_template_filter()
def moment(when: float | None) -> str:
    """A Unix time for people: "21 Nov 2026, 18:03", in the zone of the settings."""
    if not when:
        return "never"
    local = datetime.fromtimestamp(when, app_state().settings.zone)
    return f"{local.day} {local:%b %Y, %H:%M}"
