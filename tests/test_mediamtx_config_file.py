"""The configuration for MediaMTX: what it says, and that MediaMTX itself takes it."""

from __future__ import annotations

import json
import re
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import ConfigError, RecorderError
from config.settings import Settings
from mediamtx.config_file import (
    check_config,
    child_environment,
    make_publish_password,
    mediamtx_config,
    write_mediamtx_config,
)
from mediamtx.find import OLDEST_VERSION, PINNED_VERSION, mediamtx_version
from mediamtx.layout import Layout
from mediamtx.names import Stream

GOOD = ["front", "a", "0", "nest-box", "front_detect", "0-1_detect"]
BAD = ["Front", "front_main", "../front", "a/b", "-front", "front_detect_detect", "_detect", "", "front ", "frönt"]


def test_only_rtsp_is_open_to_the_network(settings: Settings) -> None:
    config = mediamtx_config(settings, "secret", PINNED_VERSION)
    ports = settings.mediamtx
    assert config["rtspAddress"] == f":{ports.rtsp_port}"
    assert config["webrtcLocalUDPAddress"] == f"127.0.0.1:{ports.webrtc_udp_port}", "no more than the page"
    opened = replace(settings, web=replace(settings.web, host="0.0.0.0"))
    assert mediamtx_config(opened, "secret", PINNED_VERSION)["webrtcLocalUDPAddress"] == f":{ports.webrtc_udp_port}"
    ours = replace(ports, webrtc_udp_host="::", webrtc_hosts="cam.example, 192.0.2.1")
    asked = mediamtx_config(replace(settings, mediamtx=ours), "secret", PINNED_VERSION)
    assert asked["webrtcLocalUDPAddress"] == f"[::]:{ports.webrtc_udp_port}"
    assert asked["webrtcAdditionalHosts"] == ["cam.example", "192.0.2.1"]
    assert config["hlsAddress"] == f"127.0.0.1:{ports.hls_port}"
    assert config["webrtcAddress"] == f"127.0.0.1:{ports.webrtc_port}"
    assert config["apiAddress"] == f"127.0.0.1:{ports.api_port}"
    assert config["metricsAddress"] == f"127.0.0.1:{ports.metrics_port}"
    assert not config["rtmp"] and not config["srt"] and not config["moq"]


def test_publishing_needs_the_password_and_reading_this_machine(settings: Settings) -> None:
    publisher, anybody = mediamtx_config(settings, "secret", PINNED_VERSION)["authInternalUsers"]
    assert publisher["pass"] == "secret"
    assert [p["action"] for p in publisher["permissions"]] == ["publish"]
    assert anybody["ips"] == ["127.0.0.1", "::1"]
    assert "publish" not in {p["action"] for p in anybody["permissions"]}


def test_the_expressions_take_our_stream_names_and_nothing_else(settings: Settings) -> None:
    config = mediamtx_config(settings, "secret", PINNED_VERSION)
    allowed = config["authInternalUsers"][0]["permissions"][0]["path"]
    for expressions in ([allowed], list(config["paths"])):
        for name in GOOD + BAD:
            matching = [e for e in expressions if re.search(e.removeprefix("~"), name)]
            assert len(matching) == (name in GOOD), name
    for name in GOOD:
        assert Stream.parse(name) is not None


def test_segments_have_the_lengths_of_the_settings(settings: Settings) -> None:
    ports = replace(settings.mediamtx, segment=60, detect_segment=12.5, part=0.5)
    config = mediamtx_config(replace(settings, mediamtx=ports), "secret", PINNED_VERSION)
    defaults = config["pathDefaults"]
    assert (defaults["recordSegmentDuration"], defaults["recordPartDuration"]) == ("60s", "0.5s")
    assert list(config["paths"].values()) == [{}, {"recordSegmentDuration": "12.5s"}]
    assert defaults["recordDeleteAfter"] == "0s"
    assert defaults["recordPath"] == f"{Layout.of(settings).recordings}/%path/%Y-%m-%d_%H-%M-%S-%f"


def test_an_old_mediamtx_is_not_told_of_moq(settings: Settings) -> None:
    assert "moq" not in mediamtx_config(settings, "secret", OLDEST_VERSION)
    assert "moq" not in mediamtx_config(settings, "secret", (1, 18, 2))
    assert "moq" in mediamtx_config(settings, "secret", (1, 19, 0))


def test_a_folder_that_mediamtx_would_misread_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"media_dir.*must not contain %"):
        mediamtx_config(replace(settings, media_dir=tmp_path / "100%d"), "secret", PINNED_VERSION)


def test_the_password_is_made_once_and_private(settings: Settings) -> None:
    password = make_publish_password(settings)
    assert len(password) == 32
    assert make_publish_password(settings) == password
    assert stat.S_IMODE(Layout.of(settings).publish_password.stat().st_mode) == 0o600
    Layout.of(settings).publish_password.write_text("\n")
    assert make_publish_password(settings) not in ("", password)


def test_mediamtx_takes_the_file(settings: Settings, mediamtx_binary: Path) -> None:
    path = write_mediamtx_config(settings, mediamtx_binary, mediamtx_version(mediamtx_binary))
    assert path == Layout.of(settings).mediamtx_config
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["api"] is True
    assert sorted(p.name for p in path.parent.iterdir()) == ["mediamtx.yml", "publish_password"]


def test_mediamtx_takes_a_folder_with_odd_letters(settings: Settings, tmp_path: Path, mediamtx_binary: Path) -> None:
    odd = replace(settings, media_dir=tmp_path / "Vögel 🐦 \"'\\: #{}")
    write_mediamtx_config(odd, mediamtx_binary, mediamtx_version(mediamtx_binary))


def test_a_refused_file_leaves_the_old_one(
    settings: Settings, mediamtx_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = mediamtx_version(mediamtx_binary)
    path = write_mediamtx_config(settings, mediamtx_binary, version)
    before = path.read_text()
    monkeypatch.setattr("mediamtx.config_file.mediamtx_config", lambda *_: {"birdsong": True})
    with pytest.raises(RecorderError, match='unknown field "birdsong"'):
        write_mediamtx_config(settings, mediamtx_binary, version)
    assert path.read_text() == before
    assert not list(path.parent.glob("*.new*"))


def test_a_program_that_says_nothing_does_not_hang_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mediamtx"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr("mediamtx.config_file._CHECK_TIMEOUT", 0.2)
    start = time.monotonic()
    with pytest.raises(RecorderError, match="said nothing"):
        check_config(program, tmp_path / "mediamtx.yml")
    assert time.monotonic() - start < 10


def test_the_environment_cannot_override_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTX_RTSPADDRESS", ":1")
    monkeypatch.setenv("TZ", "America/New_York")
    environment = child_environment()
    assert "MTX_RTSPADDRESS" not in environment
    assert environment["TZ"] == "UTC"
    assert environment["PATH"]
