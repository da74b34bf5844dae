"""`birbcam update`, `status` and `logs`, as far as they need no installation."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from config.errors import ConfigError, InstallError
from launcher import services
from launcher.installed import Record


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that BirbCam was installed from; its `birbcam` notes what it was told."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "-q")
    (origin / "birbcam").write_text('#!/bin/sh\necho "$@" >>"$(dirname "$0")/told"\n')
    (origin / "birbcam").chmod(0o755)
    git(origin, "add", "birbcam")
    git(origin, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    monkeypatch.setattr(services, "RECORD", tmp_path / "installation.json")
    services.RECORD.write_text(Record("all", str(clone)).text())
    return clone


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root updates an installation")
def test_an_update_fetches_and_installs(clone: Path) -> None:
    origin = clone.parent / "origin"
    (origin / "new").write_text("new")
    git(origin, "add", "new")
    git(origin, "commit", "-q", "-m", "second")
    assert services.run_update() == 0
    assert (clone / "new").read_text() == "new"
    assert (clone / "told").read_text() == "install\n"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root updates an installation")
def test_what_cannot_be_fetched_is_not_installed(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", str(clone.parent / "gone"))
    with pytest.raises(InstallError, match="git could not update"):
        services.run_update()
    assert not (clone / "told").exists()


def test_without_an_installation_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RECORD", tmp_path / "nothing")
    for command in (services.run_update, services.run_status):
        with pytest.raises(InstallError, match="not installed"):
            command()


def test_logs_know_the_parts() -> None:
    with pytest.raises(ConfigError, match="known: recorder, camera, web, motion, requests"):
        services.run_logs("kamera", follow=False, lines=10)
