"""What a Pi's camera costs in memory and processor, beside a bare picamera2 script; `python bench/client.py`, as root.

In a root of Debian trixie with the virtual camera, one after the other, each to a MediaMTX outside of it:

    bare      picamera2's example: H264Encoder and FfmpegOutput to RTSP, one stream, no sound
    bare 2    the same with a detect stream of picamera2's own: the low-resolution picture, an encoder more
    ours      python3 -m camera: both streams, a sound track, and everything that heals it
    ffmpeg    as rpicam-vid | ffmpeg: one process that encodes a test picture of the same size, one stream

Memory is what the processes have for themselves and their share of the rest (PSS), at its largest; processor time is
of one core. "ours" is split by process. Prints Markdown tables; bench/RESULTS.md keeps the latest.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

import ffmpeg  # noqa: E402
import future  # noqa: E402
import past  # noqa: E402
from report import machine, table  # noqa: E402

from config.errors import RecorderError  # noqa: E402
from config.settings import CameraSettings, RecorderSettings, RetentionSettings, Settings, WebSettings  # noqa: E402
from conftest import free_ports, write_settings  # noqa: E402
from mediamtx.addresses import publish_password, publish_url  # noqa: E402
from mediamtx.api import stream_states  # noqa: E402
from mediamtx.names import Stream  # noqa: E402
from trixie import Chroot  # noqa: E402
from trixie_prepare import DIST_PACKAGES  # noqa: E402
from waiting import wait_until  # noqa: E402

SIZE, FPS, BIT_RATE = (1280, 720), 30, 2500
FRONT = Stream("front")
_TICK = os.sysconf("SC_CLK_TCK")

BARE = """
import time
from picamera2 import Picamera2
from picamera2.encoders import H264Encoder
from picamera2.outputs import FfmpegOutput, Output
camera = Picamera2()
camera.configure(camera.create_video_configuration(
    main={{"size": {size}, "format": "YUV420"}}, lores={{"size": (320, 180), "format": "YUV420"}}))
encoder = H264Encoder(bitrate={bit_rate}000, iperiod={fps}, framerate={fps})
camera.start_recording(encoder, FfmpegOutput("-f rtsp -rtsp_transport tcp {url}"), name="main")
if {detect}:
    small = H264Encoder(bitrate=100000, iperiod=5, framerate=5)
    small.frame_skip_count = {fps} // 5
    camera.start_encoder(small, FfmpegOutput("-f rtsp -rtsp_transport tcp {url}_detect"), name="lores")
time.sleep(3600)
"""


@dataclass(frozen=True)
class Cost:
    """What processes took."""

    memory: float  # MB, at most
    processor: float  # per cent of a core


def tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):  # each thread has its own
        for child in children.read_text().split():
            yield from tree(int(child))


def name_of(pid: int) -> str:
    """Which of our processes it is."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    if Path(words[0].decode()).name == "ffmpeg":
        return "ffmpeg"
    return next((word.decode() for word in words if word.startswith(b"camera")), "script")


