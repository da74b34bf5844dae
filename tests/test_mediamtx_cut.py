"""Cutting real footage: the clip holds exactly the packets it should, at their times, and plays without an error."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from config.errors import ClipError, StorageError
from config.settings import Settings
from media import set_movie_duration
from media import write_segments as write_any_segments
from mediamtx.cut import CutResult, cut
from mediamtx.layout import Layout
from mediamtx.mp4 import open_whole
from mediamtx.names import Segment, Stream
from mediamtx.segments import Span, list_segments

START = datetime(2026, 11, 20, 18, tzinfo=UTC)
FRONT = Stream("front")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def write_segments(
    layout: Layout, stream: Stream, start: datetime, lengths: list[float], **options: Any
) -> list[Segment]:
    """Footage in which something always moves, so that no two pictures are the same."""
    return write_any_segments(layout, stream, start, lengths, motion=[(0, sum(lengths))], **options)


def since_start(time: datetime) -> float:
    return (time - START).total_seconds()


@pytest.fixture
def layout(settings: Settings, ffmpeg: str) -> Layout:
    return Layout.of(settings)


def cut_out(layout: Layout, start: float, end: float, out: Path) -> CutResult:
    return cut(layout, list_segments(layout, FRONT), Span(at(start), at(end)), out)


@dataclass(frozen=True)
class Packet:
    time: float  # s
    data: bytes


def packets(path: Path, kind: str, offset: float = 0.0) -> list[Packet]:
    """What a file holds, by time of decoding; with its times of presentation."""
    with open_whole(path) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [
            Packet(offset + float(packet.pts * packet.time_base), bytes(packet))
            for packet in container.demux(stream)
            if packet.pts is not None
        ]


def footage(layout: Layout, kind: str) -> list[Packet]:
    """All packets of all segments, with their times since START by the names."""
    return [
        packet
        for segment in list_segments(layout, FRONT)
        for packet in packets(layout.segment_path(segment), kind, since_start(segment.start))
    ]


def assert_plays(path: Path) -> None:
    """Decoding everything gives no error, the header comes before the media, and sound and picture end together."""
    command = ["ffmpeg", "-v", "warning", "-xerror", "-i", path, "-f", "null", "-"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def assert_copied(layout: Layout, result: CutResult, reordered: float = 0.0) -> None:
    """The clip's packets are a run of the footage's, at the same times, from its start to its end."""
    assert len(result.parts) == 1
    assert_plays(result.path)
    start, end = since_start(result.start), since_start(result.end)
    for kind in ("video", "audio"):
        clip, source = packets(result.path, kind, start), footage(layout, kind)
        first = next(index for index, packet in enumerate(source) if packet.data == clip[0].data)
        expected = source[first : first + len(clip)]
        assert [packet.data for packet in clip] == [packet.data for packet in expected], kind
        for mine, original in zip(clip, expected, strict=True):
            assert mine.time == pytest.approx(original.time, abs=0.0001)
        assert clip[0].time == pytest.approx(start, abs=0.0001 if kind == "video" else 0.05)
        assert max(packet.time for packet in clip) == pytest.approx(end, abs=0.07 + reordered)


@pytest.mark.parametrize(
    ("start", "end", "clip_start", "clip_end"),
    [
        (2.0, 4.0, 2.0, 4.0),  # on key frames
        (2.5, 4.5, 2.0, 4.52),
        (1.99, 4.0, 1.0, 4.0),
        (3.5, 7.3, 3.0, 7.32),  # over one joint
        (0.5, 11.5, 0.0, 11.52),  # over all of them
        (4.0, 8.0, 4.0, 8.0),  # a whole segment
        (4.01, 4.02, 4.0, 4.04),
        (-5.0, 2.0, 0.0, 2.0),  # begins before all footage
        (11.0, 99.0, 11.0, 12.0),  # ends after it
        (-5.0, 99.0, 0.0, 12.0),
    ],
)
def test_three_segments(
    layout: Layout, tmp_path: Path, start: float, end: float, clip_start: float, clip_end: float
) -> None:
    write_segments(layout, FRONT, START, [4.0, 4.0, 4.0])
    result = cut_out(layout, start, end, tmp_path / "clip.mp4")
    assert since_start(result.start) == pytest.approx(clip_start, abs=0.001)
    assert since_start(result.end) == pytest.approx(clip_end, abs=0.001)
    assert_copied(layout, result)


@pytest.mark.parametrize("start", [2.5, 3.97, 4.0, 5.5])
def test_segments_that_begin_with_sound(layout: Layout, tmp_path: Path, start: float) -> None:
    """As MediaMTX writes them when the sound arrives a little earlier than the picture."""
    segments = write_segments(layout, FRONT, START, [4.0, 4.0, 4.0], sound_lead=0.07)
    assert 3.9 < since_start(segments[1].start) < 3.95
    assert_copied(layout, cut_out(layout, start, 10.0, tmp_path / "clip.mp4"))
    assert since_start(cut_out(layout, start, 10.0, tmp_path / "clip.mp4").start) == int(start)


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("start", [2.5, 3.08, 5.0])
def test_b_frames_survive(layout: Layout, tmp_path: Path, codec: str, start: float) -> None:
    write_segments(layout, FRONT, START, [4.0, 4.0], b_frames=2, codec=codec)
    assert_copied(layout, cut_out(layout, start, 6.3, tmp_path / "clip.mp4"), reordered=0.16)
    times = sorted(packet.time for packet in packets(tmp_path / "clip.mp4", "video"))
    steps = [after - before for before, after in itertools.pairwise(times[:-3])]
    assert steps == pytest.approx([0.04] * len(steps), abs=0.001), "no picture is missing or shown twice"


def test_h265_is_tagged_for_apple(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [4.0, 4.0], codec="h265")
    result = cut_out(layout, 1.5, 6.0, tmp_path / "clip.mp4")
    assert_copied(layout, result)
    with av.open(str(result.path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_without_sound(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [4.0, 4.0], audio=False)
    result = cut_out(layout, 1.5, 6.0, tmp_path / "clip.mp4")
    assert_plays(result.path)
    with av.open(str(result.path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


@pytest.mark.parametrize("error", [-0.3, -0.14, 0.14, 0.4])
def test_names_are_estimates_and_the_joint_is_gapless(layout: Layout, tmp_path: Path, error: float) -> None:
    write_segments(layout, FRONT, START, [4.0, 4.0], name_errors=[0.0, error])
    result = cut_out(layout, 2.0, 7.0, tmp_path / "clip.mp4")
    assert_plays(result.path)
    times = [packet.time for packet in packets(result.path, "video")]
    assert times == pytest.approx([0.04 * n for n in range(125)], abs=0.001)
    sound = [packet.time for packet in packets(result.path, "audio")]
    steps = [after - before for before, after in itertools.pairwise(sound)]
    assert steps == pytest.approx([1024 / 48000] * len(steps), abs=0.001)


def test_a_key_frame_may_lie_in_the_segment_before(layout: Layout, tmp_path: Path) -> None:
    """The second name is early: by it 4.1 s lies in the second segment, by the media still in the first."""
    write_segments(layout, FRONT, START, [4.0, 4.0], name_errors=[0.2, 0.0])
    result = cut_out(layout, 4.1, 7.0, tmp_path / "clip.mp4")
    assert since_start(result.start) == pytest.approx(3.2, abs=0.001)


def test_a_gap_keeps_its_length(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [4.0])
    write_segments(layout, FRONT, at(10), [4.0])
    result = cut_out(layout, 2.0, 12.0, tmp_path / "clip.mp4")
    assert_copied(layout, result)
    assert (since_start(result.start), since_start(result.end)) == (2.0, 12.0)
    times = [since_start(result.start) + packet.time for packet in packets(result.path, "video")]
    assert not [time for time in times if 4.0 <= time < 9.999]


@pytest.mark.parametrize("start", [4.0, 5.0, 9.9, 10.0])
def test_beginning_in_a_gap(layout: Layout, tmp_path: Path, start: float) -> None:
    """The clip begins behind the gap, not with a still picture from before it."""
    write_segments(layout, FRONT, START, [4.0])
    write_segments(layout, FRONT, at(10), [4.0])
    assert since_start(cut_out(layout, start, 12.0, tmp_path / "clip.mp4").start) == 10.0


def test_the_segment_being_written_is_read_to_its_last_whole_part(layout: Layout, tmp_path: Path) -> None:
    segments = write_segments(layout, FRONT, START, [4.0, 4.0], finished=False)
    path = layout.segment_path(segments[-1])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 5])  # torn, as while writing or after kill -9
    result = cut_out(layout, 2.5, 60.0, tmp_path / "clip.mp4")
    assert_copied(layout, result)
    assert since_start(result.end) == pytest.approx(6.0, abs=0.05)


def test_a_torn_tail_in_the_middle(layout: Layout, tmp_path: Path) -> None:
    """The recorder was killed and started again."""
    (first,) = write_segments(layout, FRONT, START, [4.0], finished=False)
    path = layout.segment_path(first)
    path.write_bytes(path.read_bytes()[:-3000])
    write_segments(layout, FRONT, at(6), [4.0])
    assert_copied(layout, cut_out(layout, 1.2, 9.0, tmp_path / "clip.mp4"))


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_text(path: Path) -> None:
    path.write_bytes(b"this is no video\n" * 1000)


def damage_header_only(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1300])


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def damage_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES = [
    damage_empty,
    damage_text,
    damage_header_only,
    damage_missing,
    damage_link,
    damage_folder,
    damage_fifo,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_of_three_segments_cannot_be_read(
    layout: Layout, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    segments = write_segments(layout, FRONT, START, [4.0, 4.0, 4.0])
    damage(layout.segment_path(segments[1]))  # type: ignore[operator]
    result = cut(layout, segments, Span(at(2), at(11)), tmp_path / "clip.mp4")
    assert_plays(result.path)
    assert (since_start(result.start), since_start(result.end)) == pytest.approx((2.0, 11.0))
    times = [2.0 + packet.time for packet in packets(result.path, "video")]
    assert not [time for time in times if 4.0 <= time < 7.999]
    assert f"left out of a clip: {layout.segment_path(segments[1])}" in caplog.text


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_can_be_read(layout: Layout, tmp_path: Path, damage: object) -> None:
    segments = write_segments(layout, FRONT, START, [4.0])
    damage(layout.segment_path(segments[0]))  # type: ignore[operator]
    with pytest.raises(ClipError, match=r"no footage from 2026-11-20T18:00:02.000Z to .*18-00-00-000000.mp4"):
        cut(layout, segments, Span(at(2), at(3)), tmp_path / "clip.mp4")
    assert list(tmp_path.glob("clip*")) == []


@pytest.mark.parametrize(("start", "end"), [(-10, -5), (-10, 0), (4, 9), (20, 30)])
def test_no_footage_of_that_time(layout: Layout, tmp_path: Path, start: float, end: float) -> None:
    write_segments(layout, FRONT, START, [4.0])
    with pytest.raises(ClipError, match=r"the recordings begin at 2026-11-20T18:00:00.000Z"):
        cut_out(layout, start, end, tmp_path / "clip.mp4")
    assert list(tmp_path.glob("clip*")) == []


def test_no_recordings_at_all(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="the recordings are empty"):
        cut_out(layout, 0, 5, tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    "change", [{"size": (640, 360)}, {"codec": "h265"}, {"audio": False}, {"fps": 10, "size": (160, 90)}], ids=str
)
def test_a_change_of_parameters_begins_another_part(layout: Layout, tmp_path: Path, change: dict[str, object]) -> None:
    write_segments(layout, FRONT, START, [4.0, 4.0])
    write_segments(layout, FRONT, at(8), [4.0], **change)  # type: ignore[arg-type]
    write_segments(layout, FRONT, at(12), [4.0])
    result = cut_out(layout, 6.5, 14.0, tmp_path / "clip.mp4")
    assert [part.path.name for part in result.parts] == ["clip.mp4", "clip-2.mp4", "clip-3.mp4"]
    assert [since_start(part.start) for part in result.parts] == pytest.approx([6.0, 8.0, 12.0])
    assert [since_start(part.end) for part in result.parts] == pytest.approx([8.0, 12.0, 14.0], abs=0.02)
    for part in result.parts:
        assert_plays(part.path)


def test_a_part_outside_the_span_is_none(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [4.0])
    write_segments(layout, FRONT, at(4), [4.0], size=(640, 360))
    result = cut_out(layout, 4.5, 7.0, tmp_path / "clip.mp4")
    assert [(part.path.name, since_start(part.start)) for part in result.parts] == [("clip.mp4", 4.0)]
    assert not (tmp_path / "clip-2.mp4").exists()


def test_a_clock_that_was_set_back(layout: Layout, tmp_path: Path) -> None:
    """The second segment's name lies two seconds within the first: its footage goes on where that one ends."""
    write_segments(layout, FRONT, START, [4.0, 4.0], name_errors=[0.0, -2.0])
    result = cut_out(layout, 1.0, 7.0, tmp_path / "clip.mp4")
    assert_plays(result.path)
    times = [packet.time for packet in packets(result.path, "video")]
    assert times == pytest.approx([0.04 * n for n in range(len(times))], abs=0.001)


