"""The sound of a real sound server: claps keep their times; what goes away leaves silence, and comes back by itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sounding import RATE, Card, Claps, SoundServer, off

from camera.microphones import look
from camera.sound import Microphone, Sound, SoundState
from conftest import Running
from waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[SoundServer]:
    for program, package in (("pulseaudio", "pulseaudio"), ("pactl", "pulseaudio-utils")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} not found; install it with: sudo apt install {package}")
    with SoundServer(tmp_path) as server:
        yield server


@pytest.fixture
def server(empty_server: SoundServer) -> Iterator[SoundServer]:
    with Card(empty_server.card):
        yield empty_server


class Listener:
    """Reads a sound, as the camera does, and keeps what it heard."""

    def __init__(self, server: SoundServer, options: Microphone | None = None) -> None:
        self.told: list[str] = []
        self.claps: list[float] = []
        self.loud_at = 0.0  # s of the monotonic clock
        self.samples = 0
        self.sound = Sound(options or Microphone(), environ=server.environ, say=self.told.append)
        self._began: int | None = None
        self._claps = Claps()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        begin = time.monotonic()
        self.sound.close()
        assert time.monotonic() - begin < 5

    def listen(self) -> None:
        """Take what is due, which is never more or less than the time that has passed."""
        for start, samples in self.sound.read():
            self._began = start if self._began is None else self._began
            assert start == pytest.approx(self._began + self.samples * 10**9 / RATE, abs=2)
            self.samples += len(samples)
            self.claps += self._claps.find(start / 1e9, samples)
            if np.any(samples):
                self.loud_at = (start + len(samples) * 10**9 / RATE) / 1e9
        if self._began is not None:
            behind = time.monotonic() - self._began / 1e9 - self.samples / RATE
            assert behind < 0.9  # 0.2, and some for a busy machine

    def until(self, condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
        """Listen until the condition holds."""

        def look_and_listen() -> bool:
            self.listen()
            return bool(condition())

        wait_until(look_and_listen, seconds, what)

    def until_claps(self, count: int) -> list[float]:
        """Listen until so many more claps came; by how much each was off."""
        before = len(self.claps)
        self.until(lambda: len(self.claps) >= before + count, "claps are heard", 5.0 + 2 * count)
        return [off(clap) for clap in self.claps[before:]]

    def until_silent(self) -> None:
        """Listen until there was nothing but silence for a while."""
        self.until(lambda: time.monotonic() - self.loud_at > 0.8, "silence")

    @property
    def state(self) -> SoundState:
        return self.sound.state


@pytest.mark.parametrize("drift", [300.0, -300.0])
def test_claps_arrive_with_their_times(empty_server: SoundServer, drift: float) -> None:
    with Card(empty_server.card, drift=drift), Listener(empty_server) as listener:
        assert max(abs(error) for error in listener.until_claps(4)) < 0.08
        state = listener.state
    assert listener.told == [f"sound: Unix FIFO source {empty_server.card}"]
    assert (state.state, state.reason) == ("sound", "") and state.level is not None and -6 < state.level < -1


def test_the_server_is_killed_and_comes_back(server: SoundServer) -> None:
    with Listener(server) as listener:
        listener.until_claps(1)
        killed = time.monotonic()
        server.kill()
        listener.until_silent()
        assert listener.loud_at - killed < 0.3
        listener.until(lambda: listener.state.state == "silence", "it is told")
        server.start()
        assert max(abs(error) for error in listener.until_claps(2)) < 0.08
        assert len(listener.told) == 3 and listener.told[1].startswith("sound: the microphone is away (")
        assert "silence until it is back" in listener.told[1] and "s of silence" in listener.told[2]


def test_the_microphone_is_unplugged_and_comes_back(server: SoundServer) -> None:
    with Listener(server) as listener:
        listener.until_claps(1)
        pulled = time.monotonic()
        server.unplug()
        listener.until_silent()
        assert listener.loud_at - pulled < 0.5
        listener.until(lambda: "no microphone found" in listener.state.reason, "it is told")
        server.plug()
        assert max(abs(error) for error in listener.until_claps(2)) < 0.08
        assert [line[:20] for line in listener.told] == [
            "sound: Unix FIFO sou",
            "sound: no microphone",
            "sound: Unix FIFO sou",
        ]


def test_a_frozen_server_is_silence_until_it_wakes(server: SoundServer) -> None:
    with Listener(server) as listener:
        listener.until_claps(1)
        server.kill(signal.SIGSTOP)
        listener.until(lambda: listener.state.state == "silence", "it is told")
        listener.until(lambda: "does not answer" in listener.state.reason, "it is asked")
        server.kill(signal.SIGCONT)
        assert max(abs(error) for error in listener.until_claps(2)) < 0.08


def test_a_better_microphone_is_taken_when_it_comes(server: SoundServer) -> None:
    server.ask("load-module", "module-null-sink", "sink_name=usual")
    server.ask("set-default-source", "usual.monitor")
    with Listener(server, Microphone("fifo; auto")) as listener:
        listener.until_claps(1)
        server.unplug()
        listener.until(lambda: listener.state.device.startswith("Monitor of"), "the default one is taken")
        server.plug()
        listener.until_claps(1)
        assert listener.state.device.startswith("Unix FIFO")


def test_no_server_at_the_start(tmp_path: Path) -> None:
    absent = SoundServer(tmp_path)  # not started
    with Listener(absent) as listener:
        listener.until(lambda: listener.samples > RATE, "a second of silence")
        assert listener.loud_at == 0.0 and listener.state.state == "silence"
        assert len(listener.told) == 1


def test_off_asks_nobody(tmp_path: Path) -> None:
    with Listener(SoundServer(tmp_path), Microphone("off")) as listener:
        listener.until(lambda: listener.samples > RATE // 2, "silence")
        assert listener.state.state == "off" and listener.told == []


def test_stereo_gain_and_high_pass(server: SoundServer) -> None:
    with Listener(server, Microphone(channels=2, gain=-20, high_pass=400)) as listener:
        listener.until(lambda: listener.state.state == "sound", "sound")
        pieces: list[np.ndarray] = []
        listener.until(lambda: listener.sound.state.level is not None, "it is heard")
        wait_until(lambda: pieces.extend(s for _, s in listener.sound.read()) or len(pieces) > 30, 10, "sound")
    sound = np.concatenate(pieces)
    assert sound.shape[1] == 2 and np.abs(np.diff(sound.astype(int), axis=1)).max() <= 1
    assert 500 < sound.max() < 4_000  # the clap, which was 20,000, with little of it left
    assert np.percentile(np.abs(sound), 50) <= 3  # the hum, which was 200, of 100 Hz


def test_alsa_alone(server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through ALSA's own plugin to the sound server, as this machine may have no card."""
    if shutil.which("arecord") is None or not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        pytest.skip(
            "arecord or ALSA's pulse plugin is missing; install it with: sudo apt install alsa-utils libasound2-plugins"
        )
    config = tmp_path / "asound.conf"
    config.write_text(f'pcm.nest {{ type pulse server "{server.environ["PULSE_SERVER"]}" device "mic" }}\n')
    monkeypatch.setenv("ALSA_CONFIG_PATH", f"/usr/share/alsa/alsa.conf:{config}")
    with Listener(server, Microphone("alsa:nest")) as listener:
        assert max(abs(error) for error in listener.until_claps(3)) < 0.08
        assert listener.told == ["sound: nest"]


def test_the_list_of_microphones(server: SoundServer, run_process: Callable[..., Running]) -> None:
    assert [(source.name, source.default) for source in look(server.environ).sources if not source.loudspeaker] == [
        ("mic", True)
    ]
    listing = run_process([sys.executable, "-m", "camera.microphones"], **server.environ)
    assert listing.wait() == 0
    assert f"* mic  (Unix FIFO source {server.card})" in listing.output
    assert "auto_null.monitor" in listing.output


def test_nothing_outlives_a_killed_process(server: SoundServer, run_process: Callable[..., Running]) -> None:
    code = "import time; from camera.sound import *; Sound(Microphone(), say=lambda x: print(x, flush=True)); "
    holder = run_process([sys.executable, "-c", code + "time.sleep(99)"], **server.environ)
    wait_until(lambda: "sound: Unix FIFO" in holder.output, 10, "it records")

    def recordings() -> int:
        return len(
            subprocess.run(
                ["pactl", "list", "short", "source-outputs"], env=server.environ, capture_output=True, check=True
            ).stdout.splitlines()
        )

    assert recordings() == 1
    os.kill(holder.process.pid, signal.SIGKILL)
    wait_until(lambda: recordings() == 0, 5, "its recording ends with it")
