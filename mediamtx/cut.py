"""Cutting clips out of segments by stream copy: no decoding, sound kept, also from the segment being written.

The times of a clip are those of its first segment's name plus the packets' own. Continuous segments follow each other
by their media, without a gap, since their names are estimates; a real gap keeps its length, so that every moment of
the clip stays where it was. Footage that cannot be joined (another codec, size or set of tracks) makes another part.
"""

from __future__ import annotations

import itertools
import logging
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import ClipError, SegmentError, StorageError
from mediamtx.layout import Layout
from mediamtx.mp4 import open_whole
from mediamtx.names import Segment, iso
from mediamtx.segments import CONTIGUOUS, Span, stream_parameters

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

_NAMES_DIFFER = 2.0
"""A segment named so much (s) before the end of the one before it was named by a clock that was set back."""
_NAME_ERROR = timedelta(seconds=1)  # a key frame may belong to the segment before the one that the names tell


@dataclass(frozen=True, slots=True)
class CutPart:
    """One file that was cut; `start` is the time of its first picture, `end` that of the end of its last, UTC."""

    path: Path
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class CutResult:
    """What was cut: mostly one part; further ones where the footage could not be joined. Oldest first, never empty."""

    parts: tuple[CutPart, ...]

    @property
    def path(self) -> Path:
        """The first part's file."""
        return self.parts[0].path

    @property
    def start(self) -> datetime:
        """The start of the first part."""
        return self.parts[0].start

    @property
    def end(self) -> datetime:
        """The end of the first part."""
        return self.parts[0].end


def cut(
    layout: Layout, segments: Sequence[Segment], span: Span, out: Path, watch: Callable[[float], None] | None = None
) -> CutResult:
    """Cut `span` out of segments of one stream, given oldest first, into the MP4 `out`, which is on disk on return.

    It begins at the last key frame at or before the span, or where the footage begins. A segment that cannot be read
    is left out with a warning. Further parts lie beside `out`, their names ending in -2, -3 ...
    `watch` is told with each key frame how many seconds of the span are written; what it raises ends the cutting.
    Raises ClipError where no footage of the span can be read, StorageError where `out` cannot be written;
    neither leaves a file behind.
    """
    wanted = _wanted(segments, span)
    if not wanted:
        raise ClipError(f"no footage from {_text(span)}: the recordings {_extent(segments)}")
    problems: list[str] = []
    paths = (out.with_name(f"{out.stem}-{number}{out.suffix}") if number > 1 else out for number in itertools.count(1))
    parts: list[CutPart] = []
    origin = wanted[0].start
    begin, end = ((time - origin).total_seconds() for time in (span.start, span.end))
    path = next(paths)
    try:
        with ExitStack() as stack:
            samples = _samples(layout, wanted, end, stack, problems)
            for _, run in itertools.groupby(samples, key=lambda sample: (sample.source.run, sample.source.parameters)):
                if (times := _write(_watched(_from_key_frame(run, begin), begin, watch), path)) is not None:
                    parts.append(CutPart(path, *(origin + timedelta(seconds=time) for time in times)))
                    path = next(paths)
    except BaseException:
        for unfinished in (*(part.path for part in parts), path):
            with suppress(OSError):  # what is wrong with the folder is being said already
                unfinished.unlink()
        raise
    if not parts:
        why = "; ".join(problems) or f"the recordings {_extent(segments)}"
        raise ClipError(f"no footage from {_text(span)}: {why}")
    return CutResult(tuple(parts))


def _wanted(segments: Sequence[Segment], span: Span) -> list[Segment]:
    first = bisect_right(segments, span.start - _NAME_ERROR, key=_start_of) - 1
    return list(segments[max(0, first) : bisect_left(segments, span.end, key=_start_of)])


def _start_of(segment: Segment) -> datetime:
    return segment.start


@dataclass(slots=True)
class _Source:
    """One open segment."""

    parameters: tuple[tuple[object, ...], ...]
    tracks: dict[int, VideoStream | AudioStream]  # by stream index; at most one of each kind
    run: int = 0  # another one begins where the clock was set back


@dataclass(slots=True)
class _Sample:
    """A packet with its times in seconds since the first segment's start."""

    packet: Packet[Any]
    source: _Source
    video: bool
    dts: float
    pts: float
    end: float


def _samples(
    layout: Layout, segments: Sequence[Segment], end: float, stack: ExitStack, problems: list[str]
) -> Iterator[_Sample]:
    """The packets of all segments before `end`, on one clock; the files stay open until the stack is closed."""
    import av

    footage_end: float | None = None
    run = 0
    for segment in segments:
        path = layout.segment_path(segment)
        try:
            container = stack.enter_context(open_whole(path))
            source, first_picture = _source(container, path)
            named = (segment.start - segments[0].start).total_seconds()
            gap = None if footage_end is None else named + first_picture - footage_end
            if footage_end is None or gap is None or gap > CONTIGUOUS:
                clock = named
            elif gap < -_NAMES_DIFFER:
                clock, footage_end, run = named, None, run + 1
            else:
                clock = footage_end - first_picture
            source.run = run
            running = set(source.tracks)
            for packet in container.demux(*source.tracks.values()):
                if packet.dts is None or packet.pts is None:
                    continue
                sample = _sample(packet, source, clock)
                if sample.dts >= end:
                    running.discard(packet.stream_index)
                    if not running:
                        break
                    continue
                if sample.video:
                    footage_end = sample.end if footage_end is None else max(footage_end, sample.end)
                yield sample
        except SegmentError as error:
            problems.append(str(error))
        except av.FFmpegError as error:
            problems.append(f"{path}: damaged: {error}")
        else:
            continue
        logger.warning("left out of a clip: %s", problems[-1])


