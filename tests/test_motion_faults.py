"""A disk that is full or read-only while clips are made: said once, nothing lost, made up for later."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from yard import MAIN, T, Yard, close_to

from config.settings import RetentionSettings, Settings

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow, pytest.mark.logs_errors]
ROOMY, TIGHT = "16m", "60k"


class Disk:
    """A small file system mounted on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._mount("-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs")

    def _mount(self, *arguments: str) -> None:
        done = subprocess.run(["mount", *arguments, str(self.folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here, which takes root: {done.stderr.strip()}")

    def remount(self, options: str) -> None:
        self._mount("-o", f"remount,{options}")

    def fill(self) -> None:
        """Leave less room than a clip takes."""
        free = shutil.disk_usage(self.folder).free
        (self.folder / "ballast").write_bytes(bytes(max(0, free - 40_000)))

    def free(self) -> None:
        (self.folder / "ballast").unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


@pytest.fixture
def yard(settings: Settings) -> Yard:
    return Yard(settings)


@pytest.fixture
def output(yard: Yard) -> Iterator[Disk]:
    disk = Disk(yard.settings.output_dir)
    yield disk
    disk.unmount()


@pytest.fixture
def state(yard: Yard) -> Iterator[Disk]:
    disk = Disk(yard.settings.state_dir)
    yield disk
    disk.unmount()


def pending(yard: Yard) -> int:
    return len(json.loads(yard.layout.motion_state("front").read_bytes())["pending"])


def test_a_full_disk_keeps_the_events_until_there_is_room(yard: Yard, output: Disk) -> None:
    yard.both(60, (12, 16), (45, 49))
    output.fill()
    report = yard.run()
    assert yard.clips() == [] and yard.leftovers() == [] and pending(yard) == 2
    assert len(report.errors) == 1 and "make room" in report.errors[0]
    yard.run(now=3700)
    assert pending(yard) == 2
    output.free()
    report = yard.run(now=3800)
    assert report.errors == [] and close_to(yard.spans(), [(9, 19), (42, 52)])
    assert yard.leftovers() == [] and pending(yard) == 0


def test_a_read_only_disk_keeps_the_events_as_well(yard: Yard, output: Disk) -> None:
    yard.both(60, (12, 16), (45, 49))
    output.remount("ro")
    for now in (3600, 3700, 3800, 3900):
        report = yard.run(now)
        assert report.errors and pending(yard) == 2
    output.remount("rw")
    assert yard.run(now=4000).errors == []
    assert close_to(yard.spans(), [(9, 19), (42, 52)])


def test_a_full_disk_below_the_state_loses_nothing(yard: Yard, state: Disk) -> None:
    yard.both(40, (12, 16))
    yard.run(now=41)
    assert close_to(yard.spans(), [(9, 19)])
    before = yard.layout.motion_state("front").read_bytes()
    yard.record(MAIN, [20, 20], [(12, 16)], start=40)
    (state.folder / "ballast").write_bytes(b"")
    with pytest.raises(OSError), (state.folder / "ballast").open("wb") as ballast:
        while True:
            ballast.write(bytes(1024))
            ballast.flush()
    report = yard.run()
    assert report.errors
    assert yard.layout.motion_state("front").read_bytes() == before
    state.free()
    assert yard.run(now=3700).errors == []
    assert close_to(yard.spans(), [(9, 19), (49, 59)])
    assert yard.leftovers() == []


def test_footage_of_a_waiting_event_is_not_deleted_by_age(yard: Yard, output: Disk) -> None:
    yard.both(60, (12, 16))
    output.fill()
    yard.run()
    assert pending(yard) == 1
    yard.settings = replace(yard.settings, retention=RetentionSettings(segment_days=0.001, keep_free=""))
    yard.run(now=7200)
    left = sorted(path.name for path in yard.layout.stream_dir(MAIN).iterdir())
    assert left[0].startswith(f"{T:%Y-%m-%d_%H-%M-%S}")
    output.free()
    yard.run(now=7300)
    assert close_to(yard.spans(), [(9, 19)])
