"""The doctor's findings: what is right, what is wrong, and the cure."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.load import Loaded
from config.settings import CameraSettings, RetentionSettings, Settings, WebSettings
from launcher.doctor import (
    Finding,
    check_folders,
    check_ports,
    check_program,
    check_recorder,
    check_settings,
    check_space,
    check_webrtc,
    examine,
)


def lines(findings: object) -> str:
    assert hasattr(findings, "__iter__")
    return "\n".join(map(str, findings))


def test_a_finding_says_what_is_wrong_and_the_cure() -> None:
    assert str(Finding(True, "ffmpeg 5.1")) == "ok    ffmpeg 5.1"
    assert str(Finding(False, "ffmpeg not found", "install it")) == "WRONG ffmpeg not found; install it"
    assert str(Finding(False, "no recorder", grave=False)) == "note  no recorder"


def test_a_missing_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install it with: sudo apt install ffmpeg" in str(check_program("ffmpeg"))
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    assert "does not run (exit code 127)" in str(check_program("ffmpeg"))


def test_settings_show_their_origin_and_no_password(settings: Settings) -> None:
    camera = CameraSettings(source="rtsp://me:secret@10.0.0.2/1")
    loaded = Loaded(
        dataclasses.replace(settings, cameras={"front": camera}),
        {"cameras.front.source": "/etc/birbcam/config.txt", "media_dir": "BIRBCAM_MEDIA_DIR"},
    )
    text = lines(check_settings(loaded))
    assert "setting cameras.front.source = rtsp://me:***@10.0.0.2/1 (from /etc/birbcam/config.txt)" in text
    assert f"setting media_dir = {settings.media_dir} (from BIRBCAM_MEDIA_DIR)" in text
    assert "secret" not in text


def test_folders(settings: Settings, tmp_path: Path) -> None:
    settings.media_dir.mkdir()
    (tmp_path / "file").touch()
    text = lines(check_folders(dataclasses.replace(settings, output_dir=tmp_path / "file" / "clips")))
    assert f"ok    media_dir {settings.media_dir}: can be written" in text
    assert f"WRONG output_dir {tmp_path}/file/clips: {tmp_path}/file is not a folder" in text
    assert f"ok    state_dir {settings.state_dir}: will be made below {tmp_path}" in text


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("mount") is None, reason="needs root to mount read-only")
def test_a_read_only_folder(settings: Settings) -> None:
    settings.media_dir.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(settings.media_dir)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount here: {mounted.stderr}")
    try:
        assert f"{settings.media_dir} cannot be written; give the user" in lines(check_folders(settings))
    finally:
        subprocess.run(["umount", str(settings.media_dir)], check=True)


def test_little_space_is_a_note_where_retention_is_at_work(settings: Settings) -> None:
    full = dataclasses.replace(settings, retention=RetentionSettings(keep_free="100 %"))
    assert "old recordings go, then clips" in lines(check_space(full))


def test_a_taken_port_names_its_setting(settings: Settings) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        text = lines(check_ports(dataclasses.replace(settings, web=WebSettings(port=port)), recorder_runs=False))
    assert f"note  port {port} (web.port) is taken" in text
    assert f"ok    port {settings.mediamtx.embedded_port} (mediamtx.embedded_port) is free" in text


def test_a_recorder_that_was_asked_for_and_is_not_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BIRBCAM_MEDIAMTX", raising=False)
    for recorder, otherwise in (("mediamtx", False), ("auto", True)):
        text = str(check_recorder(dataclasses.replace(settings, recorder=recorder)))
        assert text.startswith("note  recorder: MediaMTX not found; it is downloaded at the next start")
        assert ("the embedded one is used" in text) is otherwise


def test_wrong_settings_are_all_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config.txt"
    config.write_text("[web]\nport = 0\nhost = 3\n")
    monkeypatch.setenv("BIRBCAM_CONFIG", str(config))
    wrong = [finding for finding in examine() if not finding.ok]
    assert len(wrong) == 2


def test_the_exit_code_tells(tmp_path: Path) -> None:
    config = tmp_path / "config.txt"
    config.write_text(
        'recorder = "embedded"\nmedia_dir = "m"\noutput_dir = "c"\nstate_dir = "s"\n[retention]\nkeep_free = ""'
    )
    command = [sys.executable, "-m", "launcher", "doctor", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing is wrong")
    config.write_text("nonsense = 1")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 wrong")


def test_the_port_of_webrtc(settings: Settings) -> None:
    port = settings.mediamtx.webrtc_udp_port
    assert "for this machine alone, as the page is" in str(check_webrtc(settings, recorder_runs=False))
    proxied = dataclasses.replace(settings, web=dataclasses.replace(settings.web, trusted_proxies="127.0.0.1"))
    assert 'webrtc_udp_host = "0.0.0.0"' in str(check_webrtc(proxied, recorder_runs=True))
    opened = dataclasses.replace(settings, web=dataclasses.replace(settings.web, host="0.0.0.0"))
    assert f"sudo ufw allow {port}/udp" in str(check_webrtc(opened, recorder_runs=True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        assert "is taken" in str(check_webrtc(settings, recorder_runs=False))
        assert "is taken" not in str(check_webrtc(settings, recorder_runs=True)), "the recorder holds it"
