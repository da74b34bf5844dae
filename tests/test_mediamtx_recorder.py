"""Which recorder runs, and that only one does."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import RecorderError
from config.settings import Settings
from conftest import Running
from mediamtx.addresses import running_recorder
from mediamtx.layout import Layout
from mediamtx.recorder import choose_mediamtx
from waiting import wait_until

NEVER = threading.Event()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise RecorderError("MediaMTX cannot be downloaded: no network")

    monkeypatch.setattr("mediamtx.recorder.download_mediamtx", refuse)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("BIRBCAM_MEDIAMTX", raising=False)


def test_auto_takes_what_is_found(settings: Settings, mediamtx_binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIRBCAM_MEDIAMTX", str(mediamtx_binary))
    for recorder in ("auto", "mediamtx"):
        assert choose_mediamtx(replace(settings, recorder=recorder), NEVER) == mediamtx_binary


@pytest.mark.usefixtures("no_network")
def test_auto_without_a_network_says_in_one_line_what_it_does(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert choose_mediamtx(replace(settings, recorder="auto"), NEVER) is None
    assert caplog.messages == [
        "using the embedded recorder (no WebRTC, this machine only): MediaMTX cannot be downloaded: no network"
    ]


@pytest.mark.usefixtures("no_network")
def test_auto_takes_no_mediamtx_that_is_too_old(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = tmp_path / "mediamtx"
    old.write_text("#!/bin/sh\necho v1.9.3\n")
    old.chmod(0o755)
    monkeypatch.setenv("BIRBCAM_MEDIAMTX", str(old))
    assert choose_mediamtx(replace(settings, recorder="auto"), NEVER) is None
    assert "1.9.3 is too old" in caplog.text
    with pytest.raises(RecorderError, match="too old"):
        choose_mediamtx(replace(settings, recorder="mediamtx"), NEVER)


@pytest.mark.usefixtures("no_network")
def test_mediamtx_that_cannot_be_had_is_an_error(settings: Settings) -> None:
    with pytest.raises(RecorderError, match="no network"):
        choose_mediamtx(replace(settings, recorder="mediamtx"), NEVER)


@pytest.mark.usefixtures("no_network")
def test_a_stop_during_the_download_is_no_error(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    stopped = threading.Event()
    stopped.set()
    assert choose_mediamtx(replace(settings, recorder="mediamtx"), stopped) is None
    assert not caplog.messages


def test_embedded_looks_for_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIRBCAM_MEDIAMTX", "/nowhere")
    assert choose_mediamtx(settings, NEVER) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedded", "mediamtx"])
def test_a_second_recorder_is_refused(
    settings: Settings, run_python: Callable[..., Running], kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    settings = replace(settings, recorder=kind)
    first = run_python(settings, "mediamtx")
    wait_until(
        lambda: "answers" in first.output or Layout.of(settings).recorder_file.exists(), 20, "the recorder answers"
    )
    second = run_python(settings, "mediamtx")
    assert second.wait() == 1
    assert "a recorder is already running" in second.output
    assert "end it first" in second.output
    assert running_recorder(settings).kind == kind  # the first one is not disturbed
    assert first.terminate() == 0


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_is_an_error(
    settings: Settings, tmp_path: Path, run_python: Callable[..., Running]
) -> None:
    (tmp_path / "file").touch()
    recorder = run_python(replace(settings, media_dir=tmp_path / "file"), "mediamtx")
    assert recorder.wait() == 1
    assert "recordings: cannot be made" in recorder.output
    assert "Traceback" not in recorder.output


@pytest.mark.slow
def test_help_needs_no_settings_and_little_time(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mediamtx", "--help"],
        env={"BIRBCAM_CONFIG": "/nowhere", "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "usage: birbcam recorder" in done.stdout
    assert "filelock" not in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.endswith((" av", " cv2", " flask"))]


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config.txt"
    config.write_text("recorder = 'betamax'\n")
    done = subprocess.run(
        [sys.executable, "-m", "mediamtx", "--config", str(config)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert str(config) in done.stderr
    assert "betamax" in done.stderr
