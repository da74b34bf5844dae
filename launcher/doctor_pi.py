"""What the doctor looks at where a camera or microphone is: the judging, apart from the looking (`doctor_look`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.settings import Settings
from launcher.finding import Finding
from launcher.installed import USER

SLOW_CARD = 4.0  # MB/s; a camera needs 0.3 to 1, and the card does other things too
HOT = 80.0  # degrees Celsius at which a Pi becomes slower
_CABLE = (
    "switch the Pi off, push the camera's cable home at both ends (contacts towards the contacts), close both latches, "
    "start again; then: rpicam-hello --list-cameras"
)
_POWER = "use the official power supply and a short thick cable"


@dataclass(frozen=True, slots=True)
class Module:
    """A camera module that libcamera sees."""

    model: str
    modes: tuple[str, ...] = ()  # "2304x1296", as the sensor can be read


@dataclass(frozen=True, slots=True)
class Looks:
    """What was seen of the machine; None where it could not be looked at."""

    pi_model: str = ""
    modules: tuple[Module, ...] | None = None  # None: without libcamera for Python nobody can tell
    microphones: str | None = None  # what `python -m camera.microphones` prints
    sound_server: str = ""
    installed: bool = False  # as services, with a user of their own
    lingers: bool = False
    throttled: int | None = None  # as `vcgencmd get_throttled` says
    temperature: float | None = None  # degrees Celsius
    clock_synchronised: bool | None = None
    card_speed: float | None = None  # MB/s that can be written and are there to stay


def judge(settings: Settings, seen: Looks) -> Iterator[Finding]:
    """All findings, in the order a person would look."""
    sources = [camera.source for camera in settings.cameras.values() if camera.enabled]
    if seen.pi_model:
        yield Finding(True, seen.pi_model)
    yield from judge_modules(seen, [source for source in sources if source.partition(":")[0] == "picamera"])
    if sources != ["demo"]:
        yield from judge_sound(seen)
    if seen.throttled is not None:
        yield from judge_power(seen.throttled)
    if seen.temperature is not None:
        hot = seen.temperature >= HOT
        cure = "give it a heat sink or a fan, or take it out of the sun" if hot else ""
        yield Finding(not hot, f"temperature: {seen.temperature:.0f} °C", cure, grave=False)
    if seen.clock_synchronised is not None:
        cure = "recordings get wrong times; check the network, then: timedatectl; sudo timedatectl set-ntp true"
        text = f"clock: {'' if seen.clock_synchronised else 'not '}synchronised"
        yield Finding(seen.clock_synchronised, text, "" if seen.clock_synchronised else cure, grave=False)
    if seen.card_speed is not None:
        fast = seen.card_speed >= SLOW_CARD
        cure = "use a card of class A1 or A2, or a USB disk, or record into memory: birbcam install --memory 512MB"
        yield Finding(fast, f"disk: {seen.card_speed:.0f} MB/s written", "" if fast else cure, grave=False)


def judge_modules(seen: Looks, wanted: list[str]) -> Iterator[Finding]:
    """Camera modules, against the sources that need one."""
    if not wanted and not seen.modules:
        return
    if seen.modules is None:
        yield Finding(False, "camera module: libcamera for Python not found", "sudo apt install python3-picamera2")
        return
    for number, module in enumerate(seen.modules):
        modes = f", {', '.join(module.modes)}" if module.modes else ""
        yield Finding(True, f"camera module {number}: {module.model}{modes}")
    for source in wanted:
        number = int(source.partition(":")[2] or 0)
        if number >= len(seen.modules):
            yield Finding(False, f"camera module {number} (source {source!r}) is not seen", _CABLE)


def judge_sound(seen: Looks) -> Iterator[Finding]:
    """Microphones, and whether the sound server survives the log-out of whoever started it."""
    if seen.microphones is not None:
        for line in seen.microphones.splitlines():
            none = line.strip() == "no microphone"
            cure = "plug one in; without one the recordings are silent" if none else ""
            yield Finding(not none, f"microphone: {line.strip()}" if not none else line, cure, grave=False)
    if seen.sound_server and seen.installed:
        cure = "" if seen.lingers else f"it ends with a log-out: sudo loginctl enable-linger {USER}"
        yield Finding(seen.lingers, f"{seen.sound_server} of the user {USER} runs always", cure)


def judge_power(throttled: int) -> Iterator[Finding]:
    """What the Pi says of its supply (`vcgencmd get_throttled`): bits 0 to 3 now, 16 to 19 since the start."""
    texts = {
        0: ("under-voltage", _POWER),
        1: ("the processor is slowed down by the firmware", _POWER),
        2: ("throttled", "give it a heat sink or a fan, and a better power supply"),
        3: ("too hot", "give it a heat sink or a fan"),
    }
    found = False
    for bit, (text, cure) in texts.items():
        if throttled >> bit & 1:
            yield Finding(False, f"power: {text}, now", cure)
        elif throttled >> (bit + 16) & 1:
            yield Finding(False, f"power: {text} since the start", cure, grave=False)
        found |= bool((throttled >> bit | throttled >> (bit + 16)) & 1)
    if not found:
        yield Finding(True, "power: no under-voltage, not throttled")