def processor_time(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory(pid: int) -> float:
    """MB of a process, its share of what several have included."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measure(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Cost]:
    """What a process and its children take while they run, by name, and together ("all")."""
    pids = {pid: name_of(pid) for pid in tree(process.pid)}
    begin, used = time.monotonic(), {pid: processor_time(pid) for pid in pids}
    most = dict.fromkeys(pids, 0.0)
    while time.monotonic() - begin < seconds:
        time.sleep(1)
        for pid in pids:
            most[pid] = max(most[pid], memory(pid))
    passed = time.monotonic() - begin
    costs: dict[str, Cost] = {}
    for pid, name in pids.items():
        before = costs.get(name, Cost(0, 0))
        share = (processor_time(pid) - used[pid]) / passed * 100
        costs[name] = Cost(before.memory + most[pid], before.processor + share)
    return costs | {"all": Cost(sum(c.memory for c in costs.values()), sum(c.processor for c in costs.values()))}


@contextmanager
def recorder(folder: Path) -> Iterator[Settings]:
    """A MediaMTX of this machine; its settings."""
    names = ("rtsp_port", "hls_port", "webrtc_port", "webrtc_udp_port", "api_port", "metrics_port", "embedded_port")
    *ports, web = free_ports(len(names) + 1)
    camera = CameraSettings(source="picamera", width=SIZE[0], height=SIZE[1], fps=FPS, bit_rate=BIT_RATE)
    settings = Settings(
        media_dir=folder / "media",
        output_dir=folder / "clips",
        state_dir=folder / "state",
        recorder="mediamtx",
        mediamtx=RecorderSettings(**dict(zip(names, ports, strict=True))),
        retention=RetentionSettings(keep_free=""),
        web=WebSettings(port=web),
        cameras={"front": camera},
    )
    config = write_settings(settings, folder / "recorder.txt")
    environment = os.environ | {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "mediamtx"], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: received(settings) is not None, 20, "the recorder answers")
        yield settings
    finally:
        process.terminate()
        process.wait()


def received(settings: Settings) -> int | None:
    """Bytes of the main stream; None where no recorder answers."""
    try:
        state = stream_states(settings).get(FRONT)
    except RecorderError:
        return None
    return state.bytes_received if state is not None and state.ready else 0


def run(inside: Chroot, settings: Settings, words: Sequence[str], config: str, seconds: float) -> dict[str, Cost]:
    """Start something in the root, and measure it once its pictures arrive and everything has settled."""
    command = inside.command(words, environment={"BIRBCAM_CONFIG": config})
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: (received(settings) or 0) > 20_000, 30, f"pictures of {shlex.join(words)[:200]}")
        time.sleep(3)
        return measure(process, seconds)
    finally:
        os.killpg(process.pid, 15)
        time.sleep(0.5)
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
        wait_until(lambda: not received(settings), 20, "the recorder misses it")


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if args.quick:
        args.seconds, args.rounds = 5, 1
    costs: dict[str, list[dict[str, Cost]]] = {}
    with tempfile.TemporaryDirectory() as name, Chroot() as inside, recorder(Path(name)) as settings:
        for package in (ffmpeg, future, past):
            source = Path(package.__file__).parent
            subprocess.run(["cp", "-r", source, inside.path / DIST_PACKAGES], check=True)
        # In there is nothing of the recorder but its address and password.
        ours = replace(settings, state_dir=Path("/state"), media_dir=Path("/media"), output_dir=Path("/clips"))
        ours = replace(ours, mediamtx=replace(ours.mediamtx, host="127.0.0.1"))
        config = "/birbcam.txt"
        inside.write(config, write_settings(ours, Path(name) / "camera.txt").read_bytes())
        inside.write("/state/publish_password", publish_password(settings), 0o600)
        url = publish_url(settings, FRONT)
        bare, bare2 = (
            ["python3", "-c", BARE.format(size=SIZE, bit_rate=BIT_RATE, fps=FPS, url=url, detect=detect)]
            for detect in (False, True)
        )
        picture = ["-re", "-f", "lavfi", "-i", f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate={FPS}"]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", f"{BIT_RATE}k"]
        plain = [
            "ffmpeg",
            "-v",
            "error",
            *picture,
            *coded,
            "-pix_fmt",
            "yuv420p",
            "-f",
            "rtsp",
            "-rtsp_transport",
            "tcp",
            url,
        ]
        for _ in range(args.rounds):
            for what, words in {
                "bare": bare,
                "bare 2": bare2,
                "ours": ["python3", "-m", "camera"],
                "ffmpeg": plain,
            }.items():
                costs.setdefault(what, []).append(run(inside, settings, words, config, args.seconds))
    print(machine(), "\n")
    print(table(["what", "process", "memory", "processor"], list(rows(costs))))
    return 0


def rows(costs: dict[str, list[dict[str, Cost]]]) -> Iterator[list[str]]:
    """A line for each process, the median over the rounds."""
    for what, rounds in costs.items():
        for process in rounds[0]:
            memories, shares = zip(*((r[process].memory, r[process].processor) for r in rounds), strict=True)
            yield [what, process, f"{statistics.median(memories):.0f} MB", f"{statistics.median(shares):.1f} %"]


if __name__ == "__main__":
    sys.exit(main())
