"""What machines of the tests are given: Python packages for their pip, and a garden for their camera.

`python tests/trixie_supplies.py` makes all that is kept between runs, which takes minutes, before the tests start.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camera.scene_visits import visits_between
from trixie import CHECKOUT, Chroot
from trixie_prepare import CACHE, last_line, locked, network_of_this_machine, trixie_root

LOCKS = tuple(CHECKOUT / name for name in ("requirements.lock", "requirements-camera.lock"))


def prepare() -> str:
    """Make what is kept; "" or why the tests that need it will be skipped."""
    try:
        trixie_root()
        for lock in LOCKS:
            wheels(lock)
        garden_frames()
    except pytest.skip.Exception as skipped:
        return str(skipped)
    return ""


def wheels(lock: Path) -> Path:
    """A folder with the wheels that `lock` pins, for the Python in there; fetched once by the pip in there.

    A booted machine has no network that leads anywhere, so its pip takes them from there.
    """
    folder = CACHE / f"wheels-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with locked(CACHE / "wheels.lock"):
        if not folder.exists():
            with Chroot() as inside, network_of_this_machine(inside.path):
                command = ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
                command += [
                    "--dest=/wheels",
                    "--require-hashes",
                    f"--requirement=/birbcam/{lock.relative_to(CHECKOUT)}",
                ]
                pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
                done = inside.run(command, check=False, timeout=300, environment=pip)
                if done.returncode != 0:
                    pytest.skip(f"the packages of {lock.name} cannot be fetched: {last_line(done)}")
                temporary = folder.with_name(f"{folder.name}.new")
                shutil.rmtree(temporary, ignore_errors=True)
                shutil.copytree(inside.path / "wheels", temporary)
            temporary.rename(folder)
    return folder


def garden_frames() -> Path:
    """A folder with 480 pictures of the demo garden, 640x360, for `cameras(frames=...)`: 16 s, in which one bird comes.

    They are drawn at 15 a second and shown at 30, so the bird is in a hurry, and leaves 6 s and more of quiet for the
    end of its event before the pictures begin again.
    """
    folder = CACHE / "garden-1"
    with locked(CACHE / "garden.lock"):
        if not folder.exists():
            noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
            visits = visits_between(1, noon, noon + timedelta(hours=1))
            start = next(
                visit.start - timedelta(seconds=10)
                for before, visit, after in zip(visits, visits[1:], visits[2:], strict=False)
                if visit.end - visit.start < timedelta(seconds=14)
                and visit.start - before.end > timedelta(seconds=10)
                and after.start - visit.start > timedelta(seconds=22)
            )
            temporary = folder.with_name("garden-1.new")
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            size = ["--width", "640", "--height", "360", "--fps", "15", "--start", start.isoformat(), "--seconds", "32"]
            with subprocess.Popen(
                [sys.executable, "-m", "camera.demo", *size, "--unpaced"], stdout=subprocess.PIPE, cwd=CHECKOUT
            ) as garden:
                words = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-map", "0:v", "-q:v", "3", "-start_number", "0"]
                subprocess.run([*words, str(temporary / "%d.jpg")], stdin=garden.stdout, check=True)
            temporary.rename(folder)
    return folder


if __name__ == "__main__":
    if reason := prepare():
        print(f"tests on a machine like a Raspberry Pi are skipped: {reason}")
