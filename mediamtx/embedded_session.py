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
from mediamtx.embedded_samples import MAX_STEP, Sample, TimeLine, Track

log = logging.getLogger(__name__)

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
        self,
        name: str,
        tracks: Sequence[Track],
        record: Callable[[Sequence[Track]], Recording],
        live: LiveStream | None,
    ) -> None:
        """`name` of the stream, for messages; `record` makes the recording of a time line.

        `live` is None for a stream that nobody watches.
        """
        self._name = name
        self.tracks = tracks
        self.since = datetime.now(UTC)
        self._came_out: float | None = None  # Unix time when the last picture left the demuxer
        self._shown: float | None = None  # media time of the last picture
        self._astray = False  # the sound is on another time line than the picture
        self._lines = {track.source.index: TimeLine(track) for track in tracks}
        self._record, self._live = record, live
        self._recording = record(tracks)
        self._writer = LiveWriter(live, tracks) if live is not None else None

    def add(self, packet: av.Packet[Any], now: float) -> None:
        """Take one packet; `now` is Unix time."""
        for sample in self._lines[packet.stream_index].push(packet):
            if sample.track.video:
                if sample.jump:
                    self._restart(sample)
                self._observe(sample, now)
            elif not self._belongs(sample):
                continue
            if self._writer is not None:
                self._writer.add(sample)
            self._recording.add(sample, now)

    def close(self) -> None:
        """Finish the files."""
        self._recording.close()
        if self._writer is not None:
            self._writer.close()

    def _restart(self, sample: Sample) -> None:
        log.warning("%s: the timestamps jump to %.3f s; a new recording begins", self._name, sample.time)
        self.close()
        self._recording = self._record(self.tracks)
        self._writer = LiveWriter(self._live, self.tracks) if self._live is not None else None

    def _belongs(self, sound: Sample) -> bool:
        """Whether the sound is on the picture's time line; for a moment it is not where one jumps before the other."""
        astray = self._shown is not None and abs(sound.time - self._shown) > MAX_STEP
        if astray and not self._astray:
            assert self._shown is not None
            off = sound.time - self._shown
            log.warning("%s: the sound is %+.1f s away from the picture and left out", self._name, off)
        self._astray = astray
        return not astray

    def _observe(self, picture: Sample, now: float) -> None:
        # The parser knows the end of a picture from the beginning of the next one: this picture began to arrive when
        # the one before it came out.
        self._shown = float(picture.pts * picture.track.time_base)
        if self._came_out is not None:
            self._recording.observe(self._shown, self._came_out)
        self._came_out = now
