"""The sound of a Pi camera, from the microphone to the queue."""

from __future__ import annotations

import threading
import time

import numpy as np

from camera.pi_output import Packet, Packets
from camera.sound import RATE, Sound
from camera.sources import WARM_UP

PAUSE = 0.04  # s between two looks while the stream begins
LATER = 0.1  # s from then on: each look costs
SILENT = WARM_UP + 0.3
"""Seconds of silence that a stream begins with. Sound is due a moment after it was made, later than its picture is;
silence is there at once. MediaMTX puts sound beside the picture that arrives with its first packet, for good."""
AHEAD = 120_000_000
"""ns by which silence is ahead: it is encoded by the time that the picture arrives, and both leave ffmpeg together."""


def pump(sound: Sound, packets: Packets, begun: threading.Event) -> None:
    """Hand the sound on for ever, silence until SILENT seconds after `begun`; for a thread of its own."""
    given = time.monotonic_ns()
    turn: int | None = None  # ns, when the silence ends
    while True:
        chunks = sound.read()
        now = time.monotonic_ns()
        if turn is None and begun.is_set():
            turn = now + int(SILENT * 1e9)
        beginning = turn is None or given < turn
        if beginning:
            count = (min(now + AHEAD, turn or now + AHEAD) - given) * RATE // 10**9
            if count > 0:
                silence = bytes(2 * count * sound.channels)
                packets.put(Packet("sound", silence, given // 1000, samples=count))
                given += count * 10**9 // RATE
            elif turn is not None and now >= turn:
                given = turn
        else:
            for begin, samples in chunks:
                given = _put(packets, begin, samples, given)
        time.sleep(PAUSE if beginning else LATER)


def _put(packets: Packets, begin: int, samples: np.ndarray, given: int) -> int:
    """Hand a piece on without what was given before; until when sound is given now (ns)."""
    end = begin + len(samples) * 10**9 // RATE
    fresh = samples[max(0, round((given - begin) * RATE / 10**9)) :]
    if not len(fresh):
        return max(given, end)
    start = end - len(fresh) * 10**9 // RATE
    packets.put(Packet("sound", fresh.tobytes(), start // 1000, samples=len(fresh)))
    return end
