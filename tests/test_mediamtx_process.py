"""MediaMTX as a child process: its ports, its lines, its deaths and ours."""

from __future__ import annotations

import logging
import os
import signal
import socket
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
from mediamtx.process import REPEAT_AFTER, LineForwarder, check_ports, remove_empty_segment, run_mediamtx
from waiting import wait_until


@pytest.fixture
def mediamtx_settings(settings: Settings, mediamtx_binary: Path) -> Settings:
    return replace(settings, recorder="mediamtx", mediamtx=replace(settings.mediamtx, binary=str(mediamtx_binary)))


def answers(settings: Settings) -> bool:
    try:
        running_recorder(settings)
    except RecorderError:
        return False
    return True


def child_of(pid: int, thread: int | None = None) -> int | None:
    children = Path(f"/proc/{pid}/task/{thread or pid}/children").read_text().split()
    return int(children[0]) if children else None


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("name", ["rtsp_port", "hls_port", "webrtc_port", "api_port", "metrics_port"])
def test_a_taken_port_is_named_with_its_setting(settings: Settings, name: str) -> None:
    port = getattr(settings.mediamtx, name)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(RecorderError) as caught:
        check_ports(settings)
    assert f"port {port} (setting mediamtx.{name})" in str(caught.value)
    assert "set another port" in str(caught.value)


def test_a_taken_udp_port_is_named(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", settings.mediamtx.webrtc_udp_port))
        with pytest.raises(RecorderError, match=r"mediamtx\.webrtc_udp_port"):
            check_ports(settings)


def test_two_settings_with_one_port_are_found(settings: Settings) -> None:
    with pytest.raises(RecorderError, match=r"mediamtx\.api_port"):
        check_ports(replace(settings, mediamtx=replace(settings.mediamtx, api_port=settings.mediamtx.hls_port)))


def test_free_ports_stay_free(settings: Settings) -> None:
    check_ports(settings)
    check_ports(settings)


@pytest.mark.logs_errors
def test_lines_keep_their_level_and_are_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    full = "2026/11/21 07:15:42 ERR [path front] [recorder] write /r/07-15-4{}.mp4: no space left on device"
    lines = LineForwarder()
    lines.forward("2026/11/21 07:13:54 INF [HLS] [session 12ab34cd] created", 0.0)
    for second in range(3):
        lines.forward(full.format(second), second)
    lines.forward("panic: something else", 3.0)
    lines.forward(full.format(9), REPEAT_AFTER + 1)
    assert [record.levelname for record in caplog.records] == ["DEBUG", "ERROR", "WARNING", "ERROR"]
    assert caplog.messages[0] == "[HLS] [session 12ab34cd] created"
    assert lines.last().endswith(f"panic: something else / {full.format(9)}")


def test_only_empty_files_of_a_full_disk_are_removed(tmp_path: Path) -> None:
    empty, torn = tmp_path / "1.mp4", tmp_path / "2.mp4"
    empty.touch()
    torn.write_bytes(b"x")
    for path in (empty, torn, tmp_path / "gone.mp4"):
        line = f"2026/11/21 07:15:45 ERR [path front] [recorder] write {path}: no space left on device\n"
        remove_empty_segment(line)
    remove_empty_segment(f"2026/11/21 07:15:45 INF [path front] [recorder] recording {torn}\n")
    assert not empty.exists()
    assert torn.exists()


@pytest.mark.slow
def test_a_mediamtx_that_dies_is_started_again_and_said_once(
    mediamtx_settings: Settings, run_python: Callable[..., Running]
) -> None:
    recorder = run_python(mediamtx_settings, "mediamtx")
    wait_until(lambda: answers(mediamtx_settings), 20, "the recorder answers")
    first = child_of(recorder.process.pid)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not answers(mediamtx_settings), 5, "the recorder says that it does not answer")
    wait_until(lambda: answers(mediamtx_settings), 20, "the recorder answers again")
    second = child_of(recorder.process.pid)
    assert second not in (None, first)
    assert recorder.terminate() == 0
    assert recorder.output.count("MediaMTX ended (SIGKILL); starting it again") == 1
    assert not Layout.of(mediamtx_settings).recorder_file.exists()


