"""Day and night: when the picture turns grey, when it gets its colours back, and the pin of a lamp or filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

RESTLESS = 300.0
"""Seconds within which switching back means that the switch itself made the brightness: an IR lamp that lights up the
picture. The next one then takes twice as long, up to `PATIENCE` times the dwell time."""
PATIENCE = 32


@dataclass(slots=True)
class DayNight:
    """Switches by brightness, with a band between day and night, and a dwell time; times are of any one clock, in s."""

    night_below: float
    day_above: float
    dwell: float  # s
    night: bool = False
    _fresh: bool = field(default=True, init=False)
    _since: float | None = field(default=None, init=False)  # when the brightness went beyond
    _switched: float | None = field(default=None, init=False)
    _patience: int = field(default=1, init=False)

    def update(self, brightness: float, now: float) -> bool:
        """Take a brightness (in what the limits are in); whether it switched. The first one counts at once."""
        # A day limit below that of night would switch for ever.
        limit = max(self.day_above, self.night_below) if self.night else self.night_below
        beyond = brightness > limit if self.night else brightness < limit
        fresh, self._fresh = self._fresh, False
        if beyond and fresh:
            self.night = not self.night
            return True
        if not beyond:
            self._since = None
            if self._switched is not None and now - self._switched >= RESTLESS * self._patience:
                self._patience = 1
            return False
        if self._since is None:
            self._since = now
        if now - self._since < self.dwell * self._patience:
            return False
        if self._switched is not None and now - self._switched < RESTLESS * self._patience:
            self._patience = min(2 * self._patience, PATIENCE)
        else:
            self._patience = 1
        self.night = not self.night
        self._since, self._switched = None, now
        return True


def brightness(metadata: Mapping[str, Any], mean: float) -> tuple[float, str]:
    """How bright it is, and in what: lux where the camera tells them, else per cent of a white picture.

    `mean` is the picture's mean luma, 0 to 255.
    """
    lux = metadata.get("Lux")
    return (float(lux), "lux") if lux is not None else (mean / 2.55, "%")


class Lamp(Protocol):
    """Something that is on by night."""

    def on(self) -> None: ...

    def off(self) -> None: ...


def open_pin(number: int, low: bool) -> tuple[Lamp | None, str | None]:
    """The pin for an IR lamp or filter (BCM number; `low`: low is on), and a warning where it cannot be had."""
    if number < 0:
        return None, None
    try:
        import gpiozero
    except ImportError:
        return None, "night_pin is left alone: gpiozero not found; install it with: sudo apt install python3-gpiozero"
    try:
        return gpiozero.DigitalOutputDevice(number, active_high=not low), None
    # What pins can raise depends on the library below gpiozero (lgpio, RPi.GPIO, pigpio), which may be missing.
    except (gpiozero.GPIOZeroError, ImportError, OSError, RuntimeError, ValueError) as error:
        return None, f"night_pin {number} is left alone: it cannot be used ({error})"
