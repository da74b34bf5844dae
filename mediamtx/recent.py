"""What a stream sends at present, told by the tables of its newest recording: nothing of it is decoded or even read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.names import Stream
from mediamtx.samples import open_video
from mediamtx.segments import LONGEST_SEGMENT

WINDOW = 10.0  # s of footage that are looked at


@dataclass(frozen=True, slots=True)
class Rate:
    """Of the pictures of a stream."""

    fps: float
    bit_rate: float  # kbit/s, without sound


def recent_rate(layout: Layout, stream: Stream, now: datetime) -> Rate | None:
    """Of the last seconds recorded; None where nothing was just recorded, or not as recorders write it.

    StorageError where the folder cannot be read.
    """
    segments = segments_of(layout, stream, since=now - LONGEST_SEGMENT, until=now + timedelta(days=1))
    for segment in reversed(segments[-2:]):  # the newest one may have no whole part yet
        try:
            with open_video(layout.segment_path(segment)) as video:
                if video is None or len(video.samples) < 2:
                    continue
                samples = video.samples
                first = next(one for one in samples if one.dts >= samples[-1].dts - WINDOW * video.ticks)
                recent = samples[samples.index(first) :]
                seconds = sum(one.duration for one in recent) / video.ticks
        except (SegmentError, OSError):
            continue  # gone meanwhile
        if seconds > 0:
            size = sum(one.size for one in recent)
            return Rate(round(len(recent) / seconds, 1), round(size * 8 / 1000 / seconds, 1))
    return None
