"""One segment file: fragmented MP4 that grows by whole parts and is marked finished when it is closed."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import av

from mediamtx.embedded_samples import Sample, Track

log = logging.getLogger(__name__)

_MVHD_TIMESCALE = 12  # offset in the box behind its type: version and flags, creation and modification time


class SegmentWriter:
    """Writes the samples of one segment. OSError, from any method, says that the disk does not take it.

    The file appears with its first whole part and holds whole parts only, so it is readable at any time and after any
    end of the process. As with MediaMTX its movie duration is 0 until it is finished.
    """

    def __init__(self, path: Path, tracks: Sequence[Track], base: float, part: float) -> None:
        """`base`: media time in seconds that is 0 in the file; `part`: seconds of footage flushed at a time."""
        self.path = path
        self._base = base
        self._buffer = _Buffer()
        self._fd: int | None = None
        self._size = 0
        self._end = 0.0
        self._output = av.open(
            self._buffer,
            "w",
            format="mp4",
            options={
                "movflags": "empty_moov+default_base_moof+frag_discont+skip_trailer",
                # with frag_discont above: the times stay as they are, also where the first is not 0
                "avoid_negative_ts": "disabled",
                "use_editlist": "0",
                "frag_duration": str(round(part * 1e6)),
                "flush_packets": "1",  # so that a part reaches the buffer as a whole, as soon as it is complete
                "max_interleave_delta": "1",  # the samples come in order: the muxer need not wait for other tracks
            },
        )
        self._streams = {}
        for track in tracks:
            stream = self._output.add_stream_from_template(track.source, opaque=True)
            if track.codec == "hevc":
                stream.codec_context.codec_tag = "hvc1"  # the tag that Safari plays
            self._streams[track.source.index] = stream
        self._output.start_encoding()
        self._header = self._buffer.take()

    def write(self, sample: Sample) -> bool:
        """Add one sample; samples come in order of decoding. Whether a part reached the disk."""
        offset = round(self._base / sample.track.time_base)
        packet = sample.packet
        packet.stream = self._streams[sample.track.source.index]
        packet.time_base = sample.track.time_base
        packet.pts, packet.dts = sample.pts - offset, sample.dts - offset
        packet.duration = sample.duration
        self._output.mux_one(packet)
        self._end = max(self._end, sample.time + float(sample.duration * sample.track.time_base) - self._base)
        return self._flush()

    def finish(self) -> None:
        """Write what is left and mark the file finished."""
        try:
            self._output.close()
            self._flush()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Mark finished what is on disk already; nothing more is written."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        try:
            self._patch_duration(fd)
        finally:
            os.close(fd)

    def _flush(self) -> bool:
        data = self._buffer.take()
        if not data:
            return False
        if self._fd is None:
            data = self._header + data
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            written = 0
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            self._drop_torn_part()
            raise
        self._size += len(data)
        return True

    def _drop_torn_part(self) -> None:
        assert self._fd is not None
        if self._size:
            os.ftruncate(self._fd, self._size)
        else:  # not even the header fitted
            os.close(self._fd)
            self._fd = None
            self.path.unlink()

    def _patch_duration(self, fd: int) -> None:
        at = self._header.index(b"mvhd") + 4 + _MVHD_TIMESCALE
        scale = int.from_bytes(self._header[at : at + 4], "big")
        duration = max(1, min(round(self._end * scale), 2**32 - 2))
        os.pwrite(fd, duration.to_bytes(4, "big"), at + 4)


class _Buffer:
    """A file for the muxer that can only be written, and taken from."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data
