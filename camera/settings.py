"""What can be set of a Pi's camera, as pure data: a form is made from it, and changes are checked against it.

The settings, their types, ranges and words are config's table; what this camera has of them, and how far it goes, is
what the camera said of itself (the event `camera` of `camera.picamera`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from camera.pi_controls import LIVE, REBUILT
from config.check import check_value, nearest, settings_of
from config.fields import Setting
from config.settings import PI_CAMERA, CameraSettings

Kind = Literal["switch", "whole", "number", "choice", "text"]
Value = bool | int | float | str

LONGEST_TEXT = 200  # characters
_LARGEST = 1e15  # what a number may be before its range is looked at

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Picture": (
        *("brightness", "contrast", "saturation", "sharpness", "white_balance", "red_gain", "blue_gain"),
        *("noise_reduction", "hdr", "hflip", "vflip", "show_clock"),
    ),
    "Exposure and focus": (
        *("exposure", "exposure_value", "exposure_time", "gain", "slowest_fps", "focus", "focus_distance"),
    ),
    "Day and night": (*("day_night", "night_below", "day_above", "day_night_dwell", "night_pin", "night_pin_low"),),
    "Stream": (
        *("width", "height", "fps", "bit_rate", "keyframe_interval", "sensor_mode", "encoder", "profile"),
        *("detect_width", "detect_fps", "detect_keyframe_interval"),
    ),
    "Sound": (
        *("microphone", "microphone_stereo", "microphone_gain", "microphone_high_pass", "microphone_delay"),
        "audio_bit_rate",
    ),
}
"""What is offered, in the order of a form."""

# The controls of libcamera of which a camera must have one, for the setting to mean anything.
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "brightness": ("Brightness",),
    "contrast": ("Contrast",),
    "saturation": ("Saturation",),
    "sharpness": ("Sharpness",),
    "white_balance": ("AwbMode", "AwbEnable"),
    "red_gain": ("ColourGains",),
    "blue_gain": ("ColourGains",),
    "noise_reduction": ("NoiseReductionMode",),
    "hdr": ("HdrMode",),
    "exposure": ("AeEnable", "AeExposureMode", "ExposureTime"),
    "exposure_value": ("ExposureValue",),
    "exposure_time": ("ExposureTime",),
    "gain": ("AnalogueGain",),
    "focus": ("AfMode",),
    "focus_distance": ("LensPosition",),
}
_OWN_HDR = "imx708"  # whose sensor has HDR of its own, which libcamera does not list


NOT_PUBLISHED = frozenset({
    "title", "enabled", "motion", "sensitivity", "pre", "post", "merge_gap", "max_event", "detect_offset",
    "min_size", "confirm_frames", "ignore", "main_decode", "settings_url", "settings_token",
})  # fmt: skip
"""What a publisher does not see: a change of these must not interrupt it."""

PI_ONLY = LIVE | REBUILT
"""What only a Pi's camera module has."""


def unseen(camera: CameraSettings) -> frozenset[str]:
    """The settings whose change leaves the publisher of this camera alone."""
    return NOT_PUBLISHED | LIVE if PI_CAMERA.fullmatch(camera.source.strip()) else NOT_PUBLISHED | PI_ONLY