def test_a_clock_that_was_set_back_by_seconds(layout: Layout, tmp_path: Path) -> None:
    """Names that overlap by more than they are wrong: each stretch keeps its own times, in a part of its own."""
    write_segments(layout, FRONT, at(0), [10.0, 10.0])
    write_segments(layout, FRONT, at(12), [10.0])
    result = cut_out(layout, 21, 22, tmp_path / "later.mp4")
    assert [(since_start(part.start), since_start(part.end)) for part in result.parts] == [(21, 22)]
    both = cut_out(layout, 8, 18, tmp_path / "both.mp4")
    assert [(since_start(part.start), since_start(part.end)) for part in both.parts] == [(8, 18), (12, 18)]
    for part in (*result.parts, *both.parts):
        assert_plays(part.path)


def test_the_hour_that_happens_twice(layout: Layout, tmp_path: Path) -> None:
    """Names are UTC: the footage of both 02:30 in Berlin is there, and each is cut by itself."""
    for start in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)):
        write_segments(layout, FRONT, start, [4.0])
    segments = list_segments(layout, FRONT)
    assert len(segments) == 2
    for number, segment in enumerate(segments):
        wanted = Span(segment.start + timedelta(seconds=1), segment.start + timedelta(seconds=3))
        result = cut(layout, segments, wanted, tmp_path / f"{number}.mp4")
        assert (result.start, result.end) == (wanted.start, wanted.end)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 60 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small file system needs root")
    command = [mount, "-t", "tmpfs", "-o", "size=60k", "tmpfs", folder]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this container must not mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("size", [8, 16, 24, 28, 32, 36, 40, 48, 60])
