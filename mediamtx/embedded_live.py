"""Live HLS of one stream, kept in memory: a full disk does not stop it, and an SD card is spared."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import av

from mediamtx.embedded_samples import Sample, Track
from mediamtx.names import RELEASED

PLAYLIST = "index.m3u8"
LISTED = 7  # segments in the playlist
KEPT = LISTED + 4  # ... and still served, for players that are a little behind
SEGMENT_SECONDS = 0.9  # cut at the next key frame: a key frame each second, give or take, makes segments of a second

_PREFIX = "memory://live/"  # a scheme, so that FFmpeg takes nothing for a file on disk
_SEQUENCE = re.compile(r"^(#EXT-X-MEDIA-SEQUENCE:\d+)$", re.MULTILINE)


class LiveStream:
    """The HLS files of one stream as they are now; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, bytes] = {}
        self._sessions = 0
        # Numbers only grow, also over a restart of the recorder: players take a lower one for an old playlist.
        self._next = max(0, int((datetime.now(UTC) - RELEASED).total_seconds())) * 2
        self.bytes_sent = 0

    def read(self, name: str) -> bytes | None:
        """A file by its name; None where there is none (nobody publishes, or it is too old)."""
        with self._lock:
            data = self._files.get(name)
            self.bytes_sent += len(data or b"")
            return data

    def begin(self) -> tuple[int, int]:
        """Start over with a new publisher: the number of the session and of its first segment."""
        with self._lock:
            self._files.clear()
            self._sessions += 1
            return self._sessions, self._next

    def clear(self) -> None:
        """Nobody publishes any more."""
        with self._lock:
            self._files.clear()

    def put(self, name: str, data: bytes) -> None:
        """Take over a file that is complete."""
        with self._lock:
            if name.endswith(".m3u8"):
                # Each session has a time line and a set-up of its own (RFC 8216, 4.3.3.3).
                tag = rf"\1\n#EXT-X-DISCONTINUITY-SEQUENCE:{self._sessions}"
                data = _SEQUENCE.sub(tag, data.decode(), count=1).encode()
            self._files[name] = data
            segments = [name for name in self._files if name.endswith(".m4s")]
            if name.endswith(".m4s"):
                self._next += 1
            for old in segments[:-KEPT]:
                del self._files[old]


class LiveWriter:
    """Writes the HLS of one session."""

    def __init__(self, live: LiveStream, tracks: Sequence[Track]) -> None:
        self._live = live
        session, first = live.begin()
        self._output = av.open(
            f"{_PREFIX}{PLAYLIST}",
            "w",
            format="hls",
            io_open=self._open,
            options={
                "hls_time": str(SEGMENT_SECONDS),
                "hls_list_size": str(LISTED),
                "hls_segment_type": "fmp4",
                "hls_flags": "independent_segments+omit_endlist",
                "start_number": str(first),
                "hls_fmp4_init_filename": f"init_{session}_{first}.mp4",
                "hls_segment_filename": f"{_PREFIX}segment_%d.m4s",
                "max_interleave_delta": "500000",  # us that one track waits for the other
            },
        )
        self._streams = {}
        for track in tracks:
            stream = self._output.add_stream_from_template(track.source, opaque=True)
            if track.codec == "hevc":
                stream.codec_context.codec_tag = "hvc1"
            self._streams[track.source.index] = stream
        self._started = False

    def add(self, sample: Sample) -> None:
        """Add one sample; the first to count is a key frame."""
        self._started = self._started or sample.key
        if not self._started:
            return
        packet = sample.packet
        packet.stream = self._streams[sample.track.source.index]
        packet.time_base = sample.track.time_base
        packet.pts, packet.dts, packet.duration = sample.pts, sample.dts, sample.duration
        self._output.mux_one(packet)

    def close(self) -> None:
        """End the playlist."""
        self._output.close()
        self._live.clear()

    def _open(self, url: str, flags: int, options: dict[str, Any]) -> _File:
        return _File(self._live, url.rpartition("/")[2])


class _File:
    """What the muxer writes one file into; it is there for readers once it is closed."""

    def __init__(self, live: LiveStream, name: str) -> None:
        self._live, self._name, self._data = live, name, bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def close(self) -> None:
        self._live.put(self._name, bytes(self._data))
