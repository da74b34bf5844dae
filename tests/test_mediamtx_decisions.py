"""Keep, delete and restore: small files, safe against a crash at any step."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import ClipError, StorageError
from config.settings import Settings
from mediamtx.catalogue import clips_of_day, find_clip
from mediamtx.clips import Clip
from mediamtx.decisions import (
    Tombstone,
    delete_clip,
    forget,
    is_kept,
    keep,
    prune_tombstones,
    restore,
    tombstones,
    unkeep,
)
from mediamtx.layout import Layout
from mediamtx.publish import publish, suppressed, sweep, temporary_path
from mediamtx.segments import Span

START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(dataclasses.replace(settings, time_zone="Europe/Berlin"))


def put(layout: Layout, start: float = 0.0) -> Clip:
    windows = [Span(at(start + 3), at(start + 7))]
    clip = Clip.new(layout, "front", "motion", at(start), at(start), at(start + 10), windows=windows)
    clip = dataclasses.replace(clip, extra={"labels": ["robin"]})
    temporary = temporary_path(layout, "front", clip.name, "motion")
    temporary.write_bytes(b"the film")
    return publish(layout, clip, temporary, b"jpeg")


@pytest.fixture
def clip(layout: Layout) -> Clip:
    return put(layout)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name[0] != ".")


def test_keep_and_unkeep(layout: Layout, clip: Clip) -> None:
    assert not is_kept(clip)
    kept = keep(clip)
    assert kept.kept
    assert is_kept(clip)
    assert find_clip(layout, "front", clip.name.stem) == kept == keep(kept)
    assert unkeep(kept) == unkeep(clip) == clip
    assert find_clip(layout, "front", clip.name.stem) == clip


def test_delete_and_restore(layout: Layout, clip: Clip) -> None:
    stem = clip.name.stem
    grave = delete_clip(layout, clip, NOW)
    assert clips_of_day(layout, "front", clip.day) == []
    assert names(clip.folder) == []
    assert names(layout.trash_dir("front")) == [f"{stem}.jpg", f"{stem}.json", f"{stem}.mp4"]
    assert [dataclasses.replace(one.clip, size=8) for one in tombstones(layout, "front")] == [grave.clip]
    assert (grave.deleted, grave.restorable) == (NOW, True)
    assert restore(layout, "front", stem) == clip
    assert find_clip(layout, "front", stem) == clip
    assert tombstones(layout, "front") == []
    assert names(layout.trash_dir("front")) == []


def test_the_tombstone_is_the_sidecar_and_a_little_more(layout: Layout, clip: Clip) -> None:
    before = json.loads(clip.sidecar.read_bytes())
    delete_clip(layout, clip, NOW)
    (path,) = layout.tombstone_dir("front").iterdir()
    added = {"day": "2026-11-20", "deleted": "2026-11-21T09:00:00.000Z"}
    assert json.loads(path.read_bytes()) == {**before, **added}


def test_a_kept_clip_is_still_kept_when_restored(layout: Layout, clip: Clip) -> None:
    delete_clip(layout, keep(clip), NOW)
    assert restore(layout, "front", clip.name.stem).kept


def test_a_clip_without_sidecar_and_thumbnail(layout: Layout, clip: Clip) -> None:
    clip.sidecar.unlink()
    clip.thumbnail.unlink()
    delete_clip(layout, clip, NOW)
    assert restore(layout, "front", clip.name.stem).start == clip.start
    assert find_clip(layout, "front", clip.name.stem) == clip, "its tombstone knew"


def test_what_is_gone_can_be_neither_kept_nor_deleted(layout: Layout, clip: Clip) -> None:
    delete_clip(layout, clip, NOW)
    with pytest.raises(ClipError, match="no such clip any more"):
        delete_clip(layout, clip, NOW)
    with pytest.raises(ClipError, match="no such clip any more"):
        keep(clip)
    assert not clip.kept_marker.exists()


@pytest.mark.parametrize("stem", ["", "../x", "2026-11-20_18-03-04-121_motion"])
def test_what_is_not_in_the_trash(layout: Layout, clip: Clip, stem: str) -> None:
    with pytest.raises(ClipError, match="not in the trash"):
        restore(layout, "front", stem)


def test_restore_once(layout: Layout, clip: Clip) -> None:
    delete_clip(layout, clip, NOW)
    restore(layout, "front", clip.name.stem)
    with pytest.raises(ClipError, match="not in the trash"):
        restore(layout, "front", clip.name.stem)


def test_restore_over_another_clip(layout: Layout, clip: Clip) -> None:
    delete_clip(layout, clip, NOW)
    clip.path.write_bytes(b"put here by hand")
    with pytest.raises(ClipError, match="delete that one first"):
        restore(layout, "front", clip.name.stem)
    assert clip.path.read_bytes() == b"put here by hand"


def test_killed_after_the_tombstone(layout: Layout, clip: Clip) -> None:
    """The clip is still there: it may be deleted again."""
    grave = delete_clip(layout, clip, NOW)
    for path in (grave.clip.path, grave.clip.sidecar, grave.clip.thumbnail):
        path.replace(clip.folder / path.name)
    assert clips_of_day(layout, "front", clip.day) == [clip]
    assert [one.restorable for one in tombstones(layout, "front")] == [False]
    delete_clip(layout, clip, NOW)
    assert restore(layout, "front", clip.name.stem) == clip


def test_killed_after_the_film_was_moved(layout: Layout, clip: Clip) -> None:
    """Sidecar and thumbnail are strays; the tombstone knows what the sidecar said."""
    grave = delete_clip(layout, clip, NOW)
    for path in (grave.clip.sidecar, grave.clip.thumbnail):
        path.replace(clip.folder / path.name)
    sweep(layout, "front", "motion", NOW)
    assert names(clip.folder) == []
    assert restore(layout, "front", clip.name.stem) == clip
    assert find_clip(layout, "front", clip.name.stem) == clip


def test_killed_while_restoring(layout: Layout, clip: Clip) -> None:
    """Sidecar and thumbnail were back already, and swept."""
    grave = delete_clip(layout, clip, NOW)
    for path in (grave.clip.sidecar, grave.clip.thumbnail):
        path.unlink()
    assert restore(layout, "front", clip.name.stem) == clip


def test_a_sweep_takes_nothing_of_a_clip_that_is_being_moved(
    layout: Layout, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (clip.sidecar, clip.thumbnail, keep(clip).kept_marker):
        os.utime(path, (0, 0))  # it is no new clip
    before, replace_ = names(clip.folder), Path.replace

    def replace_and_sweep(path: Path, to: Path) -> Path:
        moved = replace_(path, to)
        sweep(layout, "front", "motion", datetime.now(UTC))
        sweep(layout, "front", "web", datetime.now(UTC))
        return moved

    monkeypatch.setattr(Path, "replace", replace_and_sweep)
    grave = delete_clip(layout, clip, NOW)
    assert names(grave.clip.folder) == before
    restore(layout, "front", clip.name.stem)
    assert names(clip.folder) == before and is_kept(clip)
    monkeypatch.undo()
    assert not list(layout.output_dir.rglob(".tmp-*"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"day": 5}'])
def test_a_damaged_tombstone(layout: Layout, clip: Clip, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    """What lies in the trash tells what it was."""
    delete_clip(layout, clip, NOW)
    (path,) = layout.tombstone_dir("front").iterdir()
    path.write_bytes(content)
    (grave,) = tombstones(layout, "front")
    assert (grave.clip.windows, grave.clip.day) == (clip.windows, clip.day)
    assert "damaged" in caplog.text
    assert suppressed(layout, "front", clip.windows)
    assert restore(layout, "front", clip.name.stem) == clip


def test_a_damaged_tombstone_of_what_left_the_trash(layout: Layout, clip: Clip) -> None:
    grave = delete_clip(layout, clip, NOW)
    grave.clip.path.unlink()
    (path,) = layout.tombstone_dir("front").iterdir()
    path.write_bytes(b"{")
    (path.parent / "readme.json").write_text("somebody's note")
    assert tombstones(layout, "front") == []


def test_the_day_stays_though_the_zone_changes(settings: Settings, layout: Layout, clip: Clip) -> None:
    delete_clip(layout, clip, NOW)
    auckland = Layout.of(dataclasses.replace(settings, time_zone="Pacific/Auckland"))
    assert restore(auckland, "front", clip.name.stem) == clip


@pytest.mark.parametrize(
    ("oldest", "in_trash", "left"),
    [
        (at(-100), False, True),  # its segments are still there
        (at(9.9), False, True),  # the last of them, at least
        (at(10), False, False),
        (None, False, False),
        (None, True, True),
    ],
)
def test_pruning(layout: Layout, clip: Clip, oldest: datetime | None, in_trash: bool, left: bool) -> None:
    grave = delete_clip(layout, clip, NOW)
    if not in_trash:
        grave.clip.path.unlink()
    prune_tombstones(layout, "front", oldest)
    assert bool(tombstones(layout, "front")) is left
    if not left:
        assert names(layout.trash_dir("front")) == [], "what a crash left in the trash goes too"


def test_graves_are_told_in_order(layout: Layout) -> None:
    graves: list[Tombstone] = [delete_clip(layout, put(layout, start), NOW) for start in (100.0, 0.0, 50.0)]
    assert [one.clip.start for one in tombstones(layout, "front")] == [at(0), at(50), at(100)]
    forget(layout, graves[0])
    forget(layout, graves[0])
    assert len(tombstones(layout, "front")) == 2


def test_a_trash_that_cannot_be_made(layout: Layout, clip: Clip) -> None:
    layout.trash_dir("front").write_text("a file in the way")
    with pytest.raises(StorageError, match="make room, or check"):
        delete_clip(layout, clip, NOW)
    assert find_clip(layout, "front", clip.name.stem) == clip
