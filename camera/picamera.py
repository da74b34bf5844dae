"""`python -m camera.picamera`: a Pi's camera module as NUT on stdout: H.264 (or MJPEG), sound, and the detect stream.

It is a process of its own, so that nothing of ours hangs with picamera2: it is killed or ends itself (`os._exit`, with
the reason on stderr) when pictures stop, when anything raises, or when nobody takes what it sends; `camera.publisher`
starts it again. All timestamps are of the monotonic clock.

Stdin is its control channel, a socket that carries a JSON object a line both ways:

    to it    {"set": {...}}              settings of the camera (`camera.pi_controls.LIVE`) that count from now on
             {"do": "status"}            a status now; one comes every 2 s anyway
             {"do": "still", "id": 1}    the next picture
    from it  {"event": "camera", ...}    once: model, sensor modes, controls with [least, most, default], sizes,
                                         flips, encoder
             {"event": "status", ...}    fps, detect_fps, bit_rate (kbit/s), dropped, lux, mean (0 to 255), night,
                                         exposure_time (us), gain, sound (`camera.sound.SoundState`), uptime (s)
             {"event": "set", "warnings": [...]}
             {"event": "still", "id": 1, "jpeg": base64}, or with "error"
             {"event": "say", "level": "info" or "warning", "text": ..., "topic": ..., "state": ...}
                                         what is worth a line in the log, where that topic was in another state

Where stdin is no socket, what is said goes to stderr.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import json
import os
import signal
import socket
import stat
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

from camera.daynight import DayNight, brightness, open_pin
from camera.pi_controls import LIVE, frame_durations
from camera.pi_output import Packets, Stdout, Writer
from camera.pi_sound import pump
from camera.sound import RATE, Microphone, Sound
from config.errors import CameraError, run_main
from config.settings import CameraSettings
from config.zone import system_zone

if TYPE_CHECKING:
    from camera.pi_camera import PiCamera

NO_PICTURE = 2.0  # s without one, or two and a half of the slowest pictures, after which the camera has stopped
FIRST_PICTURE = 8.0  # s until the first
NOT_TAKEN = 8.0  # s that the reader may take nothing
STATUS_EVERY = 2.0  # s
SETTLING = 2.0  # s until exposure is found, and brightness means something
_TICK = 0.1  # s


def end(reason: str) -> NoReturn:
    """End the process at once, whatever its threads do."""
    try:
        os.write(2, f"birbcam: {reason}\n".encode())
    finally:
        os._exit(1)


def _thread_raised(args: threading.ExceptHookArgs) -> None:
    """What a thread of picamera2 raises ends that thread, and everything else would go on without it."""
    name = args.thread.name if args.thread is not None else "a thread"
    text = "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
    try:
        os.write(2, text.encode())
    finally:
        end(f"the camera failed ({args.exc_type.__name__}: {args.exc_value}, in {name})")


class Channel:
    """The control channel."""

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=os.dup(0)) if stat.S_ISSOCK(os.fstat(0).st_mode) else None
        self._lock = threading.Lock()

    def send(self, event: str, **values: Any) -> None:
        """Say something to whoever started us."""
        line = json.dumps({"event": event} | values).encode() + b"\n"
        with self._lock:
            if self._socket is None:
                os.write(2, line)
            else:
                self._socket.sendall(line)

    def say(self, text: str, level: str = "warning", topic: str = "", state: str = "") -> None:
        """A line for the log, unless its `topic` was in that `state` before, perhaps in the last process."""
        self.send("say", level=level, text=text, topic=topic or text, state=state or text)

    def read(self, obey: Any) -> None:
        """Hand each message to `obey`; ends the process when whoever started us has gone. For a thread of its own."""
        if self._socket is None:
            return
        with self._socket.makefile("rb") as lines:
            for line in lines:
                obey(json.loads(line))
        os._exit(0)


class Child:
    """The camera with all that belongs to it."""

    def __init__(self, settings: CameraSettings, module: int, zone: Any, channel: Channel, out: Stdout) -> None:
        self._settings = settings
        self._channel, self._out = channel, out
        self._packets = Packets(settings.bit_rate * (4 if settings.encoder == "mjpeg" else 1))
        from camera.pi_camera import PiCamera  # picamera2 takes a second or two

        self._camera: PiCamera = PiCamera(settings, module, zone, self._packets, channel.say)
        self._sound = Sound(Microphone.of(settings), say=lambda text: channel.say(text, "info", "sound"))
        codec = "mjpeg" if settings.encoder == "mjpeg" else "h264"
        self._writer = Writer(self._packets, out, codec, (RATE, self._sound.channels))
        self._daynight = DayNight(settings.night_below, settings.day_above, settings.day_night_dwell)
        self._decided = False
        self._lamp, warning = open_pin(settings.night_pin, settings.night_pin_low)
        if warning:
            channel.say(warning)
        self._began = time.monotonic()
        self._counted = (self._began, dict(self._packets.put_count), dict(self._packets.put_bytes))

    def run(self) -> NoReturn:
        """Send pictures and sound until something ends the process."""
        self._camera.start()
        self._began = time.monotonic()
        self._channel.send("camera", **self._camera.offers())
        for name, work in {
            "writer": lambda: self._writer.run(lambda: True),
            "sound": lambda: pump(self._sound, self._packets, self._writer.begun),
            "control": lambda: self._channel.read(self._obey),
        }.items():
            threading.Thread(target=work, name=name, daemon=True).start()
        told = 0.0
        while True:
            time.sleep(_TICK)
            now = time.monotonic()
            self._watch(now)
            self._day_and_night(now)
            if now - told >= STATUS_EVERY:
                told = now
                self._channel.send("status", **self._status(now))

    def _watch(self, now: float) -> None:
        if self._out.gone:
            os._exit(0)
        camera = self._camera
        slowest = self._slowest()
        limit = slowest if camera.requests > 2 else max(FIRST_PICTURE, slowest)
        if now - camera.seen_at > limit:
            end(f"the camera gave no picture for {limit:g} s")
        if now - camera.encoded_at > limit + 1:
            end(f"the encoder gave no picture for {limit + 1:g} s")
        if self._out.waits_since is not None and now - self._out.waits_since > NOT_TAKEN:
            end(f"nobody took the picture for {NOT_TAKEN:g} s")

    def _slowest(self) -> float:
        """Seconds within which a picture comes."""
        return max(NO_PICTURE, 2.5 * frame_durations(self._camera.settings)[1] / 1e6)

    def _day_and_night(self, now: float) -> None:
        wanted, camera = self._settings.day_night, self._camera
        bright, unit = brightness(camera.metadata, camera.mean)
        if wanted == "auto":
            if not camera.metadata or now - self._began < SETTLING:
                return
            self._daynight.update(bright, now)
            night = self._daynight.night
        else:
            night = self._daynight.night = wanted == "night"
        if night == camera.night and self._decided:
            return
        self._decided = True
        if night != camera.night:
            camera.set_night(night)
        if self._lamp is not None:
            (self._lamp.on if night else self._lamp.off)()
        what = "night, the picture is grey" if night else "day, the picture has its colours"
        self._channel.say(f"{what} ({bright:.3g} {unit})", "info", "day_night", "night" if night else "day")

    def _status(self, now: float) -> dict[str, Any]:
        before, counts, sizes = self._counted
        self._counted = (now, dict(self._packets.put_count), dict(self._packets.put_bytes))
        seconds = max(0.001, now - before)
        metadata = self._camera.metadata
        return {
            "fps": round((self._packets.put_count["main"] - counts["main"]) / seconds, 1),
            "detect_fps": round((self._packets.put_count["detect"] - counts["detect"]) / seconds, 1),
            "bit_rate": round((self._packets.put_bytes["main"] - sizes["main"]) / seconds / 125),
            "dropped": self._packets.dropped + self._camera.detect_dropped,
            "lux": metadata.get("Lux"),
            "mean": round(self._camera.mean, 1),
            "night": self._camera.night,
            "exposure_time": metadata.get("ExposureTime"),
            "gain": metadata.get("AnalogueGain"),
            "sound": dataclasses.asdict(self._sound.state),
            "uptime": round(now - self._began),
        }

    def _obey(self, message: dict[str, Any]) -> None:
        if "set" in message:
            live = {name: value for name, value in message["set"].items() if name in LIVE}
            self._settings = dataclasses.replace(self._settings, **live)
            self._daynight.night_below, self._daynight.day_above = self._settings.night_below, self._settings.day_above
            self._daynight.dwell = self._settings.day_night_dwell
            self._channel.send("set", warnings=self._camera.adjust(self._settings))
        elif message.get("do") == "status":
            self._channel.send("status", **self._status(time.monotonic()))
        elif message.get("do") == "still":
            try:
                jpeg = base64.b64encode(self._camera.still(self._slowest())).decode("ascii")
                self._channel.send("still", id=message.get("id"), jpeg=jpeg)
            except CameraError as error:
                self._channel.send("still", id=message.get("id"), error=str(error))


def main() -> int:
    """Run the camera until the reader goes, or something fails."""
    parser = argparse.ArgumentParser(prog="python -m camera.picamera", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--module", type=int, default=0, help="number of the camera module")
    parser.add_argument("--settings", type=json.loads, default={}, help="the camera's settings, as JSON")
    parser.add_argument("--time-zone", default="", help='zone of the clock in the picture; "" is the system\'s')
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.excepthook = _thread_raised
    out = Stdout(os.dup(1))
    os.dup2(2, 1)  # picamera2 prints to stdout here and there
    os.set_blocking(2, False)  # who does not read our words must not hold us up
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    zone = ZoneInfo(args.time_zone) if args.time_zone else system_zone()
    try:
        Child(CameraSettings(**args.settings), args.module, zone, Channel(), out).run()
    except CameraError as error:
        end(str(error))
    except ImportError as error:
        end(f"picamera2 not found ({error}); install it with: sudo apt install python3-picamera2")
    except (RuntimeError, OSError, ValueError) as error:
        traceback.print_exc()
        end(f"the camera failed ({type(error).__name__}: {error})")


if __name__ == "__main__":
    sys.exit(run_main(main))
