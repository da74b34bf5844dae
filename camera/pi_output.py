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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av

from camera.sources import KEY_WARM_UP, WARM_UP

Track = Literal["main", "detect", "sound"]

TRACKS: tuple[Track, ...] = ("main", "sound", "detect")
"""In the order of the streams."""
US = Fraction(1, 1_000_000)  # s; what all times here count in
_MOST_WAITING = 4_000_000  # us
_AAC = 21_334  # us in a packet of AAC
PRIMER = 300_000  # us of sound that a stream begins with, whatever comes then


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
        self._start = 0  # us
        self._sound_from = 0  # samples from there
        # ffmpeg sends pictures from the first key frame that is so old (us); what it encodes itself, from that age on.
        self._warm_up = round((WARM_UP if codec == "mjpeg" else KEY_WARM_UP) * 1e6)
        self._turn: int | None = None  # us; the key frame from there on is the first that ffmpeg sends
        self._held: list[Packet] = []  # sound that waits for it
        self.begun = threading.Event()
        """Set once the streams are described: what comes now is written at once."""

    def run(self, go_on: Callable[[], bool]) -> None:
        """Write until `go_on` says no or the reader has gone."""
        options = {"flush_packets": "1", "max_interleave_delta": "1"}  # us: nothing waits for the next small picture
        with av.open(self._out, "w", format="nut", buffer_size=1 << 16, options=options) as container:
            waiting: list[Packet] = []
            while go_on() and not self._out.gone:
                packets = self._packets.take(0.2)
                if not self._streams:
                    waiting += packets
                    packets, waiting = self._begin(container, waiting)
                for packet in self._in_step(packets):
                    self._write(container, packet)

    def _begin(self, container: Any, waiting: list[Packet]) -> tuple[list[Packet], list[Packet]]:
        """Describe the streams once there is a key frame of each picture; what to write then, and what to keep."""
        first = {p.track: p for p in reversed(waiting) if p.key and p.track != "sound"}
        if not {"main", "detect"} <= first.keys():
            return [], waiting
        self._start = min(packet.time for packet in first.values())
        self._begin_sound(first["main"].time)
        self._turn = first["main"].time + self._warm_up
        for track in TRACKS:
            if track == "sound":
                self._streams[track] = self._add_sound(container)
            else:
                codec = self._codec if track == "main" else "h264"
                self._streams[track] = _add_picture(container, codec, first[track].data)
        container.start_encoding()
        self.begun.set()
        return [p for p in waiting if p.track == "sound" or p.time >= first[p.track].time], []

    def _begin_sound(self, time_: int) -> None:
        self._sound_from = (time_ - self._start) * self._sound[0] // 10**6

    def _in_step(self, packets: list[Packet]) -> Iterator[Packet]:
        """What to write by now: sound that begins with the first picture that ffmpeg sends.

        MediaMTX takes for the same moment what arrives together, and at the start a stretch of each arrives in one
        go: the first packets of both must be of the same moment. ffmpeg sends sound that is a little older than the
        picture at once, and lets newer sound wait. Before, it gets enough sound to know what it is.
        """
        for packet in packets:
            if self._turn is None:
                yield packet
            elif packet.track == "sound":
                if packet.time < self._turn - self._warm_up + PRIMER:
                    yield packet
                else:
                    self._held.append(packet)
            else:
                yield packet
                if packet.track == "main" and packet.key and packet.time >= self._turn:
                    self._begin_sound(packet.time - _AAC)
                    self._turn = None
                    yield from self._held
                    self._held = []

    def _add_sound(self, container: Any) -> Any:
        rate, channels = self._sound
        return container.add_stream("pcm_s16le", rate=rate, layout="mono" if channels == 1 else "stereo")

    def _write(self, container: Any, packet: Packet) -> None:
        ticks = US if packet.track != "sound" else Fraction(1, self._sound[0])
        time_ = round((packet.time - self._start) * US / ticks)
        last = self._last.get(packet.track, -1)
        if packet.track == "sound" and abs(time_ - last) < self._sound[0] // 50:
            time_ = last  # the samples go on: a microsecond is not the time of one
        data, samples = packet.data, packet.samples
        if packet.track == "sound":
            early = min(max(self._sound_from - time_, 0), samples)
            data, samples, time_ = data[early * len(data) // max(samples, 1) :], samples - early, time_ + early
        if time_ < 0 or not data or (time_ <= last and packet.track != "sound"):
            return
        codec = {"main": self._codec, "detect": "h264", "sound": ""}[packet.track]
        out = _packet(data, packet.key, codec)
        out.stream, out.time_base = self._streams[packet.track], ticks
        out.pts = out.dts = time_
        self._last[packet.track] = time_ + samples
        container.mux_one(out)


def _packet(data: bytes, key: bool, codec: str) -> Any:
    """A packet for the muxer; `codec` is that of a picture, empty for sound."""
    packet = av.Packet(data)
    try:
        packet.is_keyframe = key
    except AttributeError:  # PyAV before 11 lets only who reads a packet say so
        if key and codec:
            with av.open(io.BytesIO(data), "r", format=codec) as described:
                return next(described.demux(video=0))
    return packet


def _add_picture(container: Any, codec: str, first: bytes) -> Any:
    """A stream of what somebody else has encoded; its size and parameters stand in its first picture."""
    with av.open(io.BytesIO(first), format=codec) as described:
        template = described.streams.video[0]
        if hasattr(container, "add_stream_from_template"):
            return container.add_stream_from_template(template)
        return container.add_stream(template=template)  # PyAV before 14
