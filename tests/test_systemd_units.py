"""The unit files, checked by systemd itself."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from camera.supervisor import POLL
from config.requests import REQUESTS
from config.settings import Settings
from launcher.obey import take_requests
from mediamtx.layout import Layout

ROOT = Path(__file__).parent.parent
UNITS = sorted(unit for unit in (ROOT / "systemd").iterdir() if unit.suffix != ".conf")
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
HIGHEST = {"birbcam-camera.service": 40}  # tenths of systemd's points of exposure; the camera needs devices


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
    for environment in (".venv", ".venv-camera"):
        (program / environment / "bin").mkdir(parents=True)
        (program / environment / "bin/python").symlink_to(shutil.which("true") or "/bin/true")
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
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={HIGHEST.get(unit, 20)}",
            str(installed / unit),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_each_service_starts_one_of_our_packages(unit: Path) -> None:
    module = read(unit)["Service"]["ExecStart"].partition(" -m ")[2].split()[0].replace(".", "/")
    assert (ROOT / module / "__main__.py").is_file() or (ROOT / f"{module}.py").is_file()


def test_the_motion_pass_is_a_quiet_oneshot_on_a_timer() -> None:
    service, timer = read(ROOT / "systemd/birbcam-motion.service"), read(ROOT / "systemd/birbcam-motion.timer")
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["LogLevelMax"] == service["Service"]["SyslogLevel"] == "notice"
    assert (timer["Timer"]["OnUnitInactiveSec"], timer["Timer"]["AccuracySec"]) == ("30s", "1s")


def test_no_service_gives_up() -> None:
    for unit in SERVICES:
        assert read(unit)["Unit"]["StartLimitIntervalSec"] == "0", unit.name
    for name in ("recorder", "web", "camera"):
        service = read(ROOT / f"systemd/birbcam-{name}.service")["Service"]
        assert (service["Restart"], service["KillMode"]) == ("always", "mixed")
        assert int(service["TimeoutStopSec"]) >= 10


def test_the_camera_is_watched() -> None:
    service = read(ROOT / "systemd/birbcam-camera.service")["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 5 * POLL


def test_the_root_unit_waits_for_the_listed_requests_and_nothing_else() -> None:
    lines = (ROOT / "systemd/birbcam-requests.path").read_text().splitlines()
    waits = [line.partition("=")[2] for line in lines if line.startswith("Path")]
    assert waits == [str(Settings().state_dir / "requests" / name) for name in REQUESTS]
    assert Layout.of(Settings()).requests_dir == Settings().state_dir / "requests"


def test_requests_are_taken_by_name_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("keep me")
    folder = tmp_path / "requests"
    (folder / "poweroff/deep").mkdir(parents=True)
    (folder / "restart-camera").symlink_to(outside)
    (folder / "reboot").write_text("rm -rf /")
    (folder / "restart-camera; reboot").touch()
    assert take_requests(folder) == ["restart-camera", "reboot"]
    assert take_requests(folder) == []
    assert outside.read_text() == "keep me"
    assert [path.name for path in folder.iterdir()] == ["restart-camera; reboot"]
