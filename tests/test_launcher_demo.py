"""The demo's options, ports and configuration file."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import ConfigError, StorageError
from config.load import load_settings
from launcher.demo import DemoOptions, check_not_running, check_password, place_of, web_address, write_config
from launcher.ports import free_port, is_free
from mediamtx.addresses import RecorderInfo, write_recorder_info
from mediamtx.layout import Layout


def options(directory: Path, **changes: object) -> DemoOptions:
    values: dict[str, object] = {"host": "127.0.0.1", "port": None, "camera": "garden", "recorder": "embedded"}
    return DemoOptions(directory, **(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def test_the_file_it_writes_is_a_settings_file(tmp_path: Path) -> None:
    path = write_config(options(tmp_path / "demo", camera="nest-box"), print)
    settings = load_settings({"BIRBCAM_CONFIG": str(path)})
    assert settings.recorder == "embedded"
    assert settings.media_dir == tmp_path / "demo"
    assert settings.cameras["nest-box"].title == "Nest box"
    assert settings.cameras["nest-box"].source == "demo"
    ports = settings.mediamtx
    used = [settings.web.port, ports.rtsp_port, ports.hls_port, ports.api_port, ports.embedded_port]
    assert len(set(used)) == len(used)


def test_a_second_start_keeps_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "footage").write_text("x")
    write_config(options(tmp_path), print)
    write_config(options(tmp_path), print)
    assert (tmp_path / "recordings" / "footage").read_text() == "x"


def test_a_taken_port_that_was_asked_for_names_port_and_setting(tmp_path: Path, taken: int) -> None:
    with pytest.raises(ConfigError, match=rf"port {taken} \(--port, setting web.port\) is taken"):
        write_config(options(tmp_path, port=taken), print)


def test_a_taken_port_that_nobody_asked_for_moves_and_says_so(taken: int) -> None:
    said: list[str] = []
    port = free_port("web.port", "127.0.0.1", taken, {taken + 1}, said.append)
    assert port > taken + 1
    assert said == [f"port {taken} (web.port) is taken; using {port}"]
    assert is_free("127.0.0.1", port)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"camera": "Garden"}, "--camera Garden: not a camera name"),
        ({"port": 70000}, "--port 70000: out of range; allowed: 1 to 65535"),
        ({"host": "192.0.2.1"}, "not an address of this machine"),
        ({"host": "no such host"}, "not an address"),
    ],
)
def test_wrong_options_name_the_cure(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        write_config(options(tmp_path, **changes), print)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="choose another with --dir"):
        write_config(options(tmp_path / "file" / "demo"), print)


def test_a_config_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.txt").write_text("# mine\n[cameras.front]\n")
    with pytest.raises(ConfigError, match="was written by somebody else; choose another folder with --dir"):
        write_config(options(tmp_path), print)
    assert (tmp_path / "config.txt").read_text() == "# mine\n[cameras.front]\n"


def test_the_network_needs_a_password_before_anything_is_written(tmp_path: Path) -> None:
    asked = options(tmp_path / "demo", host="0.0.0.0")
    with pytest.raises(ConfigError, match=r"needs a password; set one with: BIRBCAM_STATE_DIR=.* \./birbcam password"):
        check_password(asked)
    assert not (tmp_path / "demo").exists()
    (tmp_path / "demo/state").mkdir(parents=True)
    Layout.of(place_of(asked)).web_users.touch()
    check_password(asked)


def test_the_address_for_a_browser_on_this_machine(tmp_path: Path) -> None:
    path = write_config(options(tmp_path, host="0.0.0.0"), print)
    settings = load_settings({"BIRBCAM_CONFIG": str(path)})
    assert web_address(settings) == f"http://127.0.0.1:{settings.web.port}/"
    assert place_of(options(tmp_path)).state_dir == settings.state_dir


def test_a_folder_in_which_a_demo_runs_is_left_alone(tmp_path: Path) -> None:
    asked = options(tmp_path)
    check_not_running(asked)
    info = RecorderInfo(kind="embedded", pid=os.getpid(), started=datetime.now(UTC), hls_base="", api_base="")
    write_recorder_info(place_of(asked), info)
    with pytest.raises(ConfigError, match=r"already running in .*; end it, or choose another --dir"):
        check_not_running(asked)
