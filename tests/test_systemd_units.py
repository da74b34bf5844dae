"""The unit files, checked by systemd itself."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def read(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as on a machine where BirbCam lies where this checkout is, and the user exists."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze not found; install it with: sudo apt install systemd")
    program = tmp_path / "birbcam"
    (program / ".venv/bin").mkdir(parents=True)
    (program / ".venv/bin/python").symlink_to(shutil.which("true") or "/bin/true")
    (program / "README.md").touch()
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in UNITS:
        (folder / unit.name).write_text(unit.read_text().replace("/opt/birbcam", str(program)))
    return folder


def test_systemd_finds_nothing_wrong(installed: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(installed.iterdir()))],
        capture_output=True,
        text=True,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{installed}:"},
        timeout=60,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "birbcam" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize("unit", [unit.name for unit in SERVICES])
def test_services_are_locked_down(installed: Path, unit: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=45", str(installed / unit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_each_service_starts_one_of_our_packages(unit: Path) -> None:
    package = read(unit)["Service"]["ExecStart"].partition(" -m ")[2]
    assert (ROOT / package / "__main__.py").is_file()


def test_the_motion_pass_is_a_quiet_oneshot_on_a_timer() -> None:
    service, timer = read(ROOT / "systemd/birbcam-motion.service"), read(ROOT / "systemd/birbcam-motion.timer")
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["LogLevelMax"] == service["Service"]["SyslogLevel"] == "notice"
    assert (timer["Timer"]["OnUnitInactiveSec"], timer["Timer"]["AccuracySec"]) == ("30s", "1s")
