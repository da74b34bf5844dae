"""What the doctor says of a Pi: each finding from what was seen, and the looking that needs no Pi."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import CameraSettings, Settings
from conftest import Running, free_ports
from launcher.doctor_look import announce, card_speed, check_elsewhere, modules, throttled
from launcher.doctor_pi import Looks, Module, judge, judge_modules, judge_power, judge_sound
from launcher.install_facts import camera_modules
from mediamtx.config_file import make_publish_password
from mediamtx.layout import Layout
from waiting import wait_until

WIDE = Module("imx708_wide", ("1536x864", "4608x2592"))


def text(findings: object) -> str:
    return "\n".join(map(str, findings))  # type: ignore[call-overload]


def test_camera_modules_against_the_settings() -> None:
    seen = Looks(modules=(WIDE,))
    assert text(judge_modules(seen, ["picamera"])) == "ok    camera module 0: imx708_wide, 1536x864, 4608x2592"
    missing = text(judge_modules(seen, ["picamera:0", "picamera:1"]))
    assert (
        "WRONG camera module 1 (source 'picamera:1') is not seen; switch the Pi off, push the camera's cable" in missing
    )
    assert "apt install python3-picamera2" in text(judge_modules(Looks(), ["picamera"]))
    assert text(judge_modules(Looks(), [])) == ""


def test_modules_are_numbered_as_picamera2_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = ("/base/axi/pcie@1000120000/rp1/i2c@80000/a", "/base/axi/pcie@1000120000/rp1/i2c@88000/b", "/base/usb@1/c")
    found = [[name, name[-1], [[1536, 864]]] for name in ids]
    monkeypatch.setattr("launcher.doctor_look._output", lambda command: json.dumps(found))
    assert modules() == (Module("b", ("1536x864",)), Module("a", ("1536x864",)))
    told = [{"id": name, "model": name[-1]} for name in ids]
    monkeypatch.setattr("launcher.install_facts._output", lambda command: json.dumps(told))
    assert camera_modules() == ("b", "a")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "ok    power: no under-voltage, not throttled"),
        (0x50005, "WRONG power: under-voltage, now; use the official power supply"),
        (0x50000, "note  power: under-voltage since the start; use the official power supply"),
        (0x8, "WRONG power: too hot, now; give it a heat sink"),
    ],
)
def test_power(number: int, said: str) -> None:
    assert said in text(judge_power(number))


def test_what_vcgencmd_says_is_read() -> None:
    assert throttled("throttled=0x50005\n") == 0x50005
    assert throttled("VCHI initialization failed") is None
    assert throttled(None) is None


def test_sound_lingers_or_the_cure_is_told() -> None:
    seen = Looks(microphones="* usb  (A USB microphone)\n", sound_server="pipewire", installed=True, lingers=False)
    said = text(judge_sound(seen))
    assert "ok    microphone: * usb  (A USB microphone)" in said
    assert "WRONG pipewire of the user birbcam runs always; it ends with a log-out: sudo loginctl enable-linger" in said
    assert "WRONG" not in text(judge_sound(replace(seen, lingers=True)))
    assert "note  no microphone; plug one in" in text(judge_sound(Looks(microphones="no microphone\n")))


def test_all_of_it_names_what_is_wrong_and_how_it_is_mended(settings: Settings) -> None:
    camera = replace(settings, cameras={"front": CameraSettings(source="picamera")})
    bad = Looks(
        pi_model="Raspberry Pi 4 Model B",
        modules=(),
        throttled=1,
        temperature=84.2,
        clock_synchronised=False,
        card_speed=1.2,
    )
    said = text(judge(camera, bad)).splitlines()
    assert [line[:5].strip() for line in said] == ["ok", "WRONG", "WRONG", "note", "note", "note"]
    assert all(";" in line for line in said[1:])
    good = replace(bad, modules=(WIDE,), throttled=0, temperature=50.0, clock_synchronised=True, card_speed=20.0)
    assert all(line.startswith("ok") for line in text(judge(camera, good)).splitlines())


def test_the_speed_of_a_disk(tmp_path: Path) -> None:
    speed = card_speed(tmp_path)
    assert speed is not None and speed > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_recorder_elsewhere_takes_the_password_or_says_no(
    settings: Settings, mediamtx_binary: Path, run_python: Callable[..., Running]
) -> None:
    server = replace(settings, recorder="mediamtx")
    run_python(server, "mediamtx")
    wait_until(lambda: Layout.of(server).recorder_file.exists(), 30, "the recorder")
    port = server.mediamtx.rtsp_port
    assert announce("127.0.0.1", port, make_publish_password(server)) == 200
    here = replace(server, mediamtx=replace(server.mediamtx, host="127.0.0.1"))
    assert "reached, and the password is right" in text(check_elsewhere(here))
    Layout.of(server).publish_password.write_text("another\n")
    assert "does not take our password; copy" in text(check_elsewhere(here))
    (nobody,) = free_ports(1)
    gone = replace(here, mediamtx=replace(here.mediamtx, rtsp_port=nobody))
    assert "is not reached" in text(check_elsewhere(gone))
    assert list(check_elsewhere(server)) == []
