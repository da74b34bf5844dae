"""What the web page saves: changes as pure functions, hidden passwords that come back, addresses that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.check import Problem, check_value, settings_of
from config.errors import ConfigError
from config.redaction import redact, restore
from config.saved import values_of, with_camera, with_changes, without_camera
from config.settings import CameraSettings, Settings, SettingsServerSettings

ADDRESS = "rtsp://admin:se%40cret@10.0.0.9:554/live?ch=1"
SETTINGS = Settings(
    cameras={"front": CameraSettings(source=ADDRESS, settings_token="a token of it"), "made": CameraSettings()}
)
PRESENT = values_of(SETTINGS)
BELOW = values_of(Settings(cameras={"front": CameraSettings(source=ADDRESS)}))
SAVED: dict[str, Any] = {"cameras": {"made": {"source": "demo", "title": "Made"}}}


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    return with_changes(SAVED, changes, PRESENT, BELOW)


def problems(changes: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        changed(changes)
    return {problem.key: problem.said for problem in raised.value.problems if isinstance(problem, Problem)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://u:p@host/x", "rtsp://u:***@host/x"),
        ("rtsp://u:p@ss:w@host/x and http://a:b@c", "rtsp://u:***@host/x and http://a:***@c"),
        ("rtsp://host/user=admin_password=tl_channel=1.sdp", "rtsp://host/user=admin_password=***"),
        ("http://host/snap?user=a&pwd=secret&x=1", "http://host/snap?user=a&pwd=***&x=1"),
        ("rtsp://host/x", "rtsp://host/x"),
        ("http://host/?compass=1", "http://host/?compass=1"),
        ("srt://host:9000?mode=caller&passphrase=sesame&x=1", "srt://host:9000?mode=caller&passphrase=***&x=1"),
        ("http://host/x?u=admin&p=sesame", "http://host/x?u=admin&p=***"),
        ("http://host/x?api_key=a1&apikey=b2&key=c3", "http://host/x?api_key=***&apikey=***&key=***"),
        ("http://host/x?loginuse=admin&loginpas=a#b", "http://host/x?loginuse=admin&loginpas=***"),
        ("rtsp://[fe80::1]:554/x", "rtsp://[fe80::1]:554/x"),
    ],
)
def test_passwords_are_hidden_and_restored(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert restore(shown, text) == text
    assert restore(text, "demo") == text


@pytest.mark.parametrize("password", ["pa/ss", "pa#ss", "pa?ss", "/", "1234/5", "a@b/c", "a/b:c", "a?b", "//a"])
def test_unencoded_passwords_are_refused_and_hidden_all_the_same(password: str) -> None:
    address = f"rtsp://u:{password}@host/x"
    assert redact(f"cannot open {address}: refused") == "cannot open rtsp://u:***@host/x: refused"
    said = problems({"cameras.front.source": address})["cameras.front.source"]
    assert "/ as %2F" in said and password not in said.replace("/ as %2F, ? as", "")
    with pytest.raises(ValueError, match="as %2F"):
        check_value(str, settings_of(CameraSettings)["source"][1], address, Path())


@pytest.mark.parametrize("text", ["rtsp://u:p ss@host/x", "rtsp://us/er:pass@host/x", "http://host/x?mail=a@b"])
def test_addresses_that_can_be_read_in_two_ways_are_refused(text: str) -> None:
    assert "as %40" in problems({"cameras.front.source": text})["cameras.front.source"]


def test_long_texts_are_redacted_quickly() -> None:
    """Nobody keeps the web app busy by what is logged of a request."""
    for text in ("://" * 50_000, "://" + ":" * 50_000, "?pass" * 50_000, "a@" * 50_000 + "://"):
        assert redact(text) == text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("rtsp://admin:***@10.0.0.9:554/other", "rtsp://admin:se%40cret@10.0.0.9:554/other"),
        ("rtsp://root:***@10.0.0.9:554/live", "rtsp://root:se%40cret@10.0.0.9:554/live"),
        ("rtsp://admin:new@10.0.0.8/live", "rtsp://admin:new@10.0.0.8/live"),
    ],
)
def test_a_password_stays_with_its_camera(typed: str, kept: str) -> None:
    assert restore(typed, ADDRESS) == kept


@pytest.mark.parametrize(
    "typed",
    ["rtsp://admin:***@10.0.0.8:554/live", "http://admin:***@10.0.0.9:554/live", "rtsp://a:***@10.0.0.9:99999/x"],
)
def test_no_password_goes_to_another_machine(typed: str) -> None:
    with pytest.raises(ValueError, match=r"again|no address"):
        restore(typed, ADDRESS)


def test_changes_lie_over_what_was_saved() -> None:
    assert changed({"retention.keep_free": "5 GB", "cameras.front.title": " Door ", "time_zone": ""}) == {
        "retention": {"keep_free": "5 GB"},
        "time_zone": "",
        "cameras": {"front": {"title": "Door"}, "made": {"source": "demo", "title": "Made"}},
    }
    assert changed({"cameras.made.title": None, "web.session_days": None}) == {"cameras": {"made": {"source": "demo"}}}
    assert SAVED == {"cameras": {"made": {"source": "demo", "title": "Made"}}}


def test_hidden_secrets_stay_what_they_are() -> None:
    saved = changed({"cameras.front.source": redact(ADDRESS), "cameras.front.settings_token": "***"})
    assert saved["cameras"]["front"] == {"source": ADDRESS, "settings_token": "a token of it"}


FAR, ELSEWHERE = "http://nest:8095", "http://evil:8095"


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"cameras.far.settings_url": f"{FAR}/pi"}, True),
        ({"cameras.far.settings_url": f"{FAR}/pi", "cameras.far.settings_token": "***"}, True),
        ({"cameras.far.settings_url": ELSEWHERE}, False),
        ({"cameras.far.settings_url": ELSEWHERE, "cameras.far.settings_token": "***"}, False),
        ({"cameras.far.settings_url": ELSEWHERE, "cameras.far.settings_token": "typed"}, True),
        ({"cameras.far.settings_url": "http://nest:99", "cameras.far.settings_token": "of far"}, True),
        ({"cameras.moved.settings_token": None}, False),  # the token of config.txt belongs to its address there
        ({"cameras.moved.settings_url": None}, False),
        ({"cameras.moved.settings_url": None, "cameras.moved.settings_token": None}, True),
        ({"cameras.front.settings_url": ELSEWHERE}, True),  # has none
        ({"settings_server.host": "evil"}, False),
        ({"settings_server.host": "evil", "settings_server.token": "a token of sixteen"}, True),
        ({"settings_server.host": "0.0.0.0"}, True),
        ({"camera.settings_url": ELSEWHERE}, False),
        ({"camera.settings_token": None}, False),
    ],
)
def test_no_token_goes_to_another_host(changes: dict[str, Any], fine: bool) -> None:
    far = CameraSettings(settings_url=FAR, settings_token="of far")
    moved = CameraSettings(settings_url=ELSEWHERE, settings_token="typed")
    own = SettingsServerSettings(token="of this machine!")
    cameras = {"front": CameraSettings(), "far": far, "moved": moved}
    present = values_of(Settings(cameras=cameras, settings_server=own))
    below = values_of(Settings(cameras={**cameras, "moved": far}, settings_server=own))
    saved = {"cameras": {"moved": {"settings_url": ELSEWHERE, "settings_token": "typed"}}}
    if fine:
        assert with_changes(saved, changes, present, below) != saved
    else:
        with pytest.raises(ConfigError, match=r"type the token again|config.txt alone"):
            with_changes(saved, changes, present, below)


def test_a_new_camera_takes_no_token_of_others() -> None:
    saved = with_camera({}, "nest", {"source": "demo", "settings_url": ELSEWHERE}, frozenset())
    assert saved["cameras"]["nest"]["settings_token"] == ""


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("media_dir", "/elsewhere", "config.txt alone"),
        ("mediamtx.binary", "/bin/sh", "config.txt alone"),
        ("cameras.front.source", "/etc/shadow", "config.txt alone"),
        ("cameras.front.source", "file:///etc/shadow", None),
        ("cameras.front.source", "/dev/video0/../../etc/shadow", "config.txt alone"),
        ("cameras.front.detect_url", "/srv/film.mp4", "config.txt alone"),
        ("cameras.front.titel", "x", 'did you mean "title"'),
        ("cameras.gone.title", "x", "no such camera"),
        ("cameras.made.source", None, "delete the camera"),
        ("cameras.front.title", "two\nlines", "one line"),
        ("cameras.front.source", "rtsp://admin:***@evil/x", "type the password again"),
        ("cameras.front.fps", 10**400, "out of range"),
        ("cameras.../x.title", "x", "no such setting"),
        ("nothing.at.all", 1, "no such setting"),
        ("cameras.front.ignore", [[[0, 0]] * 1001], "corners"),
    ],
)
def test_what_a_page_may_not_save(key: str, value: Any, said: str | None) -> None:
    if said is None:  # the table itself refuses it, in files too
        assert changed({key: value})
    else:
        assert said in problems({key: value})[key]


def test_all_mistakes_are_said_at_once() -> None:
    assert len(problems({"media_dir": "/x", "cameras.front.titel": 1, "cameras.front.title": "\0"})) == 3


def test_cameras_come_and_go() -> None:
    saved = with_camera(SAVED, "nest", {"source": ADDRESS, "title": "Nest"}, frozenset({"front", "made"}))
    assert saved["cameras"]["nest"] == {"source": ADDRESS, "title": "Nest"}
    assert without_camera(saved, "nest") == SAVED
    assert without_camera(SAVED, "made") == {}


@pytest.mark.parametrize(
    ("name", "source", "key"),
    [
        ("made", "demo", "cameras.made"),
        ("Nest", "demo", "cameras.Nest"),
        ("add", "demo", "cameras.add"),
        ("../x", "demo", "cameras.../x"),
        ("n" * 41, "demo", f"cameras.{'n' * 41}"),
        ("nest", "", "cameras.nest.source"),
        ("nest", "rtsp://u:***@x/y", "cameras.nest.source"),
    ],
)
def test_cameras_that_cannot_be(name: str, source: str, key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        with_camera(SAVED, name, {"source": source}, frozenset({"front", "made"}))
    assert [problem.key for problem in raised.value.problems if isinstance(problem, Problem)] == [key]
