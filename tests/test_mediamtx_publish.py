"""Publishing: a clip appears whole, once and under one name, whenever the process dies."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import av
import pytest
from PIL import Image

from config.errors import ClipError, StorageError
from config.settings import Settings
from media import Look, make_mp4
from mediamtx.catalogue import clips_of_day, days, find_clip, latest_clip
from mediamtx.clips import Clip
from mediamtx.decisions import delete_clip, keep, restore
from mediamtx.files import TEMPORARY
from mediamtx.layout import Layout
from mediamtx.names import ClipKind
from mediamtx.publish import (
    publish,
    replace_overlapping,
    suppressed,
    sweep,
    temporary_path,
    thumbnail_of,
)
from mediamtx.segments import Span

START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
NOW = datetime.now(UTC)
HOUR = 3600.0


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(dataclasses.replace(settings, time_zone="Europe/Berlin"))


def put(
    layout: Layout,
    start: float = 0.0,
    end: float = 10.0,
    *,
    kind: ClipKind = "motion",
    windows: Sequence[Span] | None = None,
    requested: float | None = None,
    content: bytes = b"the film",
    thumbnail: bytes | None = b"jpeg",
) -> Clip:
    if windows is None:
        windows = [span(start + 3, end - 3)] if kind == "motion" else []
    wanted = at(start if requested is None else requested)
    clip = Clip.new(layout, "front", kind, wanted, at(start), at(end), windows=windows)
    temporary = temporary_path(layout, "front", clip.name, "motion" if kind == "motion" else "web")
    temporary.write_bytes(content)
    return publish(layout, clip, temporary, thumbnail)


def files(layout: Layout) -> list[str]:
    folder = layout.camera_dir("front")
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")


def test_publish(layout: Layout) -> None:
    clip = put(layout)
    stem = "2026-11-20/2026-11-20_18-03-04-120_motion"
    assert files(layout) == [f"{stem}.jpg", f"{stem}.json", f"{stem}.mp4"]
    assert (clip.path.read_bytes(), clip.thumbnail.read_bytes(), clip.size) == (b"the film", b"jpeg", 8)
    assert find_clip(layout, "front", clip.name.stem) == clip


def test_publish_without_a_thumbnail(layout: Layout) -> None:
    assert not put(layout, thumbnail=None).thumbnail.exists()


def test_the_same_event_again_replaces_its_clip(layout: Layout) -> None:
    """The job was killed before it could note that it was done, and cuts the clip again."""
    clip = put(layout)
    keep(clip)
    values = {**json.loads(clip.sidecar.read_bytes()), "labels": ["robin"]}
    clip.sidecar.write_text(json.dumps(values))
    again = put(layout, end=12.0, content=b"a longer film")
    assert len(files(layout)) == 4
    assert again.path == clip.path
    assert again.path.read_bytes() == b"a longer film"
    assert (again.kept, again.extra) == (True, {"labels": ["robin"]})
    assert find_clip(layout, "front", clip.name.stem) == again


def test_cut_short_before_the_film_is_replaced(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sidecar is the new one already: that the film is not shows by its size."""
    first = put(layout)
    replace = Path.replace

    def dying(path: Path, target: Path) -> Path:
        if target.suffix == ".mp4":
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", dying)
        put(layout, end=32.0, content=b"a longer film")
    half = find_clip(layout, "front", first.name.stem)
    assert half is not None and half.path.read_bytes() == b"the film"
    assert (first.whole, half.end, half.whole) == (True, at(32), False)
    again = put(layout, end=32.0, content=b"a longer film")
    assert (again.path, again.whole) == (first.path, True)
    assert find_clip(layout, "front", first.name.stem) == again


def test_the_same_button_pressed_twice_saves_one_clip(layout: Layout) -> None:
    assert put(layout, kind="saved").path == put(layout, kind="saved").path


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("motion", {"windows": [span(100, 101)]}),
        ("saved", {"end": 20.0}),
        ("saved", {"content": b"another film of that length"}),
    ],
)
def test_another_clip_of_that_name_takes_the_next_millisecond(
    layout: Layout, kind: ClipKind, other: dict[str, object]
) -> None:
    first = put(layout, kind=kind)
    second = put(layout, kind=kind, **other)  # type: ignore[arg-type]
    third = put(layout, kind=kind, end=30.0, windows=[span(200, 201)])
    assert [clip.name.stem for clip in (first, second, third)] == [
        f"2026-11-20_18-03-04-{number}_{kind}" for number in (120, 121, 122)
    ]
    assert first.path.read_bytes() == b"the film"


