"""Loading the settings: layers, mistakes and their cures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.load import SAVED_NAME, load, load_settings


def write(path: Path, text: str) -> dict[str, str]:
    path.write_text(text)
    return {"BIRBCAM_CONFIG": str(path)}


def test_camera_tables_lie_over_the_common_defaults(tmp_path: Path) -> None:
    environ = write(
        tmp_path / "c.txt",
        """
        [camera]
        fps = 15
        pre = 4
        [cameras.front]
        title = "Front door"
        [cameras.nest-box]
        fps = 10
        """,
    )
    settings = load_settings(environ)
    assert list(settings.camera_names()) == ["front", "nest-box"]
    assert (settings.cameras["front"].title, settings.cameras["front"].fps) == ("Front door", 15)
    assert (settings.cameras["nest-box"].fps, settings.cameras["nest-box"].pre) == (10, 4.0)


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path / "c.txt", 'media_dir = "here"\noutput_dir = "/there"'))
    assert (settings.media_dir, settings.output_dir) == (tmp_path / "here", Path("/there"))


@pytest.mark.parametrize(
    ("source", "meant"),
    [("demo", "demo"), ("rtsp://a/b", "rtsp://a/b"), ("film.mp4", "{}/film.mp4"), ("/dev/video0", "/dev/video0")],
)
def test_a_source_that_is_a_file_starts_there_too(tmp_path: Path, source: str, meant: str) -> None:
    settings = load_settings(write(tmp_path / "c.txt", f'[cameras.front]\nsource = "{source}"'))
    assert settings.cameras["front"].source == meant.format(tmp_path)


def test_layers_and_their_origins(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    config = tmp_path / "c.txt"
    environ = write(config, f'state_dir = "{state}"\nmedia_dir = "/a"\noutput_dir = "/b"\n[cameras.front]\nfps = 10')
    saved = {"media_dir": "/from-page", "cameras": {"front": {"fps": 20}, "back": {"source": "rtsp://x/y"}}}
    (state / SAVED_NAME).write_text(json.dumps(saved))
    loaded = load(environ | {"BIRBCAM_MEDIA_DIR": "/from-environment"})
    assert loaded.settings.media_dir == Path("/from-environment")
    assert loaded.settings.output_dir == Path("/b")
    assert loaded.settings.cameras["front"].fps == 20
    assert loaded.settings.cameras["back"].source == "rtsp://x/y"
    assert loaded.origins["media_dir"] == "BIRBCAM_MEDIA_DIR"
    assert loaded.origins["output_dir"] == str(config)
    assert loaded.origins["cameras.front.fps"] == str(state / SAVED_NAME)
    assert "time_zone" not in loaded.origins


def test_what_was_saved_for_a_camera_does_not_bring_it_back(tmp_path: Path) -> None:
    environ = write(tmp_path / "c.txt", f'state_dir = "{tmp_path}"\n[cameras.front]')
    (tmp_path / SAVED_NAME).write_text(json.dumps({"cameras": {"gone": {"fps": 20}, "front": {"fps": 30}}}))
    assert {name: camera.fps for name, camera in load_settings(environ).cameras.items()} == {"front": 30}
    (tmp_path / "c.txt").write_text(f'state_dir = "{tmp_path}"')
    (tmp_path / SAVED_NAME).write_text(json.dumps({"cameras": {"gone": {"fps": 20}, "camera": {"fps": 30}}}))
    assert {name: camera.fps for name, camera in load_settings(environ).cameras.items()} == {"camera": 30}


def test_one_camera_without_any_configured(tmp_path: Path) -> None:
    environ = write(tmp_path / "c.txt", "[camera]\nfps = 12")
    assert list(load_settings(environ).cameras) == ["camera"]
    named = load_settings(environ | {"BIRBCAM_CAMERA": "nest"})
    assert list(named.cameras) == ["nest"]
    assert named.cameras["nest"].fps == 12


def test_a_command_can_be_limited_to_one_camera(tmp_path: Path) -> None:
    environ = write(tmp_path / "c.txt", "[cameras.front]\n[cameras.back]")
    assert load_settings(environ | {"BIRBCAM_CAMERA": "back"}).camera_names() == ["back"]
    assert load_settings(environ | {"BIRBCAM_CAMERA": "back"}, only_camera="front").camera_names() == ["front"]
    with pytest.raises(ConfigError, match=r'no camera \'frnt\'; did you mean "front"\?; known: back, front'):
        load_settings(environ, only_camera="frnt")


def test_ten_mistakes_are_reported_in_one_go(tmp_path: Path) -> None:
    config = tmp_path / "c.txt"
    environ = write(
        config,
        """
        recordr = "auto"
        recorder = "mediamx"
        time_zone = "Europe/Berlinn"
        log_level = 3
        [web]
        port = 80000
        hosst = "x"
        [retention]
        keep_free = "five percent"
        segment_days = nan
        [camera]
        fps = "fast"
        [cameras.Front]
        [cameras.back]
        pre = -1.0
        """,
    )
    with pytest.raises(ConfigError) as caught:
        load(environ)
    text = str(caught.value)
    for line in (
        f'{config}: recordr: unknown setting; did you mean "recorder"?',
        "recorder = 'mediamx': allowed: auto, mediamtx, embedded; did you mean \"mediamtx\"?",
        "time_zone = 'Europe/Berlinn': not a time zone",
        "log_level = 3: must be a text in quotes",
        "web.port = 80000: out of range; allowed: 1 to 65535",
        'web.hosst: unknown setting; did you mean "host"?',
        "retention.keep_free = 'five percent': allowed is a size",
        "retention.segment_days = nan: out of range; allowed: 0 to 36500 days",
        "camera.fps = 'fast': must be a whole number, 1 to 120 1/s",
        "cameras.Front: not a camera name; allowed are a-z, 0-9 and -",
        "cameras.back.pre = -1.0: out of range; allowed: 0 to 60 s",
    ):
        assert line in text
    assert len(caught.value.problems) == 11


@pytest.mark.parametrize("name", ["a/b", "../up", "UP", "", "-a", "a_detect", "ä"])
def test_a_camera_name_that_could_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="not a camera name"):
        load(write(tmp_path / "c.txt", f'[cameras."{name}"]'))


def test_a_wrong_source_is_not_printed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path / "c.txt", '[cameras.front]\nsource = ["rtsp://me:secret@host/"]'))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a = = 1", "not valid TOML"), ("cameras = 3", "must be tables"), ("web = 3", r"must be a table \[web\]")],
)
def test_a_file_that_is_no_settings_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path / "c.txt", text))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; BIRBCAM_CONFIG must name"):
        load({"BIRBCAM_CONFIG": str(tmp_path / "none")})


def test_a_damaged_saved_file_is_said_with_its_cure(tmp_path: Path) -> None:
    environ = write(tmp_path / "c.txt", 'state_dir = "."')
    (tmp_path / SAVED_NAME).write_text('{"web": {')
    with pytest.raises(ConfigError, match=r"damaged .*; remove it to go back"):
        load(environ)


def test_ignore_areas_are_polygons_in_relative_coordinates(tmp_path: Path) -> None:
    area = "[[0, 0], [1, 0], [1, 0.25], [0.5, 0.5]]"
    settings = load(write(tmp_path / "c.txt", f"[cameras.front]\nignore = [{area}]")).settings
    assert settings.cameras["front"].ignore == (((0.0, 0.0), (1.0, 0.0), (1.0, 0.25), (0.5, 0.5)),)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[[[0, 0], [1, 0]]]", "three corners"),
        ("[[0, 0], [1, 0], [1, 1]]", r"a list of areas, each a list of corners \[x, y\]"),
        ("[[[0, 0], [320, 0], [320, 180]]]", "corners are relative"),
        ('"top"', "a list of areas"),
        ("[[[0, 0], [nan, 0], [1, 1]]]", "corners are relative"),
    ],
)
def test_a_wrong_ignore_area_is_told_with_its_cure(tmp_path: Path, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path / "c.txt", f"[camera]\nignore = {value}"))
