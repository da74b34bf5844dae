"""The pages of settings that are about cameras: the list, adding one, one camera, and its motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from camera.settings import PI_ONLY
from config.check import settings_of
from config.redaction import redact
from config.settings import PI_CAMERA, CameraSettings
from mediamtx.requests import can_ask
from mediamtx.saved_settings import Stored
from webapp.access import may_change
from webapp.camera_settings import has_settings
from webapp.setting_fields import SettingField, camera_keys, fields_of, label_of
from webapp.settings_api import is_ours, stored_settings
from webapp.state import app_state, camera_or_404

WHERE = ("title", "enabled", "source", "detect_url")
"""The settings that say what a camera is."""
MOTION = ("motion", "sensitivity", "min_size", "confirm_frames", "pre", "post", "merge_gap", "max_event")
AREAS = "ignore"
FURTHER_MOTION = ("main_decode", "detect_offset")
ENCODED = (
    *("width", "height", "fps", "bit_rate", "keyframe_interval", "audio_bit_rate"),
    *("detect_width", "detect_fps", "detect_keyframe_interval"),
)

blueprint = Blueprint("camera_pages", __name__)


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading."""

    title: str
    fields: list[SettingField]
    explain: str = ""
    folded: bool = False  # closed until somebody opens it


@dataclass(frozen=True, slots=True)
class Listed:
    """A camera in the list."""

    name: str
    title: str
    source: str  # without its password
    enabled: bool
    state: str
    motion: bool
    ours: bool  # added on a page
    stands_in: bool  # it is there because none is configured
    gear: bool  # its machine has a settings server


@blueprint.get("/settings/cameras")
def listed() -> ResponseReturnValue:
    """All cameras."""
    stored = stored_settings()
    cameras = [
        _listed(stored, name) for name in app_state().settings.camera_names() if name in stored.now.settings.cameras
    ]
    return render_template("settings/cameras.html", cameras=cameras)


@blueprint.get("/settings/cameras/add")
def add() -> ResponseReturnValue:
    """Another camera."""
    return render_template("settings/camera_add.html")


@blueprint.get("/settings/cameras/<name>")
def one(name: str) -> ResponseReturnValue:
    """What a camera is, and how it is encoded."""
    camera_or_404(name)
    stored = stored_settings()
    camera = _listed(stored, name)
    groups = [Group("Camera", _fields(stored, name, WHERE))]
    on_a_pi = PI_CAMERA.fullmatch(stored.now.settings.cameras[name].source) is not None
    if not (on_a_pi and camera.gear):
        explain = "For cameras that do not send H.264 or H.265 themselves, and for the small stream."
        groups.append(Group("Picture and sound", _fields(stored, name, ENCODED), explain, folded=not on_a_pi))
    known = {*WHERE, *MOTION, AREAS, *FURTHER_MOTION, *ENCODED}
    rest = [one for one in settings_of(CameraSettings) if one not in known and (on_a_pi or one not in _of_a_pi())]
    groups.append(Group("More", _fields(stored, name, rest), folded=True))
    return render_template("settings/camera.html", camera=camera, groups=groups, **common(stored))


@blueprint.get("/settings/cameras/<name>/motion")
def motion(name: str) -> ResponseReturnValue:
    """How motion is looked for in a camera's picture."""
    camera_or_404(name)
    stored = stored_settings()
    areas = _fields(stored, name, [AREAS])[0]
    fields = {field.key.rpartition(".")[2]: field for field in _fields(stored, name, MOTION)}
    sensitivity = fields.pop("sensitivity")
    groups = [
        Group("What counts", [fields.pop(one) for one in ("motion", "min_size", "confirm_frames")]),
        Group("Clips", list(fields.values())),
        Group("More", _fields(stored, name, FURTHER_MOTION), folded=True),
    ]
    return render_template(
        "settings/motion.html",
        camera=_listed(stored, name),
        areas=areas,
        sensitivity=sensitivity,
        groups=groups,
        **common(stored),
    )


@blueprint.app_template_global()
def settings_of_camera(name: str) -> str:
    """Where a camera's settings are, "" for who may not see them: for a Pi's camera its picture, set most often."""
    if not may_change():
        return ""
    return url_for("camera_settings.form" if has_settings(name) else "camera_pages.one", name=name)


@blueprint.app_template_filter()
def sentence(text: str) -> str:
    """A help of the table, which is written for a file, as a form shows it."""
    return text[:1].upper() + text[1:].replace('""', "empty")


@blueprint.app_template_filter()
def setting_label(name: str) -> str:
    """A setting's name for people."""
    return label_of(name)


def common(stored: Stored) -> dict[str, Any]:
    """What every page with a form of settings needs."""
    return {
        "stored_version": stored.version,
        "can_restart": can_ask(app_state().layout),
    }


def _fields(stored: Stored, name: str, names: Any) -> list[SettingField]:
    return fields_of(stored, camera_keys(name, names))


def _of_a_pi() -> frozenset[str]:
    return PI_ONLY


def _listed(stored: Stored, name: str) -> Listed:
    camera = stored.now.settings.cameras[name]
    return Listed(
        name=name,
        title=camera.title or name,
        source=redact(camera.source),
        enabled=camera.enabled,
        state=app_state().board.status(name).state if camera.enabled else "off",
        motion=camera.motion,
        ours=is_ours(stored, name),
        stands_in=not any(key.startswith(f"cameras.{name}.") for key in stored.now.origins),
        gear=has_settings(name),
    )