def test_kinds_do_not_clash(layout: Layout) -> None:
    assert len({put(layout, kind=kind).path for kind in ("motion", "saved", "manual")}) == 3


def test_a_deleted_clip_keeps_its_name(layout: Layout) -> None:
    clip = put(layout, kind="saved")
    delete_clip(layout, clip, NOW)
    other = put(layout, kind="saved", end=11.0)
    assert other.path != clip.path
    assert restore(layout, "front", clip.name.stem) == clip
    assert len(clips_of_day(layout, "front", clip.day)) == 2


def test_a_changed_zone_doubles_nothing(settings: Settings) -> None:
    berlin, auckland = (
        Layout.of(dataclasses.replace(settings, time_zone=zone)) for zone in ("Europe/Berlin", "Pacific/Auckland")
    )
    clip = put(berlin)
    again = put(auckland)
    assert (clip.day, again.path) == (date(2026, 11, 20), clip.path)
    assert [count.clips for count in days(auckland, "front")] == [1]
    assert find_clip(auckland, "front", clip.name.stem) == again
    later = put(auckland, 100.0, 110.0)
    assert later.day == date(2026, 11, 21)
    assert replace_overlapping(auckland, "front", later) == []


def test_the_hour_that_happens_twice_gives_two_clips_of_one_day(layout: Layout) -> None:
    first, second = (
        put(layout, *((time - START).total_seconds() + offset for offset in (0, 10)))
        for time in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    )
    assert first.day == second.day == date(2026, 10, 25)
    assert clips_of_day(layout, "front", first.day) == [second, first]


def test_what_to_publish_is_gone(layout: Layout) -> None:
    clip = Clip.new(layout, "front", "saved", START, START, at(5))
    with pytest.raises(ClipError, match="is gone"):
        publish(layout, clip, temporary_path(layout, "front", clip.name, "web"), b"jpeg")
    assert files(layout) == []


def test_a_folder_that_cannot_be_made(layout: Layout) -> None:
    layout.output_dir.mkdir(parents=True)
    (layout.output_dir / "front").write_text("a file in the way")
    with pytest.raises(StorageError, match="make room, or check that the folder is writable"):
        put(layout)


def test_a_clip_replaces_motion_clips_that_overlap(layout: Layout) -> None:
    before = put(layout, -100, -90)
    touching = put(layout, -10, 9, windows=[span(-5, 3)])
    overlapping = put(layout, -5, 12, windows=[span(2, 4)])
    kept = keep(put(layout, -4, 12, windows=[span(5, 6)]))
    saved = put(layout, kind="saved")
    clip = put(layout, 0, 10, windows=[span(3, 7)])
    assert replace_overlapping(layout, "front", clip) == [overlapping]
    assert clips_of_day(layout, "front", clip.day) == [saved, clip, kept, touching, before]
    assert not overlapping.sidecar.exists()


def test_overlapping_over_midnight(layout: Layout) -> None:
    midnight = (datetime(2026, 11, 20, 23, tzinfo=UTC) - START).total_seconds()
    before = put(layout, midnight - 20, midnight + 5, windows=[span(midnight - 10, midnight + 2)])
    clip = put(layout, midnight + 1, midnight + 15, windows=[span(midnight + 1, midnight + 12)])
    assert (before.day, clip.day) == (date(2026, 11, 20), date(2026, 11, 21))
    assert replace_overlapping(layout, "front", clip) == [before]


def test_adjoining_parts_stay(layout: Layout) -> None:
    first = put(layout, 0, 300, windows=[span(3, 300)])
    second = put(layout, 299.2, 500, windows=[span(300, 497)], requested=300)
    assert replace_overlapping(layout, "front", second) == []
    assert replace_overlapping(layout, "front", first) == []


