"""Whether a publisher grows over a thousand reconnects; `python bench/reconnects.py [--count 1000]`.

Real publisher, ffmpeg and recorder (MediaMTX where there is one). What a Pi's camera process would send comes from a
stand-in that plays it and answers on the control channel, as starting picamera2 a thousand times would take hours. Each
time the stream is there, one of the three is killed: ffmpeg, the camera, and now and then the recorder. Prints memory,
threads and open files of the publisher's process as they go; exit code 1 where they grow.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import av  # noqa: E402
import numpy as np  # noqa: E402

from camera import publisher as publishing  # noqa: E402
from camera.pi_output import Packet, Packets, Stdout, Writer  # noqa: E402
from camera.publisher import Publisher  # noqa: E402
from camera.sources import feeds  # noqa: E402
from config.errors import RecorderError  # noqa: E402
from config.settings import CameraSettings, RecorderSettings, RetentionSettings, Settings  # noqa: E402
from conftest import free_ports, write_settings  # noqa: E402
from mediamtx.api import stream_states  # noqa: E402
from mediamtx.names import Stream  # noqa: E402
from waiting import wait_until  # noqa: E402

FRONT = Stream("front")
SECONDS = 8  # of film, sent at ten times its pace; then the stand-in waits to be killed
RECORDER_EVERY = 50  # reconnects
ALLOWED = 3.0  # MB a thousand reconnects may add: what Python's memory swings by

STAND_IN = """
import json, socket, sys, time
control = socket.socket(fileno=0)
control.sendall(json.dumps({"event": "camera", "model": "stand-in"}).encode() + b"\\n")
film = open(sys.argv[1], "rb").read()
begin = time.monotonic()
for n in range(0, len(film), max(1, len(film) // 400)):
    sys.stdout.buffer.write(film[n : n + len(film) // 400])
    sys.stdout.buffer.flush()
    if n % 20 == 0:
        control.sendall(json.dumps({"event": "status", "fps": 25, "uptime": n}).encode() + b"\\n")
    time.sleep(max(0, begin + n / len(film) * float(sys.argv[2]) - time.monotonic()))
time.sleep(600)
"""


def make_film(path: Path) -> None:
    """What the camera's process would send: both pictures and silence."""
    packets = Packets(8000)
    encoders = {}
    for track, size in (("main", (640, 360)), ("detect", (320, 180))):
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
        encoder.time_base, encoder.gop_size = Fraction(1, 1_000_000), 25 if track == "main" else 5
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
        encoders[track] = encoder
    with path.open("wb") as file:
        writer = Writer(packets, Stdout(file.fileno()), "h264", (48_000, 1))
        thread_stop = threading.Event()
        thread = threading.Thread(target=writer.run, args=[lambda: not thread_stop.is_set()])
        thread.start()
        for n in range(SECONDS * 25):
            for track, encoder in encoders.items():
                if track == "detect" and n % 5:
                    continue
                noise = np.random.default_rng(n).integers(90, 110, (encoder.height * 3 // 2, encoder.width), np.uint8)
                frame = av.VideoFrame.from_ndarray(noise, format="yuv420p")
                frame.pts, frame.time_base = n * 40_000, Fraction(1, 1_000_000)
                for packet in encoder.encode(frame):
                    assert packet.pts is not None
                    packets.put(Packet(track, bytes(packet), packet.pts, packet.is_keyframe))  # type: ignore[arg-type]
            packets.put(Packet("sound", bytes(2 * 1920), n * 40_000, samples=1920))
            time.sleep(0.002)
        time.sleep(0.5)
        thread_stop.set()
        thread.join()


def figures() -> tuple[float, int, int]:
    """Of this process: memory of its own (MB), threads, open files."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    own = sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty:", "Private_Clean:")))
    return own / 1024, threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def child_of_ours(part: str) -> int | None:
    """A child of this process with that in its command line."""
    listed = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", part], capture_output=True, text=True, check=False)
    return next((int(pid) for pid in listed.stdout.split()), None)


class Recorder:
    """The recorder, in a process of its own."""

    def __init__(self, settings: Settings, config: Path) -> None:
        self.settings = settings
        self._environment = os.environ | {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": str(ROOT)}
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "mediamtx"]
        self._process = subprocess.Popen(
            command, env=self._environment, stderr=subprocess.DEVNULL, start_new_session=True
        )
        wait_until(lambda: self.since() is not None, 30, "the recorder answers")

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def since(self) -> str | None:
        """When the stream's session began, "" where there is none, None where no recorder answers."""
        try:
            state = stream_states(self.settings).get(FRONT)
        except RecorderError:
            return None
        return str(state.since) if state is not None and state.ready else ""


def main() -> int:
    """Reconnect, and say what it cost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="reconnects")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    publishing.FIRST_PAUSE = 0.05
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = ("rtsp_port", "hls_port", "webrtc_port", "webrtc_udp_port", "api_port", "metrics_port", "embedded_port")
        recorder_settings = RecorderSettings(**dict(zip(names, free_ports(len(names)), strict=True)))
        camera = CameraSettings(source="picamera", width=640, height=360)
        settings = Settings(
            media_dir=folder / "media",
            output_dir=folder / "clips",
            state_dir=folder / "state",
            recorder="auto",
            mediamtx=recorder_settings,
            retention=RetentionSettings(keep_free=""),
            cameras={"front": camera},
        )
        film = folder / "film.nut"
        make_film(film)
        publishing.picamera_command = lambda *_: [sys.executable, "-c", STAND_IN, str(film), str(SECONDS / 10)]
        recorder = Recorder(settings, write_settings(settings, folder / "config.txt"))
        (feed,) = feeds("front", camera)
        publisher = Publisher(settings, camera, feed)
        thread = threading.Thread(target=publisher.run)
        thread.start()
        try:
            return reconnect(recorder, args.count)
        finally:
            publisher.stop()
            thread.join()
            recorder.kill()


def reconnect(recorder: Recorder, count: int) -> int:
    """Break the connection `count` times; the exit code."""
    seen, first, since, begin = "", None, 0, time.monotonic()
    for number in range(count + 1):
        seen = wait_until(lambda seen=seen: (s := recorder.since()) and s != seen and s, 60, "it is back", 0.02)  # type: ignore[assignment, misc]
        if number % max(10, count // 20) == 0:
            memory, threads, files = figures()
            print(f"{number:5} reconnects  {memory:6.1f} MB  {threads:2} threads  {files:3} files", flush=True)
            if first is None and number >= count // 5:  # Python's and the C library's own memory is filled by then
                first, since = (memory, threads, files), number
        if number % RECORDER_EVERY == RECORDER_EVERY - 1:
            recorder.kill()
            recorder.start()
        else:
            pid = child_of_ours("ffmpeg.*-progress" if number % 2 else "film.nut")
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
    assert first is not None
    grown = (memory - first[0]) * 1000 / (count - since)
    print(f"{time.monotonic() - begin:.0f} s; {grown:+.1f} MB a thousand reconnects after the first {since}")
    return int(grown > ALLOWED or threads > first[1] + 2 or files > first[2] + 6)


if __name__ == "__main__":
    sys.exit(main())
