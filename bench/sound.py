"""How well sound and picture stay in step: flashes and claps through a Pi's camera process and a recorder, for long.

A sound card whose clock is off (`--drift`) claps whenever the virtual camera sees a flash; picamera2, the sound, ffmpeg
and the recorder are the real ones. As root only: it needs the root that the tests make (`tests/trixie_prepare.py`).

    python bench/sound.py --minutes 60 --recorder mediamtx --drift 300
"""

from __future__ import annotations

import argparse
import dataclasses
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

_ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(_ROOT), str(_ROOT / "tests")]

from pi import SMALL  # noqa: E402
from report import machine, table  # noqa: E402
from sounding import Card, SoundServer, flashes_and_claps  # noqa: E402

from camera import publisher as publishing  # noqa: E402
from camera.publisher import Publisher  # noqa: E402
from camera.sources import feeds, picamera_command  # noqa: E402
from config.errors import RecorderError, run_main  # noqa: E402
from config.settings import CameraSettings, RecorderSettings, RetentionSettings, Settings  # noqa: E402
from conftest import free_ports, write_settings  # noqa: E402
from mediamtx.addresses import running_recorder  # noqa: E402
from mediamtx.layout import Layout  # noqa: E402
from mediamtx.names import Stream  # noqa: E402
from mediamtx.segments import list_segments  # noqa: E402
from trixie import Chroot  # noqa: E402

FLASH = 2.0  # s
SEGMENT = 60.0  # s


def settings_in(folder: Path, recorder: str) -> Settings:
    """Settings of a recorder in a folder, on free ports."""
    rtsp, hls, webrtc, udp, api, metrics, embedded = free_ports(7)
    ports = RecorderSettings(
        rtsp_port=rtsp, hls_port=hls, webrtc_port=webrtc, webrtc_udp_port=udp, api_port=api, metrics_port=metrics,
        embedded_port=embedded, segment=SEGMENT,
    )  # fmt: skip
    paths = {name: folder / name for name in ("media_dir", "output_dir", "state_dir")}
    return Settings(**paths, recorder=recorder, mediamtx=ports, retention=RetentionSettings(keep_free=""))


def measure(film: Path) -> list[float]:
    """By how much each clap is later than its flash, in s."""
    flashes, claps = flashes_and_claps(film)
    return [clap - flash for flash in flashes for clap in claps if abs(flash - clap) < FLASH / 2]


def watch(settings: Settings, publisher: Publisher, minutes: float) -> list[list[str]]:
    """Measure each finished segment as it comes; rows for a table."""
    layout, seen, rows, begin = Layout.of(settings), 0, [], time.monotonic()
    while time.monotonic() - begin < minutes * 60:
        time.sleep(5)
        segments = list_segments(layout, Stream("front"))
        for segment in segments[:-1]:
            path = layout.segment_path(segment)
            late = measure(path)
            path.unlink()
            seen += 1
            figures = (min(late), statistics.median(late), max(late)) if late else ()
            rows.append([str(seen), str(len(late)), *(f"{1000 * figure:+.0f}" for figure in figures)])
            drift = publisher.link.status.get("sound", {}).get("drift", 0.0) if publisher.link else 0.0
            rows[-1] += [f"{drift:+.0f}", str(publisher.status.restarts)]
            print(*rows[-1], flush=True)
    return rows


def main() -> int:
    """Run, and print the figures per segment."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--recorder", choices=("embedded", "mediamtx"), default="embedded")
    parser.add_argument("--drift", type=float, default=300, help="millionths by which the sound card is too fast")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is mounted and started is undone
    print(machine())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="birbcam-sound-")))
        settings = settings_in(folder, args.recorder)
        camera = CameraSettings(source="picamera", **(dict(SMALL) | {"width": 320, "height": 180}))
        settings = dataclasses.replace(settings, cameras={"front": camera})
        config = write_settings(settings, folder / "config.txt")
        recorder = subprocess.Popen([sys.executable, "-m", "mediamtx", "--config", str(config)], cwd=_ROOT)
        stack.callback(recorder.wait)
        stack.callback(recorder.terminate)
        (port,) = free_ports(1)
        inside = stack.enter_context(Chroot())
        (folder / "sound").mkdir()
        server = stack.enter_context(SoundServer(folder / "sound", port))
        stack.enter_context(Card(server.card, FLASH, args.drift))
        environment = {"PULSE_SERVER": f"tcp:127.0.0.1:{port}"}
        publishing.picamera_command = (
            lambda *told: inside.command(  # the process that needs picamera2 runs in there
                ["python3", *picamera_command(*told)[1:]], environment=environment
            )
        )
        inside.camera_control(flash=FLASH)
        while not _answers(settings):
            time.sleep(0.2)
        (feed,) = feeds("front", camera)
        publisher = Publisher(settings, camera, feed)
        thread = threading.Thread(target=publisher.run)
        thread.start()
        try:
            rows = watch(settings, publisher, args.minutes)
        finally:
            publisher.stop()
            thread.join()
    print(table(["segment", "claps", "least late [ms]", "median", "most late", "drift known [ppm]", "restarts"], rows))
    return 0


def _answers(settings: Settings) -> bool:
    try:
        return bool(running_recorder(settings))
    except RecorderError:
        return False


if __name__ == "__main__":
    sys.exit(run_main(main))