@pytest.mark.slow
def test_a_mediamtx_that_hangs_is_started_again(
    mediamtx_settings: Settings,
    mediamtx_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("mediamtx.process.CHECK_INTERVAL", 0.1)
    monkeypatch.setattr("mediamtx.process.PATIENCE", 1.5)
    monkeypatch.setattr("mediamtx.process.GRACE", 0.2)
    stop = threading.Event()
    Layout.of(mediamtx_settings).recordings.mkdir(parents=True)
    recorder = threading.Thread(target=run_mediamtx, args=(mediamtx_settings, mediamtx_binary, stop))
    recorder.start()
    try:
        wait_until(lambda: answers(mediamtx_settings), 20, "the recorder answers")
        child = child_of(os.getpid(), recorder.native_id)
        assert child is not None
        os.kill(child, signal.SIGSTOP)
        wait_until(lambda: not alive(child), 20, "the one that hangs is ended")
        wait_until(lambda: answers(mediamtx_settings), 20, "the recorder answers again")
        assert child_of(os.getpid(), recorder.native_id) not in (None, child)
    finally:
        stop.set()
        recorder.join()
    assert caplog.messages.count("MediaMTX has not answered for 1.5 s; starting it again") == 1
    assert not answers(mediamtx_settings)


@pytest.mark.slow
def test_mediamtx_does_not_outlive_us(mediamtx_settings: Settings, run_python: Callable[..., Running]) -> None:
    recorder = run_python(mediamtx_settings, "mediamtx")
    wait_until(lambda: answers(mediamtx_settings), 20, "the recorder answers")
    child = child_of(recorder.process.pid)
    assert child is not None
    recorder.process.kill()
    recorder.wait()
    wait_until(lambda: not alive(child), 10, "MediaMTX has ended")
    assert Layout.of(mediamtx_settings).recorder_file.exists()  # nobody was left to remove it
    with pytest.raises(RecorderError, match="was killed"):
        running_recorder(mediamtx_settings)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(
    mediamtx_settings: Settings, run_python: Callable[..., Running], number: signal.Signals
) -> None:
    recorder = run_python(mediamtx_settings, "mediamtx")
    wait_until(lambda: answers(mediamtx_settings), 20, "the recorder answers")
    child = child_of(recorder.process.pid)
    assert child is not None
    assert recorder.terminate(number) == 0
    assert not alive(child)
    assert not Layout.of(mediamtx_settings).recorder_file.exists()
    assert "Traceback" not in recorder.output


@pytest.mark.slow
def test_a_taken_port_ends_the_recorder_before_it_starts(
    mediamtx_settings: Settings, run_python: Callable[..., Running]
) -> None:
    with socket.create_server(("127.0.0.1", mediamtx_settings.mediamtx.rtsp_port)):
        recorder = run_python(mediamtx_settings, "mediamtx")
        assert recorder.wait() == 1
    assert "setting mediamtx.rtsp_port" in recorder.output
    assert "Traceback" not in recorder.output


@pytest.mark.slow
def test_a_mediamtx_that_ends_at_its_start_is_an_error(
    settings: Settings, tmp_path: Path, run_python: Callable[..., Running]
) -> None:
    program = tmp_path / "mediamtx"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo v1.20.1; exit; fi\n'
        'if [ "$MTX_RTSP" = no ]; then echo "INF configuration loaded from x"; exit; fi\n'
        'echo "2026/11/21 07:13:54 ERR out of luck"; exit 3\n'
    )
    program.chmod(0o755)
    settings = replace(settings, recorder="mediamtx", mediamtx=replace(settings.mediamtx, binary=str(program)))
    recorder = run_python(settings, "mediamtx")
    assert recorder.wait() == 1
    assert "MediaMTX ended at its start (exit code 3)" in recorder.output
    assert "out of luck" in recorder.output
