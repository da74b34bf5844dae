"""Manual recordings: one clip from start to stop, whoever is killed in between."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from yard import MAIN as FRONT
from yard import T as START
from yard import at

import mediamtx.manual
from config.errors import ClipError, StorageError
from config.settings import RetentionSettings, Settings
from media import write_segments
from mediamtx.catalogue import clips_near
from mediamtx.clips import Clip
from mediamtx.files import TEMPORARY
from mediamtx.layout import Layout
from mediamtx.manual import Manual, finish, manual_recording, needed, start, stop
from mediamtx.retention import apply_retention
from mediamtx.segments import Span, list_segments


@pytest.fixture
def layout(settings: Settings, ffmpeg: str) -> Layout:
    """12 s of footage in three segments, the last one still being written."""
    layout = Layout.of(settings)
    write_segments(layout, FRONT, START, [4.0, 4.0, 4.0], finished=False)
    return layout


def clips(layout: Layout) -> list[Clip]:
    return clips_near(layout, "front", Span(at(-3600), at(3600)))


def test_from_start_to_stop(settings: Settings, layout: Layout) -> None:
    manual = start(settings, "front", at(3))
    assert manual_recording(layout, "front") == manual == Manual("front", at(3), timedelta(hours=1))
    assert start(settings, "front", at(4)) == manual, "a second start goes on with it"
    assert finish(settings, manual, at(5)) is None, "it still runs"
    stopped = stop(settings, "front", at(11.9))
    assert stopped is not None
    assert stop(settings, "front", at(12.5)) == stopped, "a second stop changes nothing"
    assert needed(settings, at(12)) == [("front", Span(at(-7), at(22)))]
    published = finish(settings, stopped, at(12.5))
    assert published == clips(layout)
    (clip,) = published
    assert (clip.kind, clip.start, clip.name.start) == ("manual", at(3), at(3))
    assert clip.end == pytest.approx(at(11.9), abs=timedelta(seconds=0.1))
    assert clip.thumbnail.read_bytes()[:2] == b"\xff\xd8"
    assert manual_recording(layout, "front") is None
    assert stop(settings, "front", at(13)) is None
    assert needed(settings, at(13)) == []
    assert not list(clip.folder.glob(f"{TEMPORARY}*"))


def test_it_waits_for_the_footage_of_its_end(settings: Settings, layout: Layout) -> None:
    start(settings, "front", at(6))
    stopped = stop(settings, "front", at(14))
    assert stopped is not None
    assert finish(settings, stopped, at(14.2)) is None, "what was seen last is still to be written"
    with pytest.raises(ClipError, match="still being saved"):
        start(settings, "front", at(14.5))
    write_segments(layout, FRONT, at(12), [4.0])
    published = finish(settings, stopped, at(15))
    assert published is not None
    assert published[0].end == pytest.approx(at(14), abs=timedelta(seconds=0.1))


def test_a_camera_that_goes_off_during_it(settings: Settings, layout: Layout) -> None:
    start(settings, "front", at(6))
    stopped = stop(settings, "front", at(40))
    assert stopped is not None
    published = finish(settings, stopped, at(60))
    assert published is not None
    assert [(clip.start, round((clip.end - START).total_seconds())) for clip in published] == [(at(6), 12)]


def test_the_longest_length_ends_it(settings: Settings, layout: Layout) -> None:
    settings = replace(settings, web=replace(settings.web, longest_recording=10))
    manual = start(settings, "front", at(1))
    assert (manual.end(at(10.9)), manual.end(at(11))) == (None, at(11))
    assert stop(settings, "front", at(30)) == manual, "it had ended already"
    published = finish(settings, manual, at(12.5))
    assert published is not None
    assert published[0].end == pytest.approx(at(11), abs=timedelta(seconds=0.1))


@pytest.mark.parametrize("further", [False, True], ids=["the same footage", "footage that came later"])
def test_killed_after_publishing_it_is_published_once(
    settings: Settings, layout: Layout, further: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_segments(layout, FRONT, at(12), [4.0], size=(640, 360))  # it cannot be joined: a second part
    start(settings, "front", at(6))
    stopped = stop(settings, "front", at(22))
    assert stopped is not None

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mediamtx.manual, "_forget", killed)
        with pytest.raises(KeyboardInterrupt):
            finish(settings, stopped, at(60))
    before = clips(layout)
    assert len(before) == 2
    if further:
        write_segments(layout, FRONT, at(16), [4.0], size=(640, 360))
    assert manual_recording(layout, "front") == stopped
    assert finish(settings, stopped, at(90)) == before
    assert [clip.name for clip in clips(layout)] == [clip.name for clip in before]
    assert manual_recording(layout, "front") is None


def test_nothing_was_recorded(settings: Settings, layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    start(settings, "front", at(100))
    stopped = stop(settings, "front", at(110))
    assert stopped is not None
    with caplog.at_level(logging.WARNING):
        assert finish(settings, stopped, at(111)) is None
        assert finish(settings, stopped, at(120)) == []
    assert "became no clip" in caplog.text
    assert manual_recording(layout, "front") is None


def test_a_disk_that_is_not_there_or_full(settings: Settings, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    start(settings, "front", at(3))
    stopped = stop(settings, "front", at(9))
    assert stopped is not None
    hidden = layout.recordings.rename(layout.media_dir / "hidden")
    assert finish(settings, stopped, at(60)) is None
    hidden.rename(layout.recordings)

    def full(*arguments: object, **options: object) -> None:
        raise StorageError("no space left; make room")

    with monkeypatch.context() as patched:
        patched.setattr(mediamtx.manual, "publish_span", full)
        with pytest.raises(StorageError):
            finish(settings, stopped, at(61))
    assert manual_recording(layout, "front") == stopped
    assert finish(settings, stopped, at(62)) == clips(layout) != []


@pytest.mark.parametrize(
    "content",
    [
        '{"start": 7}',
        '{"start": "2026-11-20T18:00:00Z", "longest": 1e13, "stopped": null}',
        '{"start": "0001-01-01T00:00:01Z", "longest": 60, "stopped": null}',
    ],
)
def test_a_damaged_file_is_set_aside(
    settings: Settings, layout: Layout, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    start(settings, "front", at(3))
    layout.manual_recording("front").write_text(content)
    assert manual_recording(layout, "front") is None
    assert manual_recording(layout, "front") is None
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["WARNING"]
    assert start(settings, "front", at(8)).start == at(8)


def test_retention_leaves_what_it_needs(settings: Settings, layout: Layout) -> None:
    settings = replace(settings, retention=RetentionSettings(segment_days=1, keep_free=""))
    day = timedelta(days=2)
    start(settings, "front", at(5))
    kept = list_segments(layout, FRONT)
    assert apply_retention(settings, START + day, {FRONT: START + day}, []) == []
    assert list_segments(layout, FRONT) == kept
    assert (stopped := stop(settings, "front", START + day)) is not None
    assert finish(settings, stopped, START + day) != []
    assert len(apply_retention(settings, START + day, {FRONT: START + day}, [])) == 2, "all but the newest"
    shutil.rmtree(layout.recordings)
