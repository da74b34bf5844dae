"""One publisher's session: its packets become segments and live HLS."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import av
from av.container import InputContainer

from config.errors import RecordingError
from mediamtx.embedded_live import LiveStream, LiveWriter
from mediamtx.embedded_recording import Recording
from mediamtx.embedded_samples import Sample, TimeLine, Track

log = logging.getLogger("recorder")

CODECS = {"h264": "H264", "hevc": "H265", "aac": "MPEG-4 Audio", "opus": "Opus"}
"""What MP4, HLS and browsers take, by FFmpeg's name, as MediaMTX calls it."""


def usable_tracks(source: InputContainer) -> list[Track]:
    """The picture and, where there is one that MP4 can carry, the sound; RecordingError without a usable picture."""
    video = next((s for s in source.streams.video if s.codec_context.name in CODECS), None)
    audio = next((s for s in source.streams.audio if s.codec_context.name in CODECS), None)
    if video is None:
        found = ", ".join(s.codec_context.name for s in (*source.streams.video, *source.streams.audio)) or "nothing"
        raise RecordingError(f"the publisher sends no H.264 or H.265 picture, but {found}; change its encoder")
    return [Track(s, s.time_base) for s in (video, audio) if s is not None and s.time_base is not None]


class Session:
    """Takes the packets of one publisher; FFmpegError where they cannot be written to MP4 or HLS at all."""

    def __init__(
        self, tracks: Sequence[Track], record: Callable[[Sequence[Track]], Recording], live: LiveStream | None
    ) -> None:
        """`record` makes the recording of a time line; `live` is None for a stream that nobody watches."""
        self.tracks = tracks
        self.since = datetime.now(UTC)
        self.last_picture: float | None = None  # Unix time when a picture came out of the demuxer
        self._lines = {track.source.index: TimeLine(track) for track in tracks}
        self._record, self._live = record, live
        self._recording = record(tracks)
        self._writer = LiveWriter(live, tracks) if live is not None else None

    def add(self, packet: av.Packet[Any], now: float) -> None:
        """Take one packet; `now` is Unix time."""
        for sample in self._lines[packet.stream_index].push(packet):
            if sample.jump:
                log.warning("the publisher's timestamps jump to %.3f s; a new recording begins", sample.time)
                self.close()
                self._recording = self._record(self.tracks)
                self._writer = LiveWriter(self._live, self.tracks) if self._live is not None else None
            if sample.track.video:
                self._observe(sample, now)
            if self._writer is not None:
                self._writer.add(sample)
            self._recording.add(sample, now)

    def close(self) -> None:
        """Finish the files."""
        self._recording.close()
        if self._writer is not None:
            self._writer.close()

    def _observe(self, sample: Sample, now: float) -> None:
        # The parser knows the end of a picture from the beginning of the next one: this picture began to arrive when
        # the one before it came out.
        if self.last_picture is not None:
            self._recording.observe(float(sample.pts * sample.track.time_base), self.last_picture)
        self.last_picture = now
