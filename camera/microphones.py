"""The microphones of this machine, and which of them a setting means. `python -m camera.microphones` lists them.

A sound server (PulseAudio, or PipeWire through its Pulse layer) is asked where one runs; without one, ALSA itself.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from camera import child
from config.errors import CameraError, run_main

ANSWER = 2.0  # s that a sound server has to answer
_ASOUND = Path("/proc/asound")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that sound can be recorded from."""

    kind: Literal["pulse", "alsa"]
    name: str  # what the recording program opens
    label: str  # for people
    default: bool = False  # the sound server's default source
    usb: bool = False
    loudspeaker: bool = False  # it hears what the machine plays, and no room


@dataclass(frozen=True, slots=True)
class Found:
    """All sources of this machine and the sound server's address, "" where there is none."""

    server: str
    sources: tuple[Source, ...]


def server_address(environ: Mapping[str, str], uid: int, exists: Callable[[Path], bool]) -> str:
    """Where the user's sound server listens; "" where there is none.

    A service has no XDG_RUNTIME_DIR of its own, while its user's server lingers in the usual place.
    """
    if named := environ.get("PULSE_SERVER"):
        return named
    runtime = environ.get("XDG_RUNTIME_DIR")
    folders = ([Path(runtime)] if runtime else []) + [Path(f"/run/user/{uid}"), Path("/run")]
    return next((f"unix:{socket}" for folder in folders if exists(socket := folder / "pulse/native")), "")


def look(environ: Mapping[str, str] = os.environ) -> Found:
    """Look for sources, within about 4 s.

    Raises CameraError where a sound server is there but does not answer: it may come back at any moment, and would
    miss a device that we had taken behind its back.
    """
    server = server_address(environ, os.getuid(), Path.exists)
    if not server:
        return Found("", alsa_sources(*(_read(_ASOUND / name) for name in ("cards", "pcm"))))
    child.require("pactl", "pulseaudio-utils")
    info, listed = (_ask(server, environ, question) for question in (["info"], ["list", "sources"]))
    return Found(server, pulse_sources(listed, info.get("default_source_name", "")))


def _ask(server: str, environ: Mapping[str, str], question: Sequence[str]) -> Any:
    command = ["pactl", "--server", server, "-f", "json", *question]
    try:
        # In other languages pactl writes commas into its numbers, which is no JSON.
        asked = subprocess.run(
            command, capture_output=True, timeout=ANSWER, env={**environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL
        )
        if asked.returncode != 0:
            said = asked.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise CameraError(f"the sound server is away ({said[-1]})")
        return json.loads(asked.stdout.decode(errors="replace"))
    except subprocess.TimeoutExpired:
        raise CameraError("the sound server does not answer") from None
    except (OSError, ValueError) as error:
        raise CameraError(f"the sound server cannot be asked ({error})") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # a machine without any sound card


def pulse_sources(listed: Sequence[Mapping[str, Any]], default: str) -> tuple[Source, ...]:
    """The sources in the JSON of `pactl list sources`."""
    sources = []
    for entry in listed:
        name, about = entry["name"], entry.get("properties", {})
        monitor = bool(entry.get("monitor_source")) or about.get("device.class") == "monitor"
        # The monitor of a sink without a card is a virtual microphone, but for the server's stand-in for none at all.
        plays = "alsa.card" in about or name.startswith(("alsa_output.", "bluez_", "auto_null"))
        sources.append(
            Source(
                "pulse",
                name,
                entry.get("description") or name,
                default=name == default,
                usb=about.get("device.bus") == "usb" or ".usb-" in name,
                loudspeaker=monitor and (plays or name != default),
            )
        )
    return tuple(sources)


def alsa_sources(cards: str, pcm: str) -> tuple[Source, ...]:
    """The sources in /proc/asound/cards and /proc/asound/pcm."""
    known = {
        int(number): (ident.strip(), driver, label.strip())
        for number, ident, driver, label in re.findall(r"^ *(\d+) \[(.*?)\]: (\S+) - (.*)$", cards, re.MULTILINE)
    }
    sources = []
    for card, device, rest in re.findall(r"^(\d+)-(\d+): (.*)$", pcm, re.MULTILINE):
        if "capture" not in rest or int(card) not in known:
            continue
        ident, driver, label = known[int(card)]
        # By its name, which a card keeps when others come and go; plughw takes any rate.
        name = f"plughw:CARD={ident},DEV={int(device)}"
        sources.append(Source("alsa", name, label, usb=driver == "USB-Audio"))
    return tuple(sources)


def choose(sources: Sequence[Source], wanted: str) -> Source:
    """The source that a setting means; CameraError, with what there is, where there is none.

    `wanted` holds names in the order of preference, with semicolons between: what a source is called or a part of it;
    `auto` for the default source, the first USB one, the first at all; `pulse:NAME` or `alsa:NAME` for something that
    is in no list.
    """
    for name in (word.strip() for word in wanted.split(";")):
        kind, _, rest = name.partition(":")
        if kind == "pulse" and rest:
            return Source("pulse", rest, rest)
        if kind == "alsa" and rest:
            return Source("alsa", rest, rest)
        if found := _automatic(sources) if name == "auto" else _named(sources, name):
            return found
    real = [source.label for source in sources if not source.loudspeaker]
    if wanted == "auto" or not real:
        raise CameraError('no microphone found; plug one in, or set microphone = "off"')
    raise CameraError(f"no microphone is called {wanted!r}; there are: {', '.join(real)}")


def _automatic(sources: Sequence[Source]) -> Source | None:
    real = [source for source in sources if not source.loudspeaker]
    return (
        next((s for s in real if s.default), None) or next((s for s in real if s.usb), None) or next(iter(real), None)
    )


def _named(sources: Sequence[Source], name: str) -> Source | None:
    wanted = name.casefold()
    exact = [source for source in sources if wanted in (source.name.casefold(), source.label.casefold())]
    part = [source for source in sources if wanted and wanted in f"{source.name}\n{source.label}".casefold()]
    # Who asks for a part of a name means a microphone rather than the loudspeaker of the same device.
    return next(iter(exact + sorted(part, key=lambda source: source.loudspeaker)), None)


def main() -> int:
    """List the sources, the one that `auto` takes with a star."""
    parser = argparse.ArgumentParser(prog="python -m camera.microphones", description="List what sound can come from.")
    parser.parse_args()
    found = look()
    if not found.sources:
        print("no microphone")
    chosen = _automatic(found.sources)
    for source in found.sources:
        mark = "*" if source == chosen else " "
        print(f"{mark} {source.name}  ({source.label}{', a loudspeaker' if source.loudspeaker else ''})")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