def test_kept_and_deleted_clips_suppress_an_event(layout: Layout) -> None:
    windows = [span(4, 6)]
    assert not suppressed(layout, "front", windows)
    clip = put(layout)
    assert not suppressed(layout, "front", windows)
    keep(clip)
    assert suppressed(layout, "front", windows)
    assert not suppressed(layout, "front", [span(7, 9)]), "half-open"
    delete_clip(layout, clip, NOW)
    assert suppressed(layout, "front", windows)
    assert not suppressed(layout, "front", [span(7, 9)])
    restore(layout, "front", clip.name.stem)
    assert suppressed(layout, "front", windows), "it is still kept"


def test_other_kinds_suppress_nothing(layout: Layout) -> None:
    keep(put(layout, kind="saved"))
    delete_clip(layout, put(layout, kind="manual"), NOW)
    assert not suppressed(layout, "front", [span(0, 10)])


ALIVE = "alive"  # stands for the process of the test, so that each test process calls the tests the same
DEAD = 2**22 + 1  # beyond the largest process number


def stray(layout: Layout, name: str, age: float = 0.0) -> Path:
    path = layout.day_dir("front", date(2026, 11, 20)) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
    return path


STEM = "2026-11-20_19-00-00-000"


@pytest.mark.parametrize(
    ("name", "age", "goes"),
    [
        (f"{TEMPORARY}motion-{DEAD}-7-{STEM}_motion.mp4", 0, True),
        (f"{TEMPORARY}motion-{DEAD}-7-{STEM}_motion-2.mp4", 0, True),
        (f"{TEMPORARY}motion-{ALIVE}-7-{STEM}_motion.mp4", 0, False),
        (f"{TEMPORARY}motion-{ALIVE}-7-{STEM}_motion.mp4", 2 * HOUR, True),
        (f"{TEMPORARY}web-{DEAD}-7-{STEM}_saved.mp4", 0, False),
        (f"{TEMPORARY}web-{DEAD}-7-{STEM}_saved.mp4", 2 * HOUR, True),
        (f"{TEMPORARY}file-{DEAD}-7-{STEM}_motion.json", 0, True),
        (f"{TEMPORARY}file-{DEAD}-7-{STEM}_motion.json", 2 * HOUR, True),
        (f"{STEM}_motion.jpg", 0, True),
        (f"{STEM}_motion.json", 0, True),
        (f"{STEM}_saved.jpg", 0, False),
        (f"{STEM}_saved.jpg", 2 * HOUR, True),
        (f"{STEM}_saved.kept", 2 * HOUR, True),
        ("notes.txt", 999 * HOUR, False),
        ("holiday.jpg", 999 * HOUR, False),
        (".index.json", 999 * HOUR, False),
    ],
)
def test_sweep(layout: Layout, name: str, age: float, goes: bool) -> None:
    name = name.replace(ALIVE, str(os.getpid()))
    clip = put(layout)
    path = stray(layout, name, age)
    sweep(layout, "front", "motion", NOW)
    assert path.exists() is not goes
    assert find_clip(layout, "front", clip.name.stem) == clip


def test_a_sweep_looks_again_where_something_changed(layout: Layout) -> None:
    put(layout)
    sweep(layout, "front", "motion", NOW)
    later = layout.sweep_marker("front").stat().st_mtime_ns
    sweep(layout, "front", "motion", NOW)
    path = stray(layout, f"{STEM}_motion.jpg")
    sweep(layout, "front", "motion", NOW)
    assert not path.exists()
    assert layout.sweep_marker("front").stat().st_mtime_ns >= later


def test_a_stray_too_young_is_found_later(layout: Layout) -> None:
    path = stray(layout, f"{STEM}_saved.jpg")
    sweep(layout, "front", "motion", NOW)
    assert path.exists()
    sweep(layout, "front", "motion", NOW + timedelta(hours=2))
    assert not path.exists()


def test_a_sweep_looks_into_the_trash_and_the_tombstones(layout: Layout) -> None:
    strays = [
        folder / f"{TEMPORARY}file-{DEAD}-7-{STEM}_motion.json"
        for folder in (layout.trash_dir("front"), layout.tombstone_dir("front"))
    ]
    for path in strays:
        path.parent.mkdir(parents=True)
        path.touch()
    sweep(layout, "front", "motion", NOW)
    assert not any(path.exists() for path in strays)


def test_sweep_without_a_folder(layout: Layout) -> None:
    sweep(layout, "front", "motion", NOW)
    assert not layout.output_dir.exists()


