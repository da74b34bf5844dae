"""From the settings to libcamera's controls, of which only those are set that the camera offers.

What it offers is asked of the camera (`camera_controls`: name -> least, most, default), not listed here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from config.settings import CameraSettings

Offers = Mapping[str, tuple[Any, Any, Any]]
Controls = dict[str, Any]

# libcamera's numbers (include/libcamera/control_ids_core.yaml).
_EXPOSURE_LONG = 2
_WHITE = {"auto": 0, "incandescent": 1, "tungsten": 2, "fluorescent": 3, "indoor": 4, "daylight": 5, "cloudy": 6}
_NOISE = {"off": 0, "fast": 1, "high": 2}
_HDR_SINGLE_EXPOSURE = 3
_FOCUS = {"manual": 0, "auto": 1, "continuous": 2}

LIVE = frozenset(
    {
        *("brightness", "contrast", "saturation", "sharpness", "exposure", "exposure_time", "gain", "exposure_value"),
        *("slowest_fps", "white_balance", "red_gain", "blue_gain", "noise_reduction", "focus", "focus_distance"),
        *("show_clock", "day_night", "night_below", "day_above", "day_night_dwell"),
    }
)
"""Settings that change while the camera runs."""
REBUILT = frozenset(
    {
        *("encoder", "profile", "hflip", "vflip", "sensor_mode", "hdr", "night_pin", "night_pin_low"),
        *("microphone", "microphone_stereo", "microphone_gain", "microphone_high_pass", "microphone_delay"),
    }
)
"""Settings of a Pi camera alone that need its pipeline built anew, as sizes, rates and intervals do."""

_SAID_BY = {
    "Brightness": "brightness",
    "Contrast": "contrast",
    "Saturation": "saturation",
    "Sharpness": "sharpness",
    "ExposureTime": "exposure_time",
    "AnalogueGain": "gain",
    "ExposureValue": "exposure_value",
    "AeExposureMode": "exposure",
    "AeEnable": "exposure",
    "FrameDurationLimits": "fps",
    "AwbEnable": "white_balance",
    "AwbMode": "white_balance",
    "ColourGains": "white_balance",
    "NoiseReductionMode": "noise_reduction",
    "HdrMode": "hdr",
    "AfMode": "focus",
    "AfTrigger": "focus",
    "LensPosition": "focus_distance",
}
"""The setting that a control comes from: what a warning names."""


def wanted_controls(camera: CameraSettings, night: bool = False, running: bool = False) -> Controls:
    """What the settings ask for, by the names of libcamera's controls.

    `night`: the picture is grey. A camera that is `running` is also told what goes back to automatic.
    """
    controls: Controls = {
        "Brightness": camera.brightness,
        "Contrast": camera.contrast,
        "Saturation": 0.0 if night else camera.saturation,
        "Sharpness": camera.sharpness,
        "FrameDurationLimits": frame_durations(camera),
    }
    if camera.exposure == "manual":
        controls |= {"AeEnable": False, "ExposureTime": round(camera.exposure_time * 1000), "AnalogueGain": camera.gain}
    else:
        controls |= {"AeEnable": True, "ExposureValue": camera.exposure_value}
        controls["AeExposureMode"] = _EXPOSURE_LONG if camera.exposure == "night" else 0
        if running:
            controls |= {"ExposureTime": 0, "AnalogueGain": 0.0}  # picamera2 takes 0 for automatic
    if camera.white_balance == "manual":
        controls |= {"AwbEnable": False, "ColourGains": (camera.red_gain, camera.blue_gain)}
    else:
        controls |= {"AwbEnable": True, "AwbMode": _WHITE[camera.white_balance]}
    controls["NoiseReductionMode"] = _NOISE.get(camera.noise_reduction, _NOISE["fast"])  # picamera2's own for video
    if camera.hdr:
        controls["HdrMode"] = _HDR_SINGLE_EXPOSURE
    controls["AfMode"] = _FOCUS[camera.focus]
    if camera.focus == "auto":
        controls["AfTrigger"] = 0  # start
    elif camera.focus == "manual":
        controls["LensPosition"] = 1 / camera.focus_distance if camera.focus_distance else 0.0  # dioptres
    return controls


def frame_durations(camera: CameraSettings) -> tuple[int, int]:
    """The least and most microseconds a picture may take."""
    shortest = 1e6 / camera.fps
    longest = shortest
    if camera.exposure == "night":
        longest = 1e6 / min(camera.slowest_fps, camera.fps)
    elif camera.exposure == "manual":
        longest = max(shortest, camera.exposure_time * 1000)
    return round(shortest), round(longest)


def offered_controls(wanted: Mapping[str, Any], offers: Offers, camera: CameraSettings) -> tuple[Controls, list[str]]:
    """Of `wanted`, what the camera takes, moved into its ranges; and what to say of the rest.

    Nothing is said where a setting that the camera lacks has its default.
    """
    taken: Controls = {}
    lacking: dict[str, list[str]] = {}
    warnings = []
    for name, value in wanted.items():
        said = _SAID_BY[name]
        automatic = name in ("ExposureTime", "AnalogueGain") and value == 0
        if name not in offers:
            if getattr(camera, said) != _DEFAULTS[said] and not automatic:
                lacking.setdefault(said, []).append(name)
            continue
        least, most, _ = offers[name]
        taken[name] = value if automatic else _within(value, least, most)
        if taken[name] != value and name in _PLAIN and getattr(camera, said) == value != _DEFAULTS[said]:
            warnings.append(f"{said} {value:g} is beyond this camera's {least:g} to {most:g}")
    warnings += [f"{said} is left alone: this camera has no {', '.join(names)}" for said, names in lacking.items()]
    return taken, warnings


_PLAIN = ("Brightness", "Contrast", "Saturation", "Sharpness", "ExposureValue", "AnalogueGain")
_DEFAULTS = {field.name: field.default for field in dataclasses.fields(CameraSettings)}


def _within(value: Any, least: Any, most: Any) -> Any:
    """A number moved into its range; pairs and switches, and numbers without one, as they are."""
    if isinstance(value, tuple):
        return tuple(_within(part, least, most) for part in value)
    numbers = [type(part) in (int, float) for part in (value, least, most)]
    if not all(numbers) or least > most:
        return value
    return type(value)(min(max(value, least), most))
