"""A publisher's session without a network: packets of real footage, arriving at simulated times."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from config.settings import Settings
from media import Look, encode
from mediamtx.embedded_live import PLAYLIST, LiveStream
from mediamtx.embedded_recording import DiskFault, Recording
from mediamtx.embedded_samples import Track
from mediamtx.embedded_session import Session, usable_tracks
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import inspect, list_segments

SECONDS, LENGTH, FRAME = 16.0, 2.0, 0.04
START = 1_795_000_000.0  # when media time 0 was made, Unix time
FRONT = Stream("front")


class Publisher:
    """Footage sent to a session; what it does not say of itself is that it is not live."""

    def __init__(self, settings: Settings, live: LiveStream | None = None) -> None:
        self.layout = Layout.of(settings)
        self.fault = DiskFault(FRONT)
        self._live = live

    def _record(self, tracks: Sequence[Track]) -> Recording:
        return Recording(self.layout, FRONT, tracks, LENGTH, 1.0, self.fault)

    def send(
        self,
        delay: Callable[[float], float] = lambda made: 0.02,
        shift: Callable[[float], float] = lambda made: 0.0,
        sound_shift: float = 0.0,
        close: bool = True,
    ) -> None:
        """Send all. `delay` of the arrival, and `shift` of the timestamps, by the time when a sample was made."""
        with av.open(str(encode(Look(), SECONDS))) as source:
            session = Session("front", usable_tracks(source), self._record, self._live)
            packets = [packet for packet in source.demux() if packet.size and packet.pts >= 0]
            for packet in sorted(packets, key=lambda packet: packet.pts * packet.time_base):
                made = float(packet.pts * packet.time_base)
                moved = shift(made) + (sound_shift if packet.stream.type == "audio" else 0.0)
                packet.pts += round(moved / packet.time_base)
                packet.dts += round(moved / packet.time_base)
                # the parser hands a picture out when the next one begins to arrive
                following = made + (FRAME if packet.stream.type == "video" else 0.0)
                session.add(packet, START + following + delay(following))
            if close:
                session.close()

    @property
    def segments(self) -> list[Segment]:
        return list_segments(self.layout, FRONT)

    def path(self, segment: Segment) -> Path:
        return self.layout.segment_path(segment)

    def duration(self, segment: Segment) -> float:
        return inspect(self.path(segment)).duration

    def total(self) -> float:
        return sum(map(self.duration, self.segments))


@pytest.fixture
def publisher(settings: Settings) -> Publisher:
    return Publisher(settings)


def test_names_tell_when_the_samples_were_made(publisher: Publisher) -> None:
    publisher.send()
    assert len(publisher.segments) == SECONDS / LENGTH
    for number, segment in enumerate(publisher.segments):
        assert segment.start.timestamp() == pytest.approx(START + number * LENGTH, abs=0.05)
        assert inspect(publisher.path(segment)).finished_by_header
    for segment, following in pairwise(publisher.segments):
        # exactly one after the other: neither was the anchor moved, nor does a frame of sound stick out by more
        gap = following.start - segment.start - timedelta(seconds=publisher.duration(segment))
        assert abs(gap.total_seconds()) < 0.022
    assert publisher.total() == pytest.approx(SECONDS, abs=0.2)


def test_what_came_in_one_burst_after_probing_is_recorded_from_its_first_picture(publisher: Publisher) -> None:
    publisher.send(delay=lambda made: max(0.02, 2.5 - made))
    assert publisher.segments[0].start.timestamp() == pytest.approx(START, abs=0.05)
    assert publisher.total() == pytest.approx(SECONDS, abs=0.2)


def test_timestamps_that_jump_begin_a_new_recording_with_right_names(
    publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        publisher.send(shift=lambda made: 0.0 if made < 7 else 500.0)
    assert sum("timestamps jump" in record.message for record in caplog.records) == 1
    after = [segment for segment in publisher.segments if segment.start.timestamp() > START + 6.5]
    assert after[0].start.timestamp() == pytest.approx(START + 7, abs=1.1)  # the next key frame
    offsets = [(segment.start.timestamp() - after[0].start.timestamp()) % LENGTH for segment in after]
    assert all(min(offset, LENGTH - offset) < 0.05 for offset in offsets)
    assert publisher.total() == pytest.approx(SECONDS, abs=0.2)


def test_sound_on_another_time_line_is_left_out_and_said_once(
    publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        publisher.send(sound_shift=60.0)
    assert sum("away from the picture" in record.message for record in caplog.records) == 1
    assert publisher.total() == pytest.approx(SECONDS, abs=0.2)


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_names_follow_a_clock_that_is_set_and_no_footage_is_lost(publisher: Publisher, step: float) -> None:
    publisher.send(delay=lambda made: 0.02 if made < 6 else 0.02 + step)
    by_file = sorted(publisher.segments, key=lambda segment: publisher.path(segment).stat().st_mtime_ns)
    assert by_file[0].start.timestamp() == pytest.approx(START, abs=0.05)
    assert by_file[-1].start.timestamp() == pytest.approx(START + step + 14, abs=1.1)
    right = [segment for segment in by_file if abs(segment.start.timestamp() - START - step) < 60]
    assert publisher.duration(right[0]) + sum(map(publisher.duration, right[1:])) > SECONDS - 6 - 4.1
    assert publisher.total() == pytest.approx(SECONDS, abs=0.2)


def test_a_session_that_ends_at_once_is_recorded(publisher: Publisher) -> None:
    with av.open(str(encode(Look(), SECONDS))) as source:
        session = Session("front", usable_tracks(source), publisher._record, None)
        for number, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            if number == 5:
                break
            session.add(packet, START + number * FRAME)
        session.close()
    assert publisher.total() == pytest.approx(5 * FRAME, abs=0.01)


def test_the_same_name_is_never_used_twice(publisher: Publisher) -> None:
    publisher.send()
    publisher.send()  # as after a clock that was set back
    assert len(publisher.segments) == 2 * SECONDS / LENGTH
    assert publisher.total() == pytest.approx(2 * SECONDS, abs=0.4)


def test_live_hls_keeps_up_and_ends_with_the_session(settings: Settings) -> None:
    live = LiveStream()
    Publisher(settings, live).send(close=False)
    playlist = live.read(PLAYLIST)
    assert playlist is not None
    names = [line for line in playlist.decode().splitlines() if not line.startswith("#")]
    assert len(names) == 7
    assert all(live.read(name) for name in names)
    newest = int(names[-1].partition("_")[2].partition(".")[0])
    assert live.read(f"segment_{newest - 10}.m4s") is not None  # for a player that is behind
    assert live.read(f"segment_{newest - 11}.m4s") is None

    ended = LiveStream()
    Publisher(settings, ended).send()
    assert ended.read(PLAYLIST) is None
    assert ended.read(names[-1]) is None
    assert ended.bytes_sent == 0
