"""From the encoders to stdout: a queue that never makes anybody wait, and a thread that writes NUT.

picamera2 calls its outputs from the thread that runs the camera: an output that waits for a reader stops the camera,
and its `stop()` then hangs for ever. So encoders only put packets into a queue here. Where the reader is too slow,
whole groups of pictures are left out, and counted; only the writing thread ever waits.
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av

Track = Literal["main", "detect", "sound"]

TRACKS: tuple[Track, ...] = ("main", "sound", "detect")
"""In the order of the streams."""
US = Fraction(1, 1_000_000)  # s; what all times here count in
_MOST_WAITING = 4_000_000  # us


@dataclass(frozen=True, slots=True)
class Packet:
    """Something encoded; `time` is in us of the monotonic clock, `samples` how many a packet of sound holds."""

    track: Track
    data: bytes
    time: int
    key: bool = True
    samples: int = 0


class Packets:
    """What waits to be written: four seconds, and no more bytes than twice as many at `bit_rate` (kbit/s)."""

    def __init__(self, bit_rate: int) -> None:
        self._room = bit_rate * 125 * _MOST_WAITING // 500_000
        self._waiting: deque[Packet] = deque()
        self._bytes = 0
        self._skipping = {"main": False, "detect": False}
        self._filled = threading.Condition()
        self.put_count = {"main": 0, "detect": 0, "sound": 0}
        self.put_bytes = {"main": 0, "detect": 0, "sound": 0}
        self.dropped = 0
        """Pictures of the main stream that found no room."""

    def put(self, packet: Packet) -> None:
        """Take a packet over, or leave it out; never waits."""
        with self._filled:
            self.put_count[packet.track] += 1
            self.put_bytes[packet.track] += len(packet.data)
            full = self._bytes + len(packet.data) > self._room or (
                len(self._waiting) > 0 and packet.time - self._waiting[0].time > _MOST_WAITING
            )
            if packet.track == "sound":
                skip = full
            else:
                # What comes after a picture that was left out refers to it: all goes until the next key frame.
                skip = self._skipping[packet.track] = full or (self._skipping[packet.track] and not packet.key)
            if skip:
                self.dropped += packet.track == "main"
                return
            self._waiting.append(packet)
            self._bytes += len(packet.data)
            self._filled.notify()

    def take(self, timeout: float) -> list[Packet]:
        """All that waits; an empty list where nothing came within `timeout` s."""
        with self._filled:
            if not self._waiting:
                self._filled.wait(timeout)
            taken = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            return taken


class Stdout:
    """Stdout for PyAV, which knows since when it waits for its reader."""

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self.waits_since: float | None = None  # s of the monotonic clock
        self.gone = False
        """The reader has ended; what is left to write is dropped."""

    def write(self, data: bytes) -> int:
        """Write it all; nothing may be raised through the muxer."""
        view = memoryview(data)
        self.waits_since = time.monotonic()
        try:
            while view and not self.gone:
                view = view[os.write(self._fd, view) :]
        except BrokenPipeError:
            self.gone = True
        self.waits_since = None
        return len(data)


class Writer:
    """Writes packets as NUT; `run` is for a thread of its own."""

    def __init__(self, packets: Packets, out: Stdout, codec: str, sound: tuple[int, int]) -> None:
        """`codec` is the main picture's ("h264" or "mjpeg"), `sound` its rate (Hz) and channels."""
        self._packets, self._out = packets, out
        self._codec, self._sound = codec, sound
        self._streams: dict[Track, Any] = {}
        self._last: dict[Track, int] = {}
        self._start = 0
        self.begun = threading.Event()
        """Set once the streams are described: what comes now is written at once."""

    def run(self, go_on: Callable[[], bool]) -> None:
        """Write until `go_on` says no or the reader has gone."""
        options = {"flush_packets": "1"}
        with av.open(self._out, "w", format="nut", buffer_size=1 << 16, options=options) as container:
            waiting: list[Packet] = []
            while go_on() and not self._out.gone:
                packets = self._packets.take(0.2)
                if not self._streams:
                    waiting += packets
                    packets, waiting = self._begin(container, waiting)
                for packet in packets:
                    self._write(container, packet)

    def _begin(self, container: Any, waiting: list[Packet]) -> tuple[list[Packet], list[Packet]]:
        """Describe the streams once there is a key frame of each picture; what to write then, and what to keep."""
        first = {p.track: p for p in reversed(waiting) if p.key and p.track != "sound"}
        if not {"main", "detect"} <= first.keys():
            return [], waiting
        self._start = min(packet.time for packet in first.values())
        for track in TRACKS:
            if track == "sound":
                self._streams[track] = self._add_sound(container)
            else:
                codec = self._codec if track == "main" else "h264"
                self._streams[track] = _add_picture(container, codec, first[track].data)
        container.start_encoding()
        self.begun.set()
        return [p for p in waiting if p.time >= (first[p.track].time if p.track in first else self._start)], []

    def _add_sound(self, container: Any) -> Any:
        rate, channels = self._sound
        return container.add_stream("pcm_s16le", rate=rate, layout="mono" if channels == 1 else "stereo")

    def _write(self, container: Any, packet: Packet) -> None:
        ticks = US if packet.track != "sound" else Fraction(1, self._sound[0])
        time_ = round((packet.time - self._start) * US / ticks)
        last = self._last.get(packet.track, -1)
        if packet.track == "sound" and abs(time_ - last) < self._sound[0] // 50:
            time_ = last  # the samples go on: a microsecond is not the time of one
        if time_ < 0 or (time_ <= last and packet.track != "sound"):
            return
        out = av.Packet(packet.data)
        out.stream, out.time_base = self._streams[packet.track], ticks
        out.pts = out.dts = time_
        out.is_keyframe = packet.key
        out.duration = packet.samples
        self._last[packet.track] = time_ + packet.samples
        container.mux_one(out)


def _add_picture(container: Any, codec: str, first: bytes) -> Any:
    """A stream of what somebody else has encoded; its size and parameters stand in its first picture."""
    with av.open(io.BytesIO(first), format=codec) as described:
        template = described.streams.video[0]
        if hasattr(container, "add_stream_from_template"):
            return container.add_stream_from_template(template)
        return container.add_stream(template=template)  # PyAV before 14