def interrupts(camera: CameraSettings, name: str) -> bool:
    """Whether the picture pauses for some seconds when this setting changes."""
    return name not in unseen(camera)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of one camera."""

    name: str
    group: str
    kind: Kind
    value: Value
    default: Value
    help: str
    unit: str
    low: float | None
    high: float | None
    step: float | None  # a useful one; values between are as good
    choices: tuple[str, ...]
    applies: Literal["live", "rebuild"]
    """`live`: while the picture goes on; `rebuild`: the picture pauses for about three seconds."""


def fields_of(camera: CameraSettings, offers: Mapping[str, Any]) -> tuple[Field, ...]:
    """What can be set. `offers` is what the camera said; where that is nothing yet, all is offered."""
    table = settings_of(CameraSettings)
    return tuple(
        _field(name, group, table[name], getattr(camera, name), offers)
        for group, names in GROUPS.items()
        for name in names
        if _has(name, offers)
    )


def check_changes(changes: Mapping[str, Any], fields: Iterable[Field]) -> tuple[dict[str, Value], dict[str, str]]:
    """The values that differ from those now, converted; and per name what is wrong. Nothing of it may be taken then."""
    known = {field.name: field for field in fields}
    table = settings_of(CameraSettings)
    wanted: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for name, value in changes.items():
        if name not in known:
            problems[_short(name)] = _unknown(name, known)
            continue
        kind, setting, _ = table[name]
        try:
            checked = _check(known[name], kind, setting, value)
        except ValueError as error:
            problems[name] = str(error)
        else:
            if checked != known[name].value:
                wanted[name] = checked
    return wanted, problems


def applies(names: Iterable[str]) -> Literal["nothing", "live", "rebuild"]:
    """How a change of these settings takes effect."""
    names = set(names)
    return "nothing" if not names else "live" if names <= LIVE else "rebuild"


def _has(name: str, offers: Mapping[str, Any]) -> bool:
    if not offers or name not in _NEEDS:
        return True
    if name == "hdr" and str(offers.get("model", "")).startswith(_OWN_HDR):
        return True
    return any(control in offers.get("controls", {}) for control in _NEEDS[name])


def _field(
    name: str, group: str, documented: tuple[type, Setting, Any], value: Any, offers: Mapping[str, Any]
) -> Field:
    kind, setting, default = documented
    low, high = _range(name, setting, offers)
    choices = setting.choices or _modes(name, offers)
    return Field(
        name=name,
        group=group,
        kind="choice" if choices else _KINDS[kind],
        value=value,
        default=default,
        help=setting.help,
        unit=setting.unit,
        low=low,
        high=high,
        step=_step(name, kind, low, high),
        choices=choices if value in choices or not choices else (*choices, str(value)),
        applies="live" if name in LIVE else "rebuild",
    )


_KINDS: Mapping[type, Kind] = {bool: "switch", int: "whole", float: "number", str: "text"}


def _modes(name: str, offers: Mapping[str, Any]) -> tuple[str, ...]:
    modes = offers.get("modes", ()) if name == "sensor_mode" else ()
    return ("", *dict.fromkeys(f"{mode['width']}x{mode['height']}" for mode in modes)) if modes else ()


def _range(name: str, setting: Setting, offers: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """What config allows and the camera can, both."""
    if setting.low is None or setting.high is None:
        return setting.low, setting.high
    low, high = setting.low, setting.high
    own = _own_range(name, offers)
    if own is not None and own[0] <= own[1] and own[0] <= high and own[1] >= low:  # a nonsensical one is left alone
        low, high = max(low, own[0]), min(high, own[1])
    return low, high


def _own_range(name: str, offers: Mapping[str, Any]) -> tuple[float, float] | None:
    modes = offers.get("modes") or ()
    if modes and name in ("width", "height"):
        return 0, max(mode[name] for mode in modes)
    if modes and name == "fps":
        return 0, math.ceil(max(mode["fps"] for mode in modes))
    limits = offers.get("controls", {}).get(_NEEDS.get(name, ("",))[0])
    if limits is None or not all(type(limit) in (int, float) for limit in limits[:2]):
        return None
    least, most = limits[:2]
    if name == "exposure_time":
        return least / 1000, most / 1000  # us to ms
    if name == "focus_distance":  # dioptres to metres; 0 is infinity in both
        return (0.0 if least <= 0 else 1 / most), math.inf
    return (least, most) if name in _PLAIN else None


_PLAIN = frozenset({"brightness", "contrast", "saturation", "sharpness", "exposure_value", "gain"})


def _step(name: str, kind: type, low: float | None, high: float | None) -> float | None:
    if kind is int:
        return 2 if name in ("width", "height") else 1
    if kind is not float or low is None or high is None or not high > low:
        return None
    return min(1.0, max(0.01, float(10 ** math.floor(math.log10((high - low) / 100)))))


def _check(field: Field, kind: type, setting: Setting, value: Any) -> Value:
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError(f"out of range{_allowed(field)}")
    if isinstance(value, str) and (len(value) > LONGEST_TEXT or not value.isprintable()):
        raise ValueError(f"must be a line of at most {LONGEST_TEXT} characters")
    checked: Value = check_value(kind, setting, value, Path("/"))
    if field.kind == "choice" and checked not in field.choices:
        raise ValueError(f"allowed: {', '.join(choice or 'none' for choice in field.choices)}")
    if field.low is None or field.high is None or isinstance(checked, str) or checked == field.value:
        return checked
    if not field.low <= checked <= field.high:
        raise ValueError(f"beyond what this camera can{_allowed(field)}")
    return checked


def _allowed(field: Field) -> str:
    if field.low is None or field.high is None:
        return ""
    unit = f" {field.unit}" if field.unit else ""
    return f"; allowed: {field.low:g} to {field.high:g}{unit}"


def _unknown(name: str, known: Mapping[str, Field]) -> str:
    if name in _NEEDS and name in {field.name for field in dataclasses.fields(CameraSettings)}:
        return f"this camera has no {' or '.join(_NEEDS[name])}"
    return f"there is no such setting here{nearest(_short(name), known)}"


def _short(name: str) -> str:
    return name if len(name) <= 50 else f"{name[:50]}..."
