"""Samples in order, and segment files made of them: from real footage, down to full disks."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import av
import pytest

from media import Look, encode
from mediamtx.embedded_samples import Order, Sample, TimeLine, Track
from mediamtx.embedded_writer import SegmentWriter
from mediamtx.mp4 import movie_duration, whole_length
from mediamtx.segments import inspect

SECONDS = 4.0


@contextmanager
def footage(look: Look | None = None) -> Iterator[tuple[list[Track], list[Sample]]]:
    """The tracks of some footage and its samples, track by track, as far as a recorder gets them (nothing before 0)."""
    with av.open(str(encode(look or Look(), SECONDS))) as container:
        tracks = [Track(s, s.time_base) for s in (*container.streams.video, *container.streams.audio) if s.time_base]
        lines = {track.source.index: TimeLine(track) for track in tracks}
        packets = [packet for packet in container.demux() if packet.size and packet.pts >= 0]
        yield tracks, [sample for packet in packets for sample in lines[packet.stream_index].push(packet)]


def in_order(tracks: list[Track], samples: list[Sample]) -> list[Sample]:
    order = Order(tracks)
    return [ready for sample in samples for ready in order.push(sample)] + list(order.rest())


def retimed(look: Look, change: Callable[[int, av.Packet], None]) -> tuple[list[Sample], list[Sample]]:
    """The samples of the picture as they should be, and as they come out of packets that `change` has changed."""
    with footage(look) as (tracks, samples):
        wanted = [sample for sample in samples if sample.track.video]
    with av.open(str(encode(look, SECONDS))) as container:
        line, result = TimeLine(tracks[0]), []
        for number, packet in enumerate(packet for packet in container.demux(video=0) if packet.size):
            change(number, packet)
            result += line.push(packet)
    return wanted, result


@pytest.mark.parametrize("durations", [True, False])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_times_that_the_demuxer_leaves_out_follow_from_the_next_packets(b_frames: int, durations: bool) -> None:
    def leave_out(number: int, packet: av.Packet) -> None:
        if number < 6 and not durations:
            packet.duration = 0
        if number == 0:
            packet.pts = None
        if number <= b_frames:
            packet.dts = None

    wanted, result = retimed(Look(b_frames=b_frames), leave_out)
    assert [sample.pts for sample in result] == [sample.pts for sample in wanted]
    assert [sample.dts for sample in result][b_frames:] == [sample.dts for sample in wanted][b_frames:]
    assert all(a.dts < b.dts and a.dts <= a.pts for a, b in pairwise(result))


def test_a_time_missing_later_continues_the_line() -> None:
    def leave_out(number: int, packet: av.Packet) -> None:
        if number == 30:
            packet.pts = packet.dts = None

    wanted, result = retimed(Look(), leave_out)
    assert [sample.pts for sample in result] == [sample.pts for sample in wanted]


@pytest.mark.parametrize(("shift", "jumps"), [(6.0, True), (-3.0, True), (1000.0, True), (2.0, False)])
def test_a_jump_of_the_timestamps_is_told(shift: float, jumps: bool) -> None:
    def move(number: int, packet: av.Packet) -> None:
        if number >= 50:
            packet.pts += round(shift / packet.time_base)
            packet.dts += round(shift / packet.time_base)

    wanted, result = retimed(Look(), move)
    assert [number for number, sample in enumerate(result) if sample.jump] == ([50] if jumps else [])
    assert len(result) == len(wanted)


def test_samples_that_come_too_late_are_dropped() -> None:
    def repeat(number: int, packet: av.Packet) -> None:
        if number in (10, 11):
            packet.pts, packet.dts = 9 * 3600, 9 * 3600

    wanted, result = retimed(Look(), repeat)
    assert len(result) == len(wanted) - 2
    assert not any(sample.jump for sample in result)


def test_samples_of_all_tracks_come_in_order_with_durations_up_to_the_next() -> None:
    with footage() as (tracks, samples):
        shuffled = sorted(samples, key=lambda sample: sample.time + (0.4 if not sample.track.video else 0.0))
        result = in_order(tracks, shuffled)
        assert [sample.time for sample in result] == sorted(sample.time for sample in samples)
        for track in tracks:
            mine = [sample for sample in result if sample.track is track]
            assert all(a.dts + a.duration == b.dts for a, b in pairwise(mine))


def test_a_track_that_falls_silent_holds_up_the_other_for_a_second_only() -> None:
    with footage() as (tracks, samples):
        order = Order(tracks)
        pictures = [sample for sample in samples if sample.track.video]
        sound = next(sample for sample in samples if not sample.track.video)
        ready = [one for sample in (sound, *pictures) for one in order.push(sample)]
        assert len(ready) >= len(pictures) - 26


def cut(folder: Path, tracks: list[Track], samples: list[Sample], at: list[float]) -> list[Path]:
    """Files of the samples, cut at these times."""
    paths = []
    for number, (begin, end) in enumerate(pairwise([samples[0].time, *at, 1e9])):
        writer = SegmentWriter(folder / f"{number}.mp4", tracks, begin, 1.0)
        for sample in samples:
            if begin <= sample.time < end:
                writer.write(sample)
        writer.finish()
        paths.append(writer.path)
    return paths


def packets_in(path: Path, begin: float) -> list[tuple[str, int, int, bytes]]:
    """Kind, decoding and presentation time (ms, with `begin` added) and content of the packets of a file."""
    with av.open(str(path)) as container:
        return [
            (p.stream.type, *(round((float(t * p.time_base) + begin) * 1000) for t in (p.dts, p.pts)), bytes(p))
            for p in container.demux()
            if p.size
        ]


@pytest.mark.parametrize("look", [Look(), Look(audio=False), Look(codec="h265", b_frames=2)], ids=str)
def test_picture_and_sound_go_on_without_a_gap_from_file_to_file(look: Look, tmp_path: Path) -> None:
    with footage(look) as (tracks, samples):
        ready = in_order(tracks, samples)
        start = ready[0].time
        key = next(sample.time for sample in ready if sample.key and sample.time - start >= 2)
        first, second = cut(tmp_path, tracks, ready, [key])
    found = packets_in(first, start) + packets_in(second, key)
    wanted = [packet for packet in packets_in(encode(look, SECONDS), 0.0) if packet[2] >= 0]
    assert sorted(found) == sorted(wanted)
    with av.open(str(second)) as container:
        assert container.streams.video[0].codec_context.codec_tag == ("hvc1" if look.codec == "h265" else "avc1")
        assert next(container.demux(video=0)).is_keyframe


def test_a_file_is_readable_at_any_time_and_finished_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "stream" / "segment.mp4"
    with footage() as (tracks, samples):
        writer = SegmentWriter(path, tracks, 0.0, 1.0)
        sizes = []
        for sample in in_order(tracks, samples):
            if writer.write(sample):
                sizes.append(path.stat().st_size)
                assert whole_length(path) == sizes[-1]  # whole parts only
                assert movie_duration(path) == 0
                assert inspect(path).duration == pytest.approx(len(sizes), abs=0.1)
        assert len(sizes) == SECONDS - 1
        writer.finish()
    info = inspect(path)
    assert info.finished_by_header
    assert info.duration == pytest.approx(SECONDS, abs=0.1)
    assert movie_duration(path) > 0
    with av.open(str(path)) as container:  # in what unit the header counts is the muxer's choice
        assert container.duration == pytest.approx(info.duration * 1_000_000, abs=2000)


def test_there_is_no_file_before_its_first_part(tmp_path: Path) -> None:
    with footage() as (tracks, samples):
        writer = SegmentWriter(tmp_path / "segment.mp4", tracks, 0.0, 1.0)
        writer.write(in_order(tracks, samples)[0])
        assert not writer.path.exists()
        writer.finish()
    assert inspect(writer.path).finished_by_header


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "segment.mp4"
    path.write_bytes(b"somebody else's")
    with footage() as (tracks, samples):
        writer = SegmentWriter(path, tracks, 0.0, 1.0)
        with pytest.raises(FileExistsError):
            for sample in in_order(tracks, samples):
                writer.write(sample)
        writer.abandon()
    assert path.read_bytes() == b"somebody else's"


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes: what a full disk does, at a chosen place."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_leaves_whole_parts_marked_finished(tmp_path: Path) -> None:
    with footage() as (tracks, samples):
        ready = in_order(tracks, samples)
        (whole,) = cut(tmp_path, tracks, ready, [])
        path = tmp_path / "full.mp4"
        writer = SegmentWriter(path, tracks, 0.0, 1.0)
        with files_at_most(whole.stat().st_size * 6 // 10):
            with pytest.raises(OSError, match="File too large"):
                for sample in ready:
                    writer.write(sample)
            writer.abandon()
    assert whole_length(path) == path.stat().st_size
    info = inspect(path)
    assert info.finished_by_header
    assert 1.5 < info.duration < 3.1


def test_a_disk_that_is_full_already_keeps_no_empty_file(tmp_path: Path) -> None:
    with footage() as (tracks, samples):
        writer = SegmentWriter(tmp_path / "full.mp4", tracks, 0.0, 1.0)
        with files_at_most(4096), pytest.raises(OSError, match="File too large"):
            for sample in in_order(tracks, samples):
                writer.write(sample)
        writer.abandon()
    assert not writer.path.exists()
