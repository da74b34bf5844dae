"""The sound of the demo garden: a soft wind, birds far away, and the call of the bird that visits.

Everything is made once when the scene starts; afterwards a second of sound is a copy and a few additions. 48 kHz mono.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from camera.scene_paint import Floats
from camera.scene_visits import SONGS, slots, visits_of_slot

RATE = 48_000
_LOOP = 24  # seconds until the wind repeats
_EARLY = 0.2  # seconds by which wings are heard before a landing or a start

# Per kind and syllable: pitch at start and end in Hz, how far and fast it warbles, and how loud it is.
_VOICES: dict[str, tuple[tuple[float, float, float, float, float], ...]] = {
    "blue tit": ((7200, 6900, 0, 0, 0.7), (6900, 6700, 0, 0, 0.7), *((4900, 4400, 300, 90, 0.9),) * 5),
    "great tit": ((5600, 5500, 0, 0, 0.8), (4100, 4000, 0, 0, 1.0)) * 3,
    "robin": (
        (6200, 4300, 200, 30, 0.7),
        (3600, 4200, 0, 0, 0.8),
        (5200, 5000, 500, 24, 0.8),
        (7000, 6400, 0, 0, 0.6),
        (4300, 3500, 0, 0, 0.8),
        (5600, 3300, 350, 18, 0.8),
    ),
    "blackbird": (
        (2100, 1900, 60, 9, 1.0),
        (2600, 2300, 0, 0, 0.9),
        (1800, 2250, 90, 12, 1.0),
        (3600, 4400, 500, 40, 0.5),
        (4600, 3900, 600, 45, 0.4),
    ),
    "goldfinch": (
        (5200, 6100, 0, 0, 0.7),
        (4300, 5000, 0, 0, 0.7),
        (5600, 4400, 250, 60, 0.8),
        (5000, 6000, 0, 0, 0.7),
        (4200, 4800, 0, 0, 0.7),
        (6000, 4300, 400, 50, 0.8),
    ),
    "bullfinch": ((3000, 2500, 0, 0, 0.9), (2900, 2400, 0, 0, 0.9)),
}


def _tone(length: float, voice: tuple[float, float, float, float, float]) -> Floats:
    """One syllable: a gliding, warbling whistle that swells and fades."""
    first, last, depth, rate, loud = voice
    t = np.arange(int(length * RATE)) / RATE
    pitch = first + (last - first) * t / length + depth * np.sin(2 * np.pi * rate * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    swell = np.sin(np.pi * np.minimum(t / length, 1)) ** 0.7
    wave = np.sin(phase) + 0.14 * np.sin(2 * phase) + 0.04 * np.sin(3 * phase)
    return np.asarray(loud * swell * wave, np.float32)


@cache
def _song(kind: str) -> Floats:
    syllables = SONGS[kind]
    wave = np.zeros(int((syllables[-1][0] + syllables[-1][1] + 0.3) * RATE), np.float32)
    for (offset, length), voice in zip(syllables, _VOICES[kind], strict=True):
        tone = _tone(length, voice)
        at = int(offset * RATE)
        wave[at : at + len(tone)] += tone
    for delay, level in ((0.031, 0.22), (0.067, 0.14), (0.113, 0.08)):  # the garden answers
        shift = int(delay * RATE)
        wave[shift:] += level * wave[:-shift]
    return wave


@cache
def _ambience() -> Floats:
    """A loop without a seam: noise with the colour of wind, and a few far calls."""
    random = np.random.default_rng(11)
    count = _LOOP * RATE
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    wind = np.fft.irfft(spectrum / (1 + (hertz / 220) ** 1.6) * (hertz > 40), count)
    leaves = np.fft.irfft(spectrum * np.exp(-(((hertz - 4200) / 2600) ** 2)), count)
    t = np.arange(count) / count * 2 * np.pi
    gust = 0.62 + 0.25 * np.sin(3 * t + 1) + 0.13 * np.sin(7 * t)
    sound = 0.011 * gust * wind / wind.std() + 0.0016 * gust**2 * leaves / leaves.std()
    for at, kind, level in (
        (2.5, "robin", 0.010),
        (9.8, "blackbird", 0.016),
        (15.2, "great tit", 0.008),
        (20.1, "robin", 0.006),
    ):
        song, place = _song(kind), int(at * RATE)
        far = np.convolve(song, np.exp(-np.arange(60) / 18) / 18, "same")
        sound[place : place + len(far)] += level * far
    return np.asarray(sound, np.float32)


@cache
def _flutter(length: float) -> Floats:
    """Wings close by: soft puffs of noise, one per beat."""
    t = np.arange(int(length * RATE)) / RATE
    noise = np.convolve(np.random.default_rng(5).standard_normal(len(t)), np.ones(24) / 24, "same")
    beat = np.clip(np.sin(2 * np.pi * 18 * t), 0, 1) ** 2
    return np.asarray(0.05 * noise * beat * np.sin(np.pi * t / length), np.float32)


def sound(seed: int, aspect: float, first: int, count: int) -> npt.NDArray[np.int16]:
    """`count` samples from number `first` on (48,000 a second since the Unix epoch), int16.

    `aspect` is the width / height of the picture that it belongs to.
    """
    loop = _ambience()
    wave = np.take(loop, (first % len(loop) + np.arange(count)) % len(loop))
    begin, end = first / RATE, (first + count) / RATE
    for slot in slots(begin - 2, end):
        for visit in visits_of_slot(seed, slot, aspect):
            for step in visit.steps:
                if step.start - _EARLY < end and step.end > begin - 1:
                    if step.action == "sing":
                        _add(wave, first, step.start, 0.16 * _song(visit.kind))
                    elif step.action in ("land", "leave"):
                        _add(wave, first, step.start - _EARLY, _flutter(0.5))
    return np.asarray(np.clip(wave * 32767, -32768, 32767), np.int16)


def _add(wave: Floats, first: int, at: float, what: Floats) -> None:
    """Add what begins `at` seconds to the stretch that begins with sample `first`."""
    place = round(at * RATE) - first
    low, high = max(place, 0), min(place + len(what), len(wave))
    if low < high:
        wave[low:high] += what[low - place : high - place]
