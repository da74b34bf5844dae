"""A real PulseAudio of our own with a sound card that is a pipe: claps at known times, by a clock that is off."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

RATE = 48_000  # Hz
CHUNK = 480  # samples that the card hands over at a time
CLAP = RATE // 100  # samples
_LOUD = (np.random.default_rng(3).uniform(-1, 1, CLAP) * 20_000).astype("<i2")
_HUM = (200 * np.sin(np.arange(RATE) * 2 * np.pi * 100 / RATE)).astype("<i2")  # a second of what is always there


class SoundServer:
    """PulseAudio in a folder; `card` is the pipe that its source `mic` reads."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        """With a `port` it also listens there, for those who see other folders."""
        self.card = folder / "mic.pipe"
        self._port = port
        self._folder = folder
        self._socket = folder / "native"
        self._program: subprocess.Popen[bytes] | None = None
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{self._socket}",
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and plug the microphone in."""
        options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"]
        options += ["--realtime=no", "--high-priority=no", "--log-target=stderr", "--log-level=error"]
        protocol = f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"
        modules = [protocol, "module-always-sink"]
        if self._port:
            modules.append(f"module-native-protocol-tcp auth-anonymous=1 listen=127.0.0.1 port={self._port}")
        self._program = subprocess.Popen(
            ["pulseaudio", *options, *(word for module in modules for word in ("-L", module))],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], env=self.environ, capture_output=True).returncode != 0:
            assert time.monotonic() < deadline, "pulseaudio did not start"
            time.sleep(0.05)
        self.plug()

    def kill(self, number: int = 9) -> None:
        """Send it a signal; 9 ends it."""
        assert self._program is not None
        self._program.send_signal(number)
        if number == 9:
            self._program.wait()

    def plug(self) -> None:
        """The microphone is there, and becomes the default."""
        self.card.unlink(missing_ok=True)
        form = f"format=s16le rate={RATE} channels=1 file={self.card}"
        self.ask("load-module", "module-pipe-source", "source_name=mic", *form.split())
        self.ask("set-default-source", "mic")

    def unplug(self) -> None:
        """The microphone is away."""
        self.ask("unload-module", "module-pipe-source")

    def ask(self, *words: str) -> None:
        """Run pactl."""
        subprocess.run(["pactl", *words], env=self.environ, check=True, capture_output=True)


class Card(threading.Thread):
    """A sound card with a microphone that hears a clap every `every` seconds of our clock, and a hum in between.

    `drift` is how much faster its clock is than ours, in millionths.
    """

    def __init__(self, pipe: Path, every: float = 1.0, drift: float = 0.0) -> None:
        super().__init__(name="card", daemon=True)
        self._pipe = pipe
        self._every = every
        self._rate = RATE * (1 + drift * 1e-6)  # samples that it makes in a second of ours
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Hand samples over when they are made; those that nobody takes are lost, as a real card's are."""
        begin, made = time.monotonic(), 0
        opened: tuple[int, int] | None = None  # descriptor and inode
        while not self._ended.is_set():
            samples = self._samples(begin + made / self._rate, made)
            made += CHUNK
            self._ended.wait(max(0.0, begin + made / self._rate - time.monotonic()))
            opened = self._open(opened)
            if opened is not None:
                try:
                    os.write(opened[0], samples)
                except BlockingIOError:
                    pass
        if opened is not None:
            os.close(opened[0])

    def _samples(self, start: float, number: int) -> bytes:
        sound = np.take(_HUM, (number + np.arange(CHUNK)) % RATE)
        clap = start // self._every * self._every
        for moment in (clap, clap + self._every):
            at = round((moment - start) * self._rate)
            low, high = max(at, 0), min(at + CLAP, CHUNK)
            if low < high:
                sound[low:high] = _LOUD[low - at : high - at]
        return sound.tobytes()

    def _open(self, opened: tuple[int, int] | None) -> tuple[int, int] | None:
        try:
            inode = self._pipe.stat().st_ino
            if opened is not None:
                if opened[1] == inode:
                    return opened
                os.close(opened[0])
            pipe = os.open(self._pipe, os.O_RDWR | os.O_NONBLOCK)
        except FileNotFoundError:
            return opened
        return pipe, inode


class Claps:
    """Finds claps in a sound that comes in pieces."""

    def __init__(self, rate: int = RATE) -> None:
        self._rate = rate
        self._last = -1.0

    def find(self, start: float, samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> list[float]:
        """When claps begin, of a piece (count x channels) that starts at this time."""
        found = []
        for at in np.flatnonzero(np.abs(samples[:, 0].astype(int)) > 8_000):
            moment = start + float(at) / self._rate
            if moment - self._last > 0.3:
                found.append(moment)
            self._last = moment
        return found


def flashes_and_claps(film: Path) -> tuple[list[float], list[float]]:
    """When the virtual camera's flashes were in a film, and when claps begin in its sound; s from its start.

    Both by the film's own timestamps. How bright a flash is tells how much later than its moment the picture is.
    """
    claps, heard = Claps(), []
    flashes, dark = [], True
    with av.open(str(film)) as container:
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            assert frame.time is not None
            if isinstance(frame, av.VideoFrame):
                luma = frame.to_ndarray()[: frame.height].mean()
                if luma > 120 and dark:
                    flashes.append(frame.time - (235 - luma) / 1000)
                dark = bool(luma <= 120)
            else:
                sound = frame.to_ndarray()[:1].T
                heard += claps.find(
                    frame.time, np.asarray(sound if sound.dtype == np.int16 else sound * 32767, np.int16)
                )
    return flashes, heard


def off(moment: float, every: float = 1.0) -> float:
    """By how many seconds a clap is too late (+) or too early (-), where claps are at multiples of `every`."""
    return (moment + every / 2) % every - every / 2
