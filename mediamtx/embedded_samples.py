"""Samples of a publisher's tracks: times where the demuxer left them out, one order over all tracks, durations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

MAX_WAIT = 1.0  # s that one track waits for the others
MAX_STEP = 5.0  # s between two samples of a track; more is a jump
MAX_BACK = 0.5  # s that a timestamp may lie behind and be a lost sample only


@dataclass(frozen=True, slots=True)
class Track:
    """The video or the audio track of a session."""

    source: VideoStream | AudioStream
    time_base: Fraction

    @property
    def video(self) -> bool:
        """Whether this is the picture."""
        return self.source.type == "video"

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec: `h264`, `hevc`, `aac`..."""
        return self.source.codec_context.name


@dataclass(slots=True)
class Sample:
    """One packet with complete times, in units of its track's time base."""

    track: Track
    packet: av.Packet[Any]
    pts: int
    dts: int
    duration: int
    jump: bool = False  # it does not continue its track's time line

    @property
    def time(self) -> float:
        """Decoding time in seconds."""
        return float(self.dts * self.track.time_base)

    @property
    def key(self) -> bool:
        """Whether a recording may be cut before it."""
        return self.track.video and self.packet.is_keyframe


class TimeLine:
    """Completes the times of one track's packets, and tells where they jump.

    FFmpeg's RTSP demuxer leaves out the time of the first picture, and decoding times until it has seen how far
    pictures are reordered; both follow from the packets after it, so the first few are held back.
    """

    def __init__(self, track: Track) -> None:
        self._track = track
        self._held: list[av.Packet[Any]] = []
        self._last: Sample | None = None

    def push(self, packet: av.Packet[Any]) -> list[Sample]:
        """The samples that are complete now, in order of decoding; what is not after the last one is dropped."""
        if self._last is None:
            self._held.append(packet)
            return self._begin(packet)
        pts, dts = packet.pts, packet.dts
        if dts is None:
            dts = self._last.dts + (self._last.duration or packet.duration or 0)
        sample = Sample(self._track, packet, dts if pts is None else pts, dts, packet.duration or 0)
        ahead = sample.time - self._last.time
        if -MAX_BACK < ahead <= 0:
            return []
        sample.jump = not 0 < ahead < MAX_STEP
        self._last = sample
        return [sample]

    def _begin(self, newest: av.Packet[Any]) -> list[Sample]:
        """All that was held back, once the newest packet is complete and the time from one to the next is known."""
        if newest.pts is None or newest.dts is None:
            return []
        step = newest.duration or 0
        if step <= 0 and len(self._held) > 1:
            before = self._held[-2].dts
            step = newest.dts - before if before is not None else 0
            if step <= 0:
                return []
        held, self._held = self._held, []
        known = [packet.pts for packet in held if packet.pts is not None]
        # what has no time at all came first, so it is shown before all the others
        next_pts = min(known) - step * (len(held) - len(known))
        samples = []
        for ahead, packet in zip(range(len(held) - 1, -1, -1), held, strict=True):
            pts, dts = packet.pts, packet.dts
            if pts is None:
                pts, next_pts = next_pts, next_pts + step
            if dts is None:
                dts = min(newest.dts - step * ahead, pts)
            samples.append(Sample(self._track, packet, pts, dts, packet.duration or step))
        self._last = samples[-1]
        return samples


class Order:
    """Puts the samples of all tracks in order of time, and gives each the duration up to the next of its track."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._queues: dict[int, deque[Sample]] = {track.source.index: deque() for track in tracks}
        self._newest: dict[int, Sample] = {}

    def push(self, sample: Sample) -> Iterator[Sample]:
        """Take one sample in; the samples whose turn has come."""
        index = sample.track.source.index
        last = self._newest.get(index)
        if last is not None:
            last.duration = sample.dts - last.dts
        self._newest[index] = sample
        self._queues[index].append(sample)
        while (queue := self._next(sample.time)) is not None:
            yield queue.popleft()

    def rest(self) -> Iterator[Sample]:
        """All that is left, in order."""
        yield from sorted((s for queue in self._queues.values() for s in queue), key=lambda s: s.time)
        for queue in self._queues.values():
            queue.clear()

    def _next(self, newest: float) -> deque[Sample] | None:
        """The queue whose head is the oldest sample, if that may go: it has a successor, and no track can be older."""
        filled = [queue for queue in self._queues.values() if queue]
        if not filled:
            return None
        oldest = min(filled, key=lambda queue: queue[0].time)
        complete = len(oldest) > 1 and len(filled) == len(self._queues)
        return oldest if complete or newest - oldest[0].time > MAX_WAIT else None
