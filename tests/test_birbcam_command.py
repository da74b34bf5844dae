"""The `birbcam` script: what it lists, and how it says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def birbcam(*arguments: str, script: Path = ROOT / "birbcam", **environment: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"BIRBCAM_VENV": sys.prefix} | environment
    return subprocess.run(
        [str(script), *arguments], capture_output=True, text=True, env=environ, stdin=subprocess.DEVNULL, timeout=120
    )


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with what every system has, and neither ffmpeg nor apt nor sudo."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (
        "bash",
        "env",
        "dirname",
        "readlink",
        "sha256sum",
        "cut",
        "id",
        "flock",
        "cat",
        "mkdir",
        "rm",
        "touch",
    ):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(sys.executable)
    return folder


def test_alone_it_lists_the_commands_a_line_each() -> None:
    done = birbcam()
    assert done.returncode == 0
    running, tools = ("recorder", "camera", "web", "scan"), ("explain", "password", "doctor", "bench", "screenshots")
    for command in ("demo", "test", *running, *tools):
        assert sum(line.startswith(f"  {command} ") for line in done.stdout.splitlines()) == 1, command


def test_an_unknown_command_is_an_error() -> None:
    done = birbcam("dmo")
    assert done.returncode == 1
    assert 'there is no command "dmo"' in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["demo", "doctor", "recorder", "camera", "web", "scan", "explain", "password", "bench", "screenshots"]
)
def test_every_command_has_help(command: str) -> None:
    done = birbcam(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


def test_a_missing_ffmpeg_is_one_line_with_the_cure(bare_path: Path) -> None:
    done = birbcam("scan", PATH=str(bare_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "ffmpeg is missing; install it" in done.stderr


def test_without_root_it_says_what_to_type(bare_path: Path) -> None:
    (bare_path / "id").unlink()
    (bare_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (bare_path / "apt-get").write_text("#!/bin/sh\nexit 1\n")
    (bare_path / "sudo").write_text("#!/bin/sh\nexit 1\n")
    for name in ("id", "apt-get", "sudo"):
        (bare_path / name).chmod(0o755)
    done = birbcam("scan", PATH=str(bare_path))
    assert done.returncode == 1
    assert done.stderr == "birbcam: ffmpeg is missing; install it with: sudo apt install ffmpeg\n"


def test_no_python_that_fits_is_said(bare_path: Path, tmp_path: Path) -> None:
    (bare_path / "python3").unlink()
    done = birbcam("scan", PATH=str(bare_path), BIRBCAM_VENV=str(tmp_path / "venv"), BIRBCAM_PYTHON="")
    assert done.returncode == 1
    assert "Python 3.11 to 3.13" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["recorder", "camera", "web", "scan", "explain", "doctor"])
def test_a_configuration_file_that_is_not_there_is_named_as_it_was_typed(command: str) -> None:
    more = ["front", "18:03"] if command == "explain" else []
    done = birbcam(command, *more, "--config", "no/such.txt")
    assert done.returncode == 2
    assert done.stderr.startswith("birbcam: --config no/such.txt: no such file; ") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_an_environment_that_cannot_be_made_anew_leaves_the_old_one(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / ".ready-of-another-version").touch()
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "BIRBCAM_VENV": str(venv)}
    done = birbcam("doctor", BIRBCAM_PYTHON=sys.executable, **nowhere)
    assert done.returncode == 1 and "the Python packages could not be installed; check the network" in done.stderr
    assert sorted(path.name for path in venv.iterdir()) == [".ready-of-another-version", "bin"]


def test_an_unknown_benchmark_is_an_error() -> None:
    done = birbcam("bench", "sped")
    assert done.returncode == 1
    assert 'there is no benchmark "sped"' in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["accuracy", "--help"], ["all", "--quick", "-h"]])
def test_help_of_the_benchmarks_prepares_nothing(bare_path: Path, tmp_path: Path, arguments: list[str]) -> None:
    (bare_path / "python3").unlink()
    done = birbcam("bench", *arguments, PATH=str(bare_path), BIRBCAM_VENV=str(tmp_path / "none"), BIRBCAM_PYTHON="")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("usage: ./birbcam bench")
    assert not (tmp_path / "none").exists()
    done = birbcam("bench", *arguments)
    assert (done.returncode, done.stderr) == (0, "") and ("--scenes" in done.stdout) == (arguments[0] == "accuracy")


def test_the_other_locks_are_the_running_lock_and_more() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split()[0] for line in lines if line[:1].isalpha()}

    assert pins("requirements.lock") < pins("requirements-test.lock")
    assert pins("requirements.lock") < pins("requirements-bench.lock")


def test_the_running_lock_is_enough_for_every_command() -> None:
    """Imports what the commands import with everything hidden that only the tests' lock has."""
    code = """
import importlib, re, sys
from importlib.metadata import packages_distributions
from pathlib import Path
name = lambda text: re.sub(r"[-_.]+", "-", text).lower()
lines = Path("requirements.lock").read_text().splitlines()
locked = {name(line.split("==")[0]) for line in lines if line[:1].isalpha()}
hidden = {top for top, owners in packages_distributions().items() if not locked & {name(owner) for owner in owners}}
class Hider:
    def find_spec(self, full, path=None, target=None):
        if full.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"{full} is not in requirements.lock")
sys.meta_path.insert(0, Hider())
assert "pytest" in hidden
for module in (
    "webapp.worker", "webapp.server", "webapp.app", "mediamtx.recorder", "mediamtx.embedded", "mediamtx.saving",
    "camera.supervisor", "camera.demo", "motion.job", "motion.scan", "motion.explain", "launcher.demo",
    "launcher.doctor",
):
    importlib.import_module(module)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr


def test_ci_runs_the_test_command_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "exec ./birbcam test"]