def test_a_full_disk(layout: Layout, small_disk: Path, size: int) -> None:
    """However far it comes, it either is a whole clip or an error, and no file is left."""
    write_segments(layout, FRONT, START, [4.0])
    (small_disk / "ballast").write_bytes(bytes((60 - size) * 1024))
    try:
        result = cut_out(layout, 0, 3, small_disk / "clip.mp4")
    except StorageError as error:
        assert os.strerror(errno.ENOSPC) in str(error)
        assert "make room" in str(error)
        assert [path.name for path in small_disk.iterdir()] == ["ballast"]
        assert size < 48
    else:
        assert_copied(layout, result)
        assert size >= 32


def test_a_folder_that_cannot_be_written(layout: Layout, small_disk: Path) -> None:
    write_segments(layout, FRONT, START, [4.0])
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StorageError, match="Read-only file system"):
        cut_out(layout, 0, 3, small_disk / "clip.mp4")


_LIMITED = """
import resource, sys
from datetime import datetime, timedelta
from pathlib import Path
from config.errors import StorageError
from config.settings import Settings
from mediamtx.cut import cut
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.segments import Span, list_segments

layout = Layout.of(Settings(media_dir=Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
segments = list_segments(layout, Stream("front"))
span = Span(segments[0].start, segments[0].start + timedelta(seconds=3))
try:
    cut(layout, segments, span, Path(sys.argv[2]))
except StorageError as error:
    print(error)
"""


