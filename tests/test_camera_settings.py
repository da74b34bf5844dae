"""What can be set of a Pi's camera: the form's fields, and how changes are checked."""

from __future__ import annotations

import ast
import inspect
import json
import math
from dataclasses import asdict
from typing import Any

import pytest

from camera import settings as module
from camera.pi_controls import LIVE, REBUILT
from camera.settings import GROUPS, Field, applies, check_changes, fields_of
from config.settings import CameraSettings

NOTHING_KNOWN: dict[str, Any] = {}
MODULE_3: dict[str, Any] = {
    "model": "imx708_wide",
    "modes": [
        {"width": 1536, "height": 864, "bit_depth": 10, "fps": 120.1, "view": [768, 432, 3072, 1728]},
        {"width": 4608, "height": 2592, "bit_depth": 10, "fps": 14.4, "view": [0, 0, 4608, 2592]},
    ],
    "controls": {
        "Brightness": [-1.0, 1.0, 0.0],
        "Contrast": [0.0, 32.0, 1.0],
        "AeEnable": [False, True, True],
        "ExposureTime": [14, 220417486, 20000],
        "AnalogueGain": [1.12, 16.0, 1.12],
        "AwbEnable": [False, True, None],
        "AfMode": [0, 2, 0],
        "LensPosition": [0.0, 15.0, 1.0],
        "Sharpness": ["a", None, {}],
        "Saturation": [5.0, -5.0, 1.0],
    },
}  # fmt: skip
CAMERA = CameraSettings(source="picamera")


def fields(offers: dict[str, Any] = MODULE_3, camera: CameraSettings = CAMERA) -> dict[str, Field]:
    return {field.name: field for field in fields_of(camera, offers)}


def test_all_that_a_pi_has_is_in_one_group() -> None:
    names = [name for group in GROUPS.values() for name in group]
    assert len(names) == len(set(names))
    assert set(names) >= LIVE | REBUILT
    assert set(fields(NOTHING_KNOWN)) == set(names)
    assert not {"source", "detect_url", "settings_token", "ignore"} & set(names)  # secrets, and another page's


def test_the_camera_says_what_it_has_and_how_far_it_goes() -> None:
    known = fields()
    assert {"red_gain", "noise_reduction", "exposure_value"}.isdisjoint(known)  # it has no control for them
    assert "hdr" in known and "hdr" not in fields(MODULE_3 | {"model": "imx219"})
    assert (known["gain"].low, known["gain"].high) == (1.12, 16.0)
    assert (known["exposure_time"].low, known["exposure_time"].high) == (0.014, 200000)  # ms, within config's range
    assert (known["focus_distance"].low, known["focus_distance"].high) == (0, 1000)
    assert (known["width"].high, known["height"].high, known["fps"].high) == (4608, 2592, 120)
    assert known["sensor_mode"].choices == ("", "1536x864", "4608x2592")
    assert (known["sharpness"].low, known["sharpness"].high) == (0, 16)  # what it says of these makes no sense
    assert (known["saturation"].low, known["saturation"].high) == (0, 32)
    close = MODULE_3 | {"controls": {"LensPosition": [2.0, 10.0, 2.0]}}
    assert fields(close)["focus_distance"].low == pytest.approx(0.1)  # it cannot go to infinity


def test_kinds_units_steps_and_how_they_apply() -> None:
    known = fields()
    shown = {name: (field.kind, field.unit, field.step, field.applies) for name, field in known.items()}
    assert shown["brightness"] == ("number", "", 0.01, "live")
    assert shown["width"] == ("whole", "px", 2, "rebuild")
    assert shown["show_clock"] == ("switch", "", None, "live")
    assert shown["exposure"] == ("choice", "", None, "live")
    assert shown["microphone"] == ("text", "", None, "rebuild")
    assert shown["exposure_time"] == ("number", "ms", 1.0, "live")
    assert all(field.help for field in known.values())
    odd = CameraSettings(source="picamera", sensor_mode="1x1")
    assert "1x1" in fields(camera=odd)["sensor_mode"].choices  # what is set can be seen
    assert json.loads(json.dumps([asdict(field) for field in known.values()], allow_nan=False))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"brightness": 0.5}, {"brightness": 0.5}),
        ({"contrast": 2}, {"contrast": 2.0}),
        ({"contrast": 1}, {}),  # as it is
        ({"exposure": "night", "slowest_fps": 1}, {"exposure": "night", "slowest_fps": 1.0}),
        ({"sensor_mode": "1536x864"}, {"sensor_mode": "1536x864"}),
        ({"hflip": True, "microphone": "Blå; auto"}, {"hflip": True, "microphone": "Blå; auto"}),
        ({}, {}),
    ],
)
def test_changes(changes: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert check_changes(changes, fields().values()) == (wanted, {})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("brightness", 2, "out of range; allowed: -1 to 1"),
        ("brightness", "1", "must be a number, -1 to 1"),
        ("brightness", True, "must be a number"),
        ("brightness", None, "must be a number"),
        ("brightness", math.nan, "out of range"),
        ("brightness", math.inf, "out of range"),
        ("brightness", 10**400, "out of range; allowed: -1 to 1"),
        ("gain", 20.0, "beyond what this camera can; allowed: 1.12 to 16"),
        ("fps", 121, "out of range; allowed: 1 to 120 1/s"),
        ("width", 5000, "beyond what this camera can; allowed: 160 to 4608 px"),
        ("width", 640.5, "must be a whole number"),
        ("exposure", "nigth", 'did you mean "night"'),
        ("sensor_mode", "2x2", "allowed: none, 1536x864, 4608x2592"),
        ("sensor_mode", {}, "must be a text"),
        ("hflip", 1, "must be true or false"),
        ("microphone", "a\0b", "must be a line"),
        ("microphone", "\ud800", "must be a line"),
        ("microphone", "x" * 201, "at most 200 characters"),
        ("red_gain", 2.0, "this camera has no ColourGains"),
        ("brightnes", 0.0, 'no such setting here; did you mean "brightness"'),
        ("source", "rtsp://x", "no such setting here"),
        ("settings_token", "x", "no such setting here"),
        ("x" * 1000, 1, "no such setting here"),
        ("", [], "no such setting here"),
    ],
)
def test_changes_that_are_refused(name: str, value: Any, problem: str) -> None:
    wanted, problems = check_changes({name: value, "contrast": 3.0}, fields().values())
    ((named, said),) = problems.items()
    assert problem in said and named[:50] == name[:50] and len(named) <= 53
    assert wanted == {"contrast": 3.0}


def test_what_is_beyond_the_camera_already_may_stay() -> None:
    known = fields(camera=CameraSettings(source="picamera", gain=30.0))
    assert check_changes({"gain": 30.0, "contrast": 2.0}, known.values()) == ({"contrast": 2.0}, {})


def test_how_a_change_takes_effect() -> None:
    assert applies([]) == "nothing"
    assert applies(["brightness", "focus"]) == "live"
    assert applies(["brightness", "hflip"]) == "rebuild"


def test_it_is_pure_data() -> None:
    """The web app imports it, on machines without any camera."""
    names = {
        name
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert {name for name in names if name.startswith("camera")} == {"camera.pi_controls"}
