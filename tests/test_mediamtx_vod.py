"""Segments as HLS: pieces hold what the file does, and stand one after the other on one time line."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from yard import MAIN, T

import media
from config.errors import SegmentError
from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.mp4 import open_whole
from mediamtx.names import Segment
from mediamtx.segments import Span
from mediamtx.vod import Entry, Film, Index, Piece, arrange, index, initialisation, piece_of

NOW = datetime(2026, 11, 20, 20, tzinfo=UTC)
DAY = Span(T - timedelta(hours=12), T + timedelta(hours=12))


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


def data_of(path: Path, film: Film) -> bytes:
    content = path.read_bytes()
    data = film.head + b"".join(content[at : at + size] for at, size in film.places)
    assert len(data) == film.size
    return data


def entries_of(layout: Layout, segments: Sequence[Segment], span: Span = DAY) -> list[Entry]:
    return arrange([(segment, index(layout, segment, True, NOW)) for segment in segments], span)


def film_of(layout: Layout, entries: Sequence[Entry]) -> list[tuple[str, float, float, bytes]]:
    """The packets that a player gets: kind, time of decoding and duration in s, content."""
    data = data_of(
        layout.segment_path(entries[0].segment), initialisation(layout.segment_path(entries[0].segment))
    ) + b"".join(
        data_of(path := layout.segment_path(entry.segment), piece_of(path, entry.piece, entry.shift, entry.joined))
        for entry in entries
    )
    with av.open(io.BytesIO(data), format="mp4") as container:
        return [
            (p.stream.type, float(p.dts * p.time_base), float(p.duration * p.time_base), bytes(p))
            for p in container.demux()
            if p.dts is not None
        ]


def in_files(layout: Layout, segments: Sequence[Segment], kind: str) -> list[bytes]:
    found = []
    for segment in segments:
        with open_whole(layout.segment_path(segment)) as container:
            found += [bytes(p) for p in container.demux() if p.dts is not None and p.stream.type == kind]
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("ffmpeg")
@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize(("b_frames", "lead"), [(0, 0.0), (2, 0.0), (0, 0.3)])
def test_nothing_is_lost_or_doubled_and_no_time_is_left_out(
    layout: Layout, codec: str, b_frames: int, lead: float
) -> None:
    segments = media.write_segments(
        layout, MAIN, T, [6, 5, 5], codec=codec, b_frames=b_frames, sound_lead=lead, name_errors=[0, 0.1, -0.1]
    )
    entries = entries_of(layout, segments)
    assert [entry.new_form for entry in entries] == [True] + [False] * (len(entries) - 1)
    packets = film_of(layout, entries)
    for kind in ("video", "audio"):
        mine = [packet for packet in packets if packet[0] == kind]
        assert [content for *_, content in mine] == in_files(layout, segments, kind)
        for before, after in itertools.pairwise(mine):
            assert after[1] == pytest.approx(before[1] + before[2], abs=0.002), "no gap, and no overlap"
    assert sum(entry.duration for entry in entries) == pytest.approx(16e6, abs=0.1e6)
    if codec == "h265":
        assert b"hvc1" in initialisation(layout.segment_path(segments[0])).head


@pytest.mark.slow
@pytest.mark.usefixtures("ffmpeg")
def test_a_file_that_grows_is_played_up_to_its_last_piece_but_one(layout: Layout) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [10], finished=False)
    path = layout.segment_path(segment)
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    growing = index(layout, segment, False, modified + timedelta(seconds=2))
    whole = index(layout, segment, False, modified + timedelta(seconds=60))
    assert len(whole.pieces) == len(growing.pieces) + 1 and whole.pieces[-1].last
    assert not growing.pieces[-1].last, "its sound may go on"
    os.truncate(path, path.stat().st_size - 1000)  # a torn part
    torn = index(layout, segment, True, NOW)
    assert torn.pieces[-1].behind < whole.pieces[-1].behind
    assert len(film_of(layout, entries_of(layout, [segment]))) > 100


def test_what_is_no_segment_is_refused(layout: Layout) -> None:
    segment = Segment(MAIN, T)
    path = layout.segment_path(segment)
    with pytest.raises(SegmentError, match="cannot be read"):
        index(layout, segment, True, NOW)
    path.parent.mkdir(parents=True)
    for data in (b"", b"\0\0\0\x08moov", b"\0\0\0\x10moov\0\0\0\x08trak" * 3, b"no film at all" * 99):
        path.write_bytes(data)
        with pytest.raises(SegmentError):
            index(layout, segment, True, NOW)
        with pytest.raises(SegmentError):
            piece_of(path, Piece(0, 10**9, 0, 10**9, True), 0, False)
        with pytest.raises(SegmentError):
            initialisation(path)


def test_times_that_cannot_be_are_refused(layout: Layout, ffmpeg: str) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [4])
    path = layout.segment_path(segment)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"tfdt")
    assert data[at + 4] == 1, "a time of 64 bits"
    data[at + 8 : at + 16] = (1 << 60).to_bytes(8, "big")
    path.write_bytes(data)
    with pytest.raises(SegmentError, match="times"):
        piece_of(path, Piece(0, 10**9, 0, 1 << 62, True), 0, False)


def made_up(*lengths: float, form: int = 1, first: float = 0.0) -> Index:
    """An index with pieces of these seconds."""
    ticks, at, pieces = 1000, round(first * 1000), []
    for number, length in enumerate(lengths):
        end = at + round(length * ticks)
        pieces.append(Piece(number * 10, number * 10 + 9, at, end, number == len(lengths) - 1))
        at = end
    return Index(form, ticks, tuple(pieces))


def arranged(*segments: tuple[float, Index], span: Span = DAY) -> list[tuple[float, float, bool, bool, bool]]:
    """Of each entry: wall clock and playlist time in s, joined, follows, new form."""
    listed = [(Segment(MAIN, T + timedelta(seconds=start)), found) for start, found in segments]
    return [((e.wall - T).total_seconds(), e.at / 1e6, e.joined, e.follows, e.new_form) for e in arrange(listed, span)]


def test_segments_that_follow_each_other_are_one_film() -> None:
    assert arranged((0, made_up(4, 4)), (8.1, made_up(4, 2)), (13.9, made_up(4))) == [
        (0, 0, False, False, True),
        (4, 4, False, True, False),
        (8.1, 8, True, False, False),
        (12.1, 12, False, True, False),
        (13.9, 14, True, False, False),
    ]


def test_a_gap_takes_no_time_in_the_film() -> None:
    assert arranged((0, made_up(4)), (64, made_up(4, first=0.5)))[1] == (64.5, 4, False, False, False)


def test_another_form_begins_anew() -> None:
    assert arranged((0, made_up(4)), (4, made_up(4, form=2)), (8, made_up(4)))[1:] == [
        (4, 4, False, False, True),
        (8, 8, False, False, True),
    ]


def test_footage_named_by_a_clock_that_was_set_back_is_not_joined() -> None:
    assert arranged((0, made_up(30)), (10, made_up(4)))[1] == (10, 30, False, False, False)


@pytest.mark.parametrize(
    ("begin", "end", "walls"),
    [
        (5, 6, [4]),
        (4, 8, [4]),
        (7.9, 8.1, [4, 8]),
        (-9, 0, []),
        (-9, 0.1, [0]),
        (11.9, 99, [8]),
        (12, 99, []),
    ],
)
def test_a_span_gets_the_pieces_that_show_some_of_it(begin: float, end: float, walls: list[float]) -> None:
    span = Span(T + timedelta(seconds=begin), T + timedelta(seconds=end))
    found = arranged((0, made_up(4, 4)), (8, made_up(4)), span=span)
    assert [wall for wall, *_ in found] == walls
    assert [at for _, at, *_ in found] == [4 * number for number in range(len(walls))], "a playlist begins at 0"
