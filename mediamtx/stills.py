"""The newest picture of a stream: the last key frame that was recorded, from the segment still being written too.

A key frame stands alone, so one picture is decoded and nothing else; it is as old as the key frame, and the part
(`mediamtx.part`) that it came in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.mp4 import open_whole
from mediamtx.names import Segment, Stream
from mediamtx.pictures import jpeg
from mediamtx.samples import Video, open_video
from mediamtx.segments import LONGEST_SEGMENT

logger = logging.getLogger(__name__)

FRESH = timedelta(seconds=30)
"""A picture older than this does not show what is: key frames may be 10 s apart, and a part take 10 s."""
_TRIED = 3  # of the newest segments, of which the last may hold no key frame yet
_QUALITY = 3


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a stream."""

    time: datetime  # UTC, when it was taken
    jpeg: bytes


class StillCamera:
    """Takes stills of one stream; remembers where the newest footage is, as a folder may hold 100,000 files."""

    def __init__(self, layout: Layout, stream: Stream) -> None:
        self._layout, self._stream = layout, stream
        self._segment: Segment | None = None
        self._size = -1  # bytes of that segment when it was looked at last

    def take(self, now: datetime, width: int | None = None) -> Still | None:
        """The newest picture as a JPEG of this width (px; None: as it is); None where none is fresh.

        Raises StorageError where the recordings' folder cannot be read.
        """
        for segments in (self._growing(), self._newest(now)):
            for segment in segments:
                if segment.start < now - FRESH - LONGEST_SEGMENT:
                    break
                try:
                    still = self._still(segment, now, width)
                except SegmentError as error:
                    logger.debug("no still: %s", error)
                    continue
                if still is not None:
                    return still
        return None

    def _growing(self) -> Iterator[Segment]:
        """The segment looked at last, if it has grown since: then there is hardly a newer one."""
        if self._segment is None:
            return
        try:
            size = self._layout.segment_path(self._segment).stat().st_size
        except OSError:
            return
        if size > self._size:
            self._size = size
            yield self._segment

    def _newest(self, now: datetime) -> Iterator[Segment]:
        """The newest segments, the newest first."""
        # What a wrong clock dated far ahead is not what is being recorded.
        newest = segments_of(self._layout, self._stream, until=now + FRESH)[-_TRIED:]
        self._segment, self._size = (newest[-1] if newest else None), -1
        yield from reversed(newest)

    def _still(self, segment: Segment, now: datetime, width: int | None) -> Still | None:
        path = self._layout.segment_path(segment)
        with open_video(path) as video:
            if video is not None:
                key = next((sample for sample in reversed(video.samples) if sample.key), None)
                if key is None:
                    return None
                time = segment.start + timedelta(seconds=key.pts / video.ticks)
                return None if now - time > FRESH else Still(time, _decoded(video, video.read(key), width))
        return _by_ffmpeg(self._layout, segment, now, width)


def _decoded(video: Video, data: bytes, width: int | None) -> bytes:
    """SegmentError where it cannot be decoded."""
    import av
    from av.video.codeccontext import VideoCodecContext

    try:
        decoder = av.CodecContext.create(video.codec, "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.extradata = video.extradata
        decoder.thread_type = "SLICE"  # one picture: threads for each would only be started and ended
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        if not frames:
            raise SegmentError("a key frame that gives no picture")
        return jpeg(frames[0], width, _QUALITY)
    except av.FFmpegError as error:
        raise SegmentError(f"a key frame that cannot be decoded: {error}") from error


def _by_ffmpeg(layout: Layout, segment: Segment, now: datetime, width: int | None) -> Still | None:
    """As `StillCamera.take`, of a file that is not as our recorders write them."""
    import av

    with open_whole(layout.segment_path(segment)) as container:
        try:
            track = next(iter(container.streams.video), None)
            if track is None or track.time_base is None:
                return None
            container.seek(1 << 62, backward=True, stream=track)
            for frame in container.decode(track):
                time = segment.start + timedelta(seconds=float((frame.pts or 0) * track.time_base))
                return None if now - time > FRESH else Still(time, jpeg(frame, width, _QUALITY))
        except av.FFmpegError as error:
            raise SegmentError(f"{segment.file_name}: cannot be decoded: {error}") from error
    return None
