"""Child processes end, and nobody waits for one that the kernel holds."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from camera import child
from camera.publisher import Publisher
from camera.sources import feeds
from config.errors import CameraError
from config.settings import CameraSettings, Settings
from waiting import wait_until


class HeldByTheKernel(subprocess.Popen[bytes]):
    """A program that no signal of ours reaches, as one that waits for a device that hangs."""

    def terminate(self) -> None:
        pass

    def kill(self) -> None:
        pass


@pytest.fixture
def held() -> Iterator[HeldByTheKernel]:
    program = HeldByTheKernel(["sleep", "600"], stdout=subprocess.PIPE)
    yield program
    if program.poll() is None:
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
    if program.stdout is not None:
        program.stdout.close()


def test_a_program_that_does_not_listen_is_killed_and_reaped() -> None:
    program = child.start(["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"])
    assert program.stdout is not None and program.stdout.readline() == b"\n"
    assert child.end([program], 0.1) == []
    assert program.returncode == -signal.SIGKILL


@pytest.mark.logs_errors
def test_nobody_waits_for_what_the_kernel_holds(
    held: HeldByTheKernel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child, "KILLED", 0.1)
    other = child.start(["sleep", "600"])
    assert child.end([held, other], 0.1) == [held]
    assert other.returncode is not None
    assert [str(held.pid) in record.message for record in caplog.records] == [True]


def test_no_other_is_started_as_long_as_one_is_held(held: HeldByTheKernel, settings: Settings) -> None:
    camera = CameraSettings(source="/nonexistent.mp4")
    publisher = Publisher(replace(settings, cameras={"front": camera}), camera, feeds("front", camera)[0])
    publisher._held = [held]
    with pytest.raises(CameraError, match="has not ended yet"):
        publisher.run_once()
    os.kill(held.pid, signal.SIGKILL)
    wait_until(lambda: held.poll() is not None, 5, "it has ended")
    with pytest.raises(Exception, match=r"^(?!.*has not ended yet)"):
        publisher.run_once()


def test_programs_start_where_setpriv_is_forbidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forbidden = tmp_path / "setpriv"
    forbidden.write_text("#!/bin/sh\nexit 1\n")
    forbidden.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    child._die_with_us.cache_clear()
    try:
        program = child.start(["echo", "hello"])
        assert program.communicate(timeout=10) == (b"hello\n", b"")
        child.end([program], grace=0.2)
    finally:
        child._die_with_us.cache_clear()