def _source(container: InputContainer, path: Path) -> tuple[_Source, float]:
    """The tracks to copy, and the time of the first picture in seconds."""
    video = next(iter(container.streams.video), None)
    if video is None or video.start_time is None or video.time_base is None:
        raise SegmentError(f"{path}: holds no picture yet")
    tracks: list[VideoStream | AudioStream] = [video, *container.streams.audio[:1]]
    source = _Source(stream_parameters(container), {track.index: track for track in tracks})
    return source, float(video.start_time * video.time_base)


def _sample(packet: Packet[Any], source: _Source, clock: float) -> _Sample:
    assert packet.dts is not None and packet.pts is not None
    tick = float(packet.time_base)
    pts = clock + packet.pts * tick
    video = source.tracks[packet.stream_index].type == "video"
    return _Sample(packet, source, video, clock + packet.dts * tick, pts, pts + (packet.duration or 0) * tick)


def _from_key_frame(samples: Iterable[_Sample], begin: float) -> Iterator[_Sample]:
    """What to copy: from the last key frame at or before `begin` on, else from the first one. It comes first.

    Footage that ends before `begin` is left out, even if none follows.
    """
    pending: list[_Sample] = []  # from the key frame that is the best so far
    key: _Sample | None = None
    footage_end = begin
    samples = iter(samples)
    for sample in samples:
        if sample.video and sample.packet.is_keyframe and (key is None or sample.pts <= begin or footage_end <= begin):
            key = sample
            pending = [key, *(other for other in pending if not other.video and other.pts >= key.pts)]
        elif sample.video and key is None:
            continue
        else:
            pending.append(sample)
        if sample.video:
            footage_end = max(footage_end, sample.end)
            if sample.dts > begin:
                break
    if key is None or footage_end <= begin:
        return
    # Sound, and pictures shown before the key frame they follow, which cannot be decoded without those left out.
    yield from (sample for sample in itertools.chain(pending, samples) if sample.pts >= key.pts)


def _watched(samples: Iterator[_Sample], begin: float, watch: Callable[[float], None] | None) -> Iterator[_Sample]:
    for sample in samples:
        if watch is not None and sample.video and sample.packet.is_keyframe:
            watch(max(0.0, sample.pts - begin))
        yield sample


def _write(samples: Iterator[_Sample], path: Path) -> tuple[float, float] | None:
    """Write one part; the start of its first and the end of its last picture. None, and no file, without samples."""
    import av

    first = next(samples, None)
    if first is None:
        return None
    end = first.end
    try:
        # The scale is that of the times at which the tracks begin.
        options = {"movflags": "+faststart", "movie_timescale": "90000"}
        with av.open(str(path), "w", format="mp4", options=options) as out:
            tracks = {index: _Track(out, template) for index, template in first.source.tracks.items()}
            by_kind = {track.video: track for track in tracks.values()}
            for sample in itertools.chain([first], samples):
                by_kind[sample.video].add(sample, first.pts)
                if sample.video:
                    end = max(end, sample.end)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:  # PyAV's own are among them
        raise StorageError(
            f"{path.parent}: a clip cannot be written: {error.strerror}; make room or check the folder's rights"
        ) from error
    except av.FFmpegError as error:
        raise ClipError(f"{path}: the footage does not fit into an MP4: {error}") from error
    return first.pts, end


class _Track:
    """One track of the file being written."""

    def __init__(self, out: OutputContainer, template: VideoStream | AudioStream) -> None:
        assert template.time_base is not None
        self.video = template.type == "video"
        self._out = out
        self._stream = out.add_stream_from_template(template)
        self._stream.time_base = self._time_base = template.time_base
        self._tick = float(template.time_base)
        self._last: int | None = None
        if template.codec_context.name == "hevc":
            self._stream.codec_context.codec_tag = "hvc1"  # the tag that Apple's players insist on

    def add(self, sample: _Sample, start: float) -> None:
        """Copy a packet; `start` becomes time 0."""
        packet = sample.packet
        dts = round((sample.dts - start) / self._tick)
        if self._last is not None:
            dts = max(dts, self._last + 1)  # a tick's rounding between two segments
        self._last = packet.dts = dts
        packet.pts = max(dts, round((sample.pts - start) / self._tick))
        packet.duration = round((sample.end - sample.pts) / self._tick)
        packet.time_base = self._time_base
        packet.stream = self._stream
        self._out.mux_one(packet)


def _text(span: Span) -> str:
    return f"{iso(span.start)} to {iso(span.end)}"


def _extent(segments: Sequence[Segment]) -> str:
    if not segments:
        return "are empty"
    return f"begin at {iso(segments[0].start)} and the last segment starts at {iso(segments[-1].start)}"