_KILLED = """
import os, sys
from datetime import datetime, timedelta
from pathlib import Path
from config.settings import Settings
from mediamtx import files, publish
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.segments import Span

layout = Layout.of(Settings(output_dir=Path(sys.argv[1]), time_zone="Europe/Berlin"))
start, step = datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
calls = 0

def dying(function):
    def wrapped(*arguments, **options):
        global calls
        calls += 1
        if calls == step:
            os._exit(9)
        return function(*arguments, **options)
    return wrapped

os.fsync = dying(os.fsync)
Path.replace = dying(Path.replace)
windows = [Span(start, start + timedelta(seconds=5))]
clip = Clip.new(layout, "front", "motion", start, start, start + timedelta(seconds=10), windows=windows)
temporary = publish.temporary_path(layout, "front", clip.name, "motion")
temporary.write_bytes(b"the film")
publish.publish(layout, clip, temporary, b"jpeg")
"""


@pytest.mark.slow
def test_killed_at_any_step_the_next_run_finishes(layout: Layout) -> None:
    root = Path(__file__).parent.parent
    for step in range(1, 20):
        arguments = [sys.executable, "-c", _KILLED, layout.output_dir, START.isoformat(), str(step)]
        code = subprocess.run(arguments, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False).returncode
        assert code in (0, 9)
        # There is a clip or there is none; what is there is whole.
        for count in days(layout, "front"):
            for clip in clips_of_day(layout, "front", count.day):
                assert clip.path.read_bytes() == b"the film"
                assert clip.sidecar.exists()
                assert clip.thumbnail.exists()
        sweep(layout, "front", "motion", NOW)
        assert len(files(layout)) in (0, 3)
        assert not list(layout.output_dir.rglob(f"{TEMPORARY}motion*"))
        clip = put(layout, windows=[span(0, 5)])
        assert latest_clip(layout, "front") == clip
        assert len(files(layout)) == 3
        if code == 0:
            break
        for path in layout.day_dir("front", clip.day).iterdir():
            path.unlink()
    assert code == 0
    assert step > 5


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Path:
    look = Look(size=(1280, 720), motion=((2.0, 3.0),))
    return make_mp4(tmp_path_factory.mktemp("film") / "x.mp4", 4.0, look)


def darkest_column(jpeg: bytes) -> tuple[tuple[int, int], float]:
    """The picture's size, and where its darkest spot lies, 0 (left) to 1."""
    image = Image.open(io.BytesIO(jpeg)).convert("L")
    spots = image.resize((64, 36), Image.Resampling.BOX).tobytes()
    return image.size, (spots.index(min(spots)) % 64 + 0.5) / 64


@pytest.mark.parametrize(("moment", "place"), [(2.1, 0.1), (2.5, 0.5), (2.9, 0.88)])
def test_the_thumbnail_shows_the_moment_asked_for(film: Path, moment: float, place: float) -> None:
    size, dark = darkest_column(thumbnail_of(film, moment))
    assert size == (640, 360)
    assert dark == pytest.approx(place, abs=0.07)


@pytest.mark.parametrize("moment", [-1.0, 0.0, 3.96, 99.0])
def test_a_thumbnail_of_the_ends(film: Path, moment: float) -> None:
    assert Image.open(io.BytesIO(thumbnail_of(film, moment))).size == (640, 360)


def test_a_small_picture_is_not_enlarged(tmp_path: Path, ffmpeg: str) -> None:
    path = make_mp4(tmp_path / "x.mp4", 1.0, Look(size=(322, 182), codec="h265"))
    assert Image.open(io.BytesIO(thumbnail_of(path, 0.5))).size == (322, 182)


@pytest.mark.parametrize("content", [b"", b"no film"])
def test_no_thumbnail(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(ClipError, match="no picture can be taken from it"):
        thumbnail_of(path, 0)


def test_no_thumbnail_of_sound(tmp_path: Path, film: Path) -> None:
    path = tmp_path / "x.mp4"
    with av.open(str(film)) as source, av.open(str(path), "w") as out:
        track = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = track
                out.mux_one(packet)
    with pytest.raises(ClipError, match="no picture can be taken from it"):
        thumbnail_of(path, 0)
