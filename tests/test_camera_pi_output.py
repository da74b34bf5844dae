"""What a Pi's camera sends to ffmpeg, written with this environment's PyAV and with that of the system's Python."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import ffmpeg
import pytest

_WRITE = """
import os, av, numpy as np
from fractions import Fraction
from camera.pi_output import Packet, Packets, Stdout, US, Writer

def pictures(track, size, count, interval):
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height = size
    context.pix_fmt, context.time_base, context.framerate, context.gop_size = "yuv420p", US, Fraction(10), 5
    context.options = {"preset": "ultrafast", "tune": "zerolatency"}
    for number in range(count):
        grey = np.full((size[1] * 3 // 2, size[0]), 5 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
        frame.pts, frame.time_base = number * interval, US
        for packet in context.encode(frame):
            yield Packet(track, bytes(packet), packet.pts + 10**7, bool(packet.is_keyframe))

packets = Packets(4000)
found = [*pictures("main", (320, 180), 30, 100_000), *pictures("detect", (160, 90), 15, 200_000)]
found += [Packet("sound", bytes(1920), 10**7 + n * 20_000, samples=960) for n in range(150)]
for packet in sorted(found, key=lambda packet: packet.time):
    packets.put(packet)
rounds = iter([True, True])
Writer(packets, Stdout(os.dup(1)), "h264", (48000, 1)).run(lambda: next(rounds, False))
"""
_SYSTEM = "/usr/bin/python3"


def _has_av(python: str) -> bool:
    return subprocess.run([python, "-c", "import av, numpy"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("python", [sys.executable, _SYSTEM])
def test_key_frames_are_marked_with_each_version_of_pyav(python: str, tmp_path: Path) -> None:
    if python == _SYSTEM and not _has_av(python):
        pytest.skip("the system's Python has no python3-av")
    root = Path(__file__).resolve().parent.parent
    nut = tmp_path / "camera.nut"
    with nut.open("wb") as out:
        subprocess.run([python, "-c", _WRITE], cwd=root, stdout=out, check=True, timeout=60)
    packets = ffmpeg.probe(str(nut), show_packets=None)["packets"]
    keys = Counter((int(packet["stream_index"]), packet["flags"][0]) for packet in packets)
    assert {kind: keys[kind] for kind in ((0, "K"), (0, "_"), (2, "K"), (2, "_"))} == {
        (0, "K"): 6, (0, "_"): 24, (2, "K"): 3, (2, "_"): 12,
    }  # fmt: skip
    assert keys[1, "K"] > 100 and not keys[1, "_"]
    for stream, interval in ((0, 0.1), (2, 0.2)):
        times = [float(packet["pts_time"]) for packet in packets if packet["stream_index"] == stream]
        assert times == pytest.approx([number * interval for number in range(len(times))])
