"""`python -m camera.demo`: the demo garden as raw picture and sound in NUT on stdout, as a camera would send it.

Pictures are drawn for the moments i / fps after the Unix epoch and leave at those moments. Whoever reads too slowly
loses pictures, never sound and never the time. The picture is yuv420p (BT.709, limited range), the sound 48 kHz mono
s16le; timestamps start at 0.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from types import FrameType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import av

from camera.scene import RATE, Scene
from config.errors import ConfigError, run_main
from config.zone import system_zone

_UNIX = datetime.fromtimestamp(0, UTC)
_CLOCK_SET = 0.25
"""Seconds between two clocks from which on the system's was set, not merely read at another moment."""


class _Stopped(BaseException):
    """SIGTERM or SIGINT came."""


class _Stdout:
    """Stdout for PyAV without a buffer of our own; after its `end` what is left to write is dropped."""

    def __init__(self) -> None:
        self.end = False

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        try:
            while view and not self.end:
                view = view[os.write(1, view) :]
        except (BrokenPipeError, _Stopped):  # nothing may be raised through the muxer
            self.end = True
        return len(data)


def moments(fps: int, start: float | None, seconds: float | None, paced: bool) -> Iterator[tuple[int, float]]:
    """For each picture its number and the time it shows (seconds since the Unix epoch), at its moment.

    Late pictures are skipped. `start` shows that time first instead of now; `seconds` ends it. The pace follows the
    monotonic clock; when the system's clock is set, the time shown follows at once and the numbers go on.
    """
    shown = math.ceil(time.time() * fps) / fps if start is None else start
    ahead = time.time() - time.monotonic()
    begin = shown - ahead if start is None else time.monotonic()
    number = 0
    while seconds is None or number < seconds * fps:
        if paced:
            wait = begin + number / fps - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            else:
                number = max(number, int((time.monotonic() - begin) * fps))
        if start is None and abs(time.time() - time.monotonic() - ahead) > _CLOCK_SET:
            shown += time.time() - time.monotonic() - ahead
            ahead = time.time() - time.monotonic()
        yield number, shown + number / fps
        number += 1


def send(scene: Scene, zone: tzinfo, start: float | None, seconds: float | None, paced: bool, out: _Stdout) -> None:
    """Write the scene to `out` until the time is over or the reader has gone."""
    fps = scene.fps
    begin = time.time() if start is None else start
    scene.frame_yuv(begin, None)  # what the first picture and sound need, so that they are not late
    scene.sound(begin, 1)
    threading.Thread(target=scene.prepare, args=(begin,), daemon=True).start()
    with av.open(out, "w", format="nut", buffer_size=1 << 20, options={"flush_packets": "1"}) as container:
        video = container.add_stream("rawvideo", rate=fps)
        video.width, video.height, video.pix_fmt = scene.width, scene.height, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        container.start_encoding()
        heard = 0  # samples sent
        for number, shown in moments(fps, start, seconds, paced):
            picture = av.Packet(scene.frame_yuv(shown, (_UNIX + timedelta(seconds=shown)).astimezone(zone)))  # type: ignore[arg-type]
            picture.stream, picture.time_base = video, Fraction(1, fps)
            picture.pts = picture.dts = number
            picture.duration, picture.is_keyframe = 1, True
            container.mux_one(picture)
            # The sound of skipped pictures is made good; after a long stall it leaves a gap as the picture does.
            now, then = number * RATE // fps, (number + 1) * RATE // fps
            heard = heard if now - heard < RATE else now
            noise = av.Packet(scene.sound(shown + (heard - now) / RATE, then - heard))  # type: ignore[arg-type]
            noise.stream, noise.time_base = audio, Fraction(1, RATE)
            noise.pts = noise.dts = heard
            noise.duration, noise.is_keyframe = then - heard, True
            container.mux_one(noise)
            heard = then
            if out.end:
                break


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else system_zone()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"time zone {name!r} is not known; use one such as Europe/Berlin") from None


def _moment(text: str) -> float:
    time_ = datetime.fromisoformat(text)
    return (time_ if time_.tzinfo else time_.replace(tzinfo=UTC)).timestamp()


def main() -> int:
    """Run the demo camera until its reader goes, SIGTERM comes, or `--seconds` are over."""
    parser = argparse.ArgumentParser(prog="python -m camera.demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same visits")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--time-zone", default="", help='zone of the clock in the picture; "" is the system\'s')
    parser.add_argument("--start", type=_moment, help="show this time first (ISO 8601) instead of now")
    parser.add_argument("--seconds", type=float, help="end after so many seconds of picture")
    parser.add_argument("--unpaced", action="store_true", help="as fast as it is read, not in real time")
    args = parser.parse_args()
    out = _Stdout()

    def stop(signum: int, frame: FrameType | None) -> None:
        out.end = True
        raise _Stopped

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        scene = Scene(args.seed, args.width, args.height, args.fps)
        send(scene, _zone(args.time_zone), args.start, args.seconds, not args.unpaced, out)
    except _Stopped:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
