"""The user's sound server with linger, under a real systemd: the microphone outlives sessions, and comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from trixie import Machine
from waiting import wait_until

pytestmark = pytest.mark.slow

SOURCE = "module-null-sink sink_name=nest rate=48000 channels=1"  # who listens to it hears what is played there
CONFIG = f"load-module {SOURCE}\nset-default-source nest.monitor\n"
PLAYER = "exec pacat --raw --rate=48000 --channels=1 --device=nest --latency-msec=50 </dev/urandom"
LISTENER = """
import dataclasses, json, time
from contextlib import closing
from camera.sound import Microphone, Sound
say = lambda kind, what: print(json.dumps([kind, what]), flush=True)
with closing(Sound(Microphone(), say=lambda line: say("told", line))) as sound:
    began, samples = time.monotonic(), 0
    while True:
        time.sleep(0.1)
        pieces = sound.read()
        samples += sum(len(piece) for _, piece in pieces)
        silent = not any(piece.any() for _, piece in pieces)
        behind = time.monotonic() - began - samples / 48000
        say("heard", dataclasses.asdict(sound.state) | {"silent": silent, "behind": behind})
"""


@dataclass
class Nest:
    """A machine with a user whose sound server lingers, and a service of that user that listens."""

    machine: Machine
    lines: list[list[Any]] = field(default_factory=list)

    def read(self) -> list[list[Any]]:
        said = self.machine.run(["journalctl", "-o", "cat", "-u", "listener", "--no-pager"]).stdout
        self.lines = [json.loads(line) for line in said.splitlines() if line.startswith("[")]
        return self.lines

    @property
    def now(self) -> dict[str, Any]:
        """What it hears now."""
        heard = [what for kind, what in self.read() if kind == "heard"]
        return heard[-1] if heard else {"state": "", "silent": True}

    @property
    def told(self) -> list[str]:
        return [what for kind, what in self.read() if kind == "told"]

    def pactl(self, *words: str) -> None:
        self.machine.run(["pactl", *words], user="cam")

    def sessions(self) -> str:
        """The services of PAM through which somebody is logged in; "systemd-user" is no session."""
        listed = self.machine.run(["loginctl", "list-sessions", "--no-legend"]).stdout
        numbers = [line.split()[0] for line in listed.splitlines() if line.strip()]
        return "".join(
            self.machine.run(["loginctl", "show-session", "-p", "Service", number], check=False).stdout
            for number in numbers
        )

    def sounds(self) -> bool:
        now = self.now
        return bool(now["state"] == "sound" and not now["silent"])


@pytest.fixture(scope="module")
def nest() -> Iterator[Nest]:
    with Machine() as machine:
        machine.run("useradd --create-home --uid 1000 cam")
        machine.write("etc/pulse/default.pa.d/nest.pa", CONFIG)
        machine.write("listen.py", LISTENER)
        machine.run("loginctl enable-linger cam")
        by_cam = [
            "systemd-run",
            "--uid=cam",
            "-p",
            "Restart=always",
            "-p",
            "RestartSec=0.3",
            "-p",
            "StartLimitBurst=999",
        ]
        machine.run([*by_cam, "--unit=player", "--setenv=XDG_RUNTIME_DIR=/run/user/1000", "sh", "-c", PLAYER])
        # As a unit has it: no XDG_RUNTIME_DIR, no session.
        machine.run([*by_cam, "--unit=listener", "--setenv=PYTHONPATH=/birbcam", "python3", "/listen.py"])
        nest = Nest(machine)
        wait_until(nest.sounds, 20, "sound", pause=0.3)
        yield nest


def test_a_session_opens_and_closes_and_the_sound_goes_on(nest: Nest) -> None:
    session = ["systemd-run", "--unit=session", "--uid=cam", "-p", "PAMName=login", "sleep", "99"]
    nest.machine.run(session)
    wait_until(lambda: "login" in nest.sessions(), 10, "a session")
    before = len(nest.read())
    nest.machine.run(["systemctl", "stop", "session"])
    wait_until(lambda: "login" not in nest.sessions(), 10, "its end")
    wait_until(lambda: len(nest.read()) > before + 30, 20, "three more seconds", pause=0.3)
    heard = [what for kind, what in nest.lines[before:] if kind == "heard"]
    assert not any(what["silent"] or what["state"] != "sound" for what in heard)
    assert len(nest.told) == 1 and nest.told[0].startswith("sound: ")


def test_the_microphone_disappears_and_comes_back(nest: Nest) -> None:
    before = len(nest.told)
    nest.pactl("unload-module", "module-null-sink")
    wait_until(lambda: nest.now["silent"], 2 + 1, "silence", pause=0.1)  # and 1 for looking
    wait_until(lambda: nest.now["state"] == "silence", 5, "it is told")
    nest.pactl("load-module", *SOURCE.split())
    nest.machine.run(["systemctl", "restart", "player"])
    wait_until(nest.sounds, 8, "sound again", pause=0.3)
    assert len(nest.told) == before + 2, nest.told
    assert nest.now["behind"] < 0.8  # the flow went on all the time


@pytest.mark.parametrize("how", ["restart", "kill --signal=KILL"])
def test_the_sound_server_restarts(nest: Nest, how: str) -> None:
    wait_until(nest.sounds, 8, "sound")
    before = len(nest.read())
    nest.machine.run(f"systemctl --user {how} pulseaudio.service", user="cam")
    wait_until(
        lambda: any(what["silent"] for kind, what in nest.read()[before:] if kind == "heard"), 5, "it is noticed"
    )
    wait_until(nest.sounds, 12, "sound again", pause=0.3)
    assert nest.now["behind"] < 0.8
