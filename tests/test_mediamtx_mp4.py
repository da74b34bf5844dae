"""Boxes: how far a file is whole, and files that are none."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import SegmentError
from config.settings import Settings
from media import make_mp4, set_movie_duration, write_segments
from mediamtx.layout import Layout
from mediamtx.mp4 import movie_duration, open_whole, whole_length
from mediamtx.names import Stream

START = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture
def segment(settings: Settings, ffmpeg: str) -> Path:
    layout = Layout.of(settings)
    return layout.segment_path(write_segments(layout, Stream("front"), START, [4.0], finished=False)[0])


def parts_of(data: bytes) -> list[int]:
    """Where each part ends, the header first."""
    ends, at = [], 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += length
        if kind in (b"moov", b"mdat"):
            ends.append(at)
    return ends


def test_a_whole_file_is_whole(segment: Path) -> None:
    assert whole_length(segment) == segment.stat().st_size
    assert len(parts_of(segment.read_bytes())) == 5, "a part a second"


def test_cut_off_anywhere_it_is_whole_up_to_the_last_part(segment: Path) -> None:
    data = segment.read_bytes()
    ends = parts_of(data)
    for length in [
        *range(ends[0], len(data), 997),
        *ends,
        *(end - 1 for end in ends[1:]),
        *(end + 9 for end in ends[:-1]),
    ]:
        segment.write_bytes(data[:length])
        assert whole_length(segment) == max(end for end in ends if end <= length)


def test_cut_off_before_the_header_is_complete(segment: Path) -> None:
    data = segment.read_bytes()
    for length in (0, 1, 7, 8, 20, 28, 40, parts_of(data)[0] - 1):
        segment.write_bytes(data[:length])
        with pytest.raises(SegmentError, match="empty file" if not length else "cut off before its header"):
            whole_length(segment)


def test_garbage_after_the_last_part_is_left_out(segment: Path) -> None:
    whole = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(b"\0\0\0\3garbage" * 10)
    assert whole_length(segment) == whole


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 5000,
        b"\xff" * 5000,
        b"hello, this is no video\n" * 100,
        struct.pack(">I4s", 5000, b"ftyp") + b"x" * 4992,
    ],
    ids=["zeros", "ones", "text", "one box"],
)
def test_what_is_no_mp4(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    for read in (whole_length, movie_duration):
        with pytest.raises(SegmentError, match="no MP4 file"):
            read(path)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    missing, link, folder, fifo = (tmp_path / name for name in ("missing.mp4", "link.mp4", "folder.mp4", "fifo.mp4"))
    link.symlink_to(tmp_path / "nowhere")
    folder.mkdir()
    os.mkfifo(fifo)
    for path, why in (
        (missing, "No such file"),
        (link, "No such file"),
        (folder, "not a regular"),
        (fifo, "not a reg"),
    ):
        for read in (whole_length, movie_duration):
            with pytest.raises(SegmentError, match=why):
                read(path)
        with pytest.raises(SegmentError, match=why), open_whole(path):
            pass


def test_the_duration_in_the_header(segment: Path) -> None:
    assert movie_duration(segment) == 0
    set_movie_duration(segment, 4000)
    assert movie_duration(segment) == 4000


def test_a_damaged_header(segment: Path) -> None:
    segment.write_bytes(segment.read_bytes().replace(b"mvhd", b"mvhx"))
    with pytest.raises(SegmentError, match="header is damaged"):
        movie_duration(segment)


def test_an_ordinary_mp4(tmp_path: Path, ffmpeg: str) -> None:
    path = make_mp4(tmp_path / "x.mp4", 2.0)
    assert whole_length(path) == path.stat().st_size
    assert movie_duration(path) > 0


def test_large_and_open_ended_boxes(tmp_path: Path, segment: Path) -> None:
    data = segment.read_bytes()
    header = data[: parts_of(data)[0]]
    path = tmp_path / "x.mp4"
    moof = struct.pack(">I4s", 8, b"moof")
    path.write_bytes(header + moof + struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100))
    assert whole_length(path) == len(header) + 8 + 116
    path.write_bytes(header + moof + struct.pack(">I4s", 0, b"mdat") + bytes(100))
    assert whole_length(path) == len(header) + 8 + 108
    path.write_bytes(header + moof + struct.pack(">I4sQ", 1, b"mdat", 2**60))
    assert whole_length(path) == len(header)


def test_what_is_added_meanwhile_is_not_read(segment: Path) -> None:
    data = segment.read_bytes()
    ends = parts_of(data)
    segment.write_bytes(data[: ends[2]])
    with open_whole(segment) as container:
        segment.write_bytes(data)
        pictures = [packet for packet in container.demux(video=0) if packet.size]
    assert len(pictures) == 50
