"""The settings as forms and programs see them: made from the one table, so that a new setting needs no new form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from camera.settings import interrupts
from config.check import settings_of
from config.effect import ONLY_IN_FILE, Part, restarts
from config.fields import Setting
from config.load import ENVIRONMENT, TABLES
from config.redaction import MARK, redact
from config.saved import setting_of, values_of
from config.settings import CameraSettings, Settings
from mediamtx.saved_settings import Stored

Kind = Literal["switch", "whole", "number", "choice", "text", "polygons"]
Layer = Literal["default", "file", "saved", "environment"]

_KINDS: dict[type, Kind] = {bool: "switch", int: "whole", float: "number"}
_LABELS = {
    "fps": "Pictures per second", "detect_url": "Small stream", "slowest_fps": "Slowest pictures per second",
    "detect_fps": "Pictures per second, small", "hflip": "Mirror left to right", "vflip": "Mirror top to bottom",
    "hdr": "HDR", "ignore": "Ignored areas", "pre": "Before the motion", "post": "After the motion",
    "merge_gap": "Pause that ends no event", "max_event": "Longest clip", "min_size": "Smallest thing",
    "confirm_frames": "Pictures in a row", "motion": "Look for motion", "segment_days": "Keep recordings for",
    "clip_days": "Keep clips for", "max_used": "Use at most", "keep_free": "Leave free", "part": "Flushed at a time",
    "segment": "Length of a file", "detect_segment": "Length of a small file", "enabled": "Switched on",
    "media_dir": "Recordings", "output_dir": "Clips", "state_dir": "State", "binary": "MediaMTX", "log_file": "Log",
    "longest_recording": "Longest recording by hand", "session_days": "A log-in lasts",
}  # fmt: skip
"""Where the name itself would read badly."""


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting with its value, as safe to be sent to a browser."""

    key: str  # dotted
    label: str
    kind: Kind
    value: Any
    layer: Layer
    origin: str  # the file or variable that decides, "" for the default
    below: Any  # what it would be if nothing were saved
    help: str
    unit: str
    low: float | None
    high: float | None
    step: float | None
    choices: tuple[str, ...]
    fixed: bool  # not to be changed on a page
    secret: bool
    restart: Part  # which program has to be started again
    pauses: bool  # the camera's picture pauses for some seconds

    @property
    def is_changed(self) -> bool:
        """Whether the page saved it."""
        return self.layer == "saved"


def fields_of(stored: Stored, keys: Iterable[str] | None = None) -> list[SettingField]:
    """The settings called by `keys`, or all, in the order of the table. Keys that there are none of are left out."""
    now, below = values_of(stored.now.settings), values_of(stored.below.settings)
    return [_field(stored, key, now[key], below.get(key)) for key in (now if keys is None else keys) if key in now]


def camera_keys(name: str, names: Sequence[str]) -> list[str]:
    """The dotted keys of a camera's settings."""
    return [f"cameras.{name}.{one}" for one in names]


def keys_but(taken: Iterable[str]) -> list[str]:
    """The keys of all settings that belong to no camera, but for those that stand elsewhere."""
    known = [*settings_of(Settings), *(f"{table}.{name}" for table, cls in TABLES.items() for name in settings_of(cls))]
    taken = set(taken)
    return [key for key in known if key not in taken and key not in ONLY_IN_FILE]


def layer_of(stored: Stored, key: str) -> tuple[Layer, str]:
    """Which layer decides, and its file or variable."""
    table, _, name = key.rpartition(".")
    origins = stored.now.origins
    origin = origins.get(key) or (origins.get(f"camera.{name}") if table.startswith("cameras.") else None)
    if origin is None:
        return "default", ""
    if origin == str(stored.now.saved_file):
        return "saved", origin
    return ("environment" if origin in ENVIRONMENT else "file"), origin


def label_of(name: str) -> str:
    """A setting's name for people."""
    return _LABELS.get(name) or name.replace("_", " ").capitalize().replace("Url", "address").replace(" rtsp", " RTSP")


def shown(setting: Setting, value: Any) -> Any:
    """A value as JSON takes it, without what is secret in it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [[list(corner) for corner in area] for area in value]
    if setting.secret:
        return redact(value) if setting.form == "source" else MARK if value else ""
    return value


def _field(stored: Stored, key: str, value: Any, below: Any) -> SettingField:
    found = setting_of(key)
    assert found is not None, key
    kind, setting, default = found
    name = key.rpartition(".")[2]
    layer, origin = layer_of(stored, key)
    camera = stored.now.settings.cameras.get(key.split(".")[1]) if key.startswith("cameras.") else None
    return SettingField(
        key=key,
        label=label_of(name),
        kind="choice" if setting.choices else "polygons" if setting.form == "polygons" else _KINDS.get(kind, "text"),
        value=shown(setting, value),
        layer=layer,
        origin=Path(origin).name if layer in ("file", "saved") else origin,
        below=shown(setting, default if below is None else below),
        help=setting.help,
        unit=setting.unit,
        low=setting.low,
        high=setting.high,
        step=_step(kind, setting),
        choices=setting.choices,
        fixed=key in ONLY_IN_FILE or layer == "environment",
        secret=setting.secret,
        restart=restarts(key),
        pauses=camera is not None and _pauses(camera, name),
    )


def _pauses(camera: CameraSettings, name: str) -> bool:
    return camera.enabled and interrupts(camera, name)


def _step(kind: type, setting: Setting) -> float | None:
    if kind is int:
        return 1
    if kind is not float or setting.low is None or setting.high is None:
        return None
    return min(1.0, max(0.01, float(10 ** math.floor(math.log10(max(setting.high - setting.low, 1e-9) / 100)))))
