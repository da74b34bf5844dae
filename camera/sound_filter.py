"""What is done to sound on its way: a little faster or slower, less wind, louder or softer."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

BEFORE, AFTER = 2, 3  # samples that `between` needs on both sides of a place


def _weights() -> Floats:
    """Per neighbour (6) the coefficients of its weight over the place between two samples, of powers 0 to 5."""
    places = np.arange(-BEFORE, AFTER + 1)
    rows = []
    for place in places:
        others = places[places != place]
        rows.append(np.poly(others)[::-1] / np.prod(place - others))
    return np.asarray(rows, np.float32)


_WEIGHTS = _weights()


def between(samples: npt.NDArray[np.int16], places: npt.NDArray[np.float64]) -> Floats:
    """The sound at places between its samples (samples x channels): Lagrange's polynomial through six neighbours.

    It is true to 0.2 dB up to 10 kHz; a straight line would make a call of 7 kHz waver by 1 dB. `places` are indices,
    at least BEFORE from the first sample and AFTER from the last.
    """
    whole = places.astype(np.intp)
    part = (places - whole).astype(np.float32)
    near = samples[int(whole[0]) - BEFORE : int(whole[-1]) + AFTER + 1].astype(np.float32)
    whole -= int(whole[0])
    powers = np.empty((6, len(part)), np.float32)
    powers[0] = 1
    for power in range(1, 6):
        np.multiply(powers[power - 1], part, out=powers[power])
    weights = _WEIGHTS @ powers
    out = np.zeros((len(places), samples.shape[1]), np.float32)
    # Places go on by one sample each but for a few: slices instead of picking samples one by one.
    steps = [0, *(np.flatnonzero(np.diff(whole) != 1) + 1).tolist(), len(whole)]
    for begin, end in itertools.pairwise(steps):
        first = int(whole[begin])
        for neighbour, weight in enumerate(weights):
            out[begin:end] += weight[begin:end, None] * near[first + neighbour : first + neighbour + end - begin]
    return out


class Filter:
    """Gain, and a second-order Butterworth high-pass, for sound that comes in pieces of any length."""

    def __init__(self, rate: int, channels: int, gain: float, high_pass: float) -> None:
        """`gain` in dB; `high_pass` is the frequency in Hz below which it gets softer, 0 for none."""
        self._gain = 10 ** (gain / 20)
        self._response = _high_pass(rate, high_pass) if high_pass else np.ones(1)
        self._past = np.zeros((len(self._response) - 1, channels), np.float32)
        self._spectra: dict[int, npt.NDArray[np.complex128]] = {}  # of the response, per size of a piece

    def __call__(self, sound: Floats) -> npt.NDArray[np.int16]:
        """The next piece (samples x channels), filtered."""
        if len(self._response) > 1:
            # In the frequency domain: a recursion sample by sample is slow in Python.
            joined = np.concatenate([self._past, sound])
            self._past = joined[len(sound) :]
            size = 1 << (len(joined) - 1).bit_length()
            if size not in self._spectra:
                self._spectra[size] = np.fft.rfft(self._response, size)[:, None]
            spectrum = np.fft.rfft(joined, size, axis=0) * self._spectra[size]
            sound = np.fft.irfft(spectrum, size, axis=0)[len(self._past) : len(joined)].astype(np.float32)
        return np.asarray(np.clip(np.rint(sound * self._gain), -32768, 32767), np.int16)


def _high_pass(rate: int, frequency: float) -> npt.NDArray[np.float64]:
    """The impulse response, as far as it matters (-80 dB); coefficients after R. Bristow-Johnson's cookbook."""
    angle = 2 * math.pi * frequency / rate
    alpha, cosine = math.sin(angle) / math.sqrt(2), math.cos(angle)
    b = np.array([(1 + cosine) / 2, -(1 + cosine), (1 + cosine) / 2]) / (1 + alpha)
    a1, a2 = -2 * cosine / (1 + alpha), (1 - alpha) / (1 + alpha)
    length = math.ceil(-math.log(1e-4) / (math.pi * math.sqrt(2) * frequency) * rate)
    response = np.zeros(length)
    for i in range(length):
        one, two = (response[i - k] if i >= k else 0.0 for k in (1, 2))
        response[i] = (b[i] if i < 3 else 0.0) - a1 * one - a2 * two
    return response
