"""The file of saved settings: layers, versions, many writers at once, kills between, a full disk."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from config.check import Problem
from config.errors import ConfigError, OutdatedError, StorageError
from config.load import SAVED_NAME, load
from config.saved import values_of, with_changes
from mediamtx.saved_settings import Stored, change_stored, read_stored
from waiting import wait_until


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "c.txt").write_text(
        'state_dir = "state"\n[retention]\nkeep_free = "3 GB"\n[cameras.front]\nsource = "rtsp://cam/1"\n'
    )
    return {"BIRBCAM_CONFIG": str(tmp_path / "c.txt")}


def change(environ: dict[str, str], changes: dict[str, object], version: str | None = None) -> Stored:
    def edit(stored: Stored) -> dict[str, object]:
        return with_changes(stored.saved, changes, values_of(stored.now.settings), values_of(stored.below.settings))

    return change_stored(environ, edit, version)


def test_what_is_saved_counts_and_can_be_taken_back(environ: dict[str, str], tmp_path: Path) -> None:
    before = (tmp_path / "c.txt").read_bytes()
    stored = change(environ, {"retention.keep_free": "9 GB", "cameras.front.title": "Door"})
    assert stored.now.settings == load(environ).settings
    assert stored.now.settings.retention.keep_free == "9 GB"
    assert stored.now.origins["retention.keep_free"] == str(tmp_path / "state" / SAVED_NAME)
    assert stored.below.settings.retention.keep_free == "3 GB"
    assert change(environ, {"retention.keep_free": None}).now.settings.retention.keep_free == "3 GB"
    assert (tmp_path / "c.txt").read_bytes() == before
    assert oct((tmp_path / "state" / SAVED_NAME).stat().st_mode & 0o777) == "0o600"


def test_the_second_of_two_browsers_is_told(environ: dict[str, str]) -> None:
    seen = read_stored(environ).version
    mine = change(environ, {"retention.segment_days": 3.0}, seen).version
    with pytest.raises(OutdatedError, match="somebody else"):
        change(environ, {"retention.segment_days": 9.0}, seen)
    assert read_stored(environ).now.settings.retention.segment_days == 3.0
    change(environ, {"retention.segment_days": 9.0}, mine)


def test_wrong_values_are_said_as_those_of_the_file_are_and_change_nothing(environ: dict[str, str]) -> None:
    change(environ, {"retention.segment_days": 3.0})
    version = read_stored(environ).version
    with pytest.raises(ConfigError) as raised:
        change(environ, {"retention.keep_free": "much", "cameras.front.fps": 999, "cameras.front.source": "file:///x"})
    said = {problem.key: problem.said for problem in raised.value.problems if isinstance(problem, Problem)}
    assert said["cameras.front.fps"] == "out of range; allowed: 1 to 120 1/s"
    assert "200 GB" in said["retention.keep_free"] and "rtsp://" in said["cameras.front.source"]
    assert "file:///x" not in str(raised.value)
    assert read_stored(environ).version == version


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
def test_a_damaged_file_is_never_overwritten(environ: dict[str, str], tmp_path: Path, content: str) -> None:
    path = tmp_path / "state" / SAVED_NAME
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(ConfigError, match="remove it"):
        change(environ, {"retention.segment_days": 3.0})
    assert path.read_text() == content


def _count(environ: dict[str, str], key: str, times: int) -> None:
    for number in range(times):
        change(environ, {key: float(number + 1)})


@pytest.mark.slow
def test_many_writers_lose_nothing_and_a_kill_leaves_a_whole_file(environ: dict[str, str], tmp_path: Path) -> None:
    fork = multiprocessing.get_context("spawn")
    keys = ("retention.segment_days", "retention.clip_days", "cameras.front.pre")
    writers = [fork.Process(target=_count, args=(environ, key, 20)) for key in keys]
    victim = fork.Process(target=_count, args=(environ, "cameras.front.post", 10**6))
    for process in (*writers, victim):
        process.start()
    path = tmp_path / "state" / SAVED_NAME
    wait_until(lambda: path.exists() and "post" in path.read_text(), 20, "the victim writes")
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    for process in (*writers, victim):
        process.join(60)
    saved = json.loads(path.read_text())
    assert saved["retention"] == {"segment_days": 20.0, "clip_days": 20.0} and saved["cameras"]["front"]["pre"] == 20.0
    assert change(environ, {"retention.segment_days": 1.0}).now.settings.retention.segment_days == 1.0


def test_a_folder_that_cannot_be_made_is_said(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises((StorageError, ConfigError), match="state"):
        change(environ, {"retention.segment_days": 3.0})