def test_a_file_that_must_not_grow(layout: Layout, tmp_path: Path) -> None:
    """What a quota does, and it needs no root."""
    write_segments(layout, FRONT, START, [4.0])
    root = Path(__file__).parent.parent
    arguments = [sys.executable, "-c", _LIMITED, layout.media_dir, tmp_path / "clip.mp4"]
    result = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=True)
    assert "a clip cannot be written: File too large" in result.stdout
    assert not (tmp_path / "clip.mp4").exists()


def test_a_folder_that_is_missing(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [4.0])
    with pytest.raises(StorageError, match="No such file"):
        cut_out(layout, 0, 3, tmp_path / "nowhere" / "clip.mp4")


@pytest.mark.slow
def test_many_segments(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [2.0] * 30)
    result = cut_out(layout, 10.5, 50.2, tmp_path / "clip.mp4")
    assert_copied(layout, result)
    assert len(packets(result.path, "video")) == 1005


def test_segments_of_other_times_are_not_opened(
    layout: Layout, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    segments = write_segments(layout, FRONT, START, [2.0] * 5)
    for index in (0, 1, 4):
        layout.segment_path(segments[index]).write_bytes(b"")
    cut(layout, segments, Span(at(5.1), at(7.5)), tmp_path / "clip.mp4")
    assert not caplog.records


def test_a_finished_mark_makes_no_difference(layout: Layout, tmp_path: Path) -> None:
    (segment,) = write_segments(layout, FRONT, START, [4.0], finished=False)
    cut_out(layout, 1, 3, tmp_path / "open.mp4")
    set_movie_duration(layout.segment_path(segment), 4000)
    cut_out(layout, 1, 3, tmp_path / "closed.mp4")
    assert (tmp_path / "open.mp4").read_bytes() == (tmp_path / "closed.mp4").read_bytes()


def test_segments_may_be_given_as_values(layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, FRONT, START, [4.0])
    result = cut(layout, (Segment(FRONT, START),), Span(at(1), at(2)), tmp_path / "clip.mp4")
    assert since_start(result.end) == 2.0
