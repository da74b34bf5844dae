"""The flow of sound: in step with our clock for an hour, whatever the card does, and what is done to it on its way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from camera.microphones import Source
from camera.sound_drift import LIMIT
from camera.sound_filter import Filter, between
from camera.sound_flow import HOLD, LATENCY, Flow, Samples
from camera.sound_recording import REPEAT, STEADY, Told, concerns, record_command

SLOW = 1000  # Hz: an hour of it is soon made
START = 5000.0  # s


def flow(rate: int = SLOW, delay: float = 0.0) -> Flow:
    return Flow(START, rate, 1, Filter(rate, 1, 0, 0), delay)


class World:
    """A card whose samples tell when they were made, and what of it comes out of a flow."""

    PERIOD = 10.0  # s after which the samples repeat

    def __init__(self, drift: float, jitter: float = 0.0, delay: float = 0.0, seed: int = 1) -> None:
        self.flow = flow(delay=delay)
        self.now = START
        self.errors: list[tuple[float, float]] = []  # time, by how much the sound there is off
        self.heard = 0
        self.given = 0
        self._rate = SLOW * (1 + drift * 1e-6)
        self._made = 0
        self._listen_at = START
        self._jitter = jitter
        self._random = np.random.default_rng(seed)
        self._on_its_way: list[tuple[float, Samples]] = []

    def run(self, seconds: float, lost: bool = False, stalled: bool = False, listen: float = 0.0) -> None:
        """Let time pass, in which the samples are `lost` or `stalled` until its end; listen now and then (s)."""
        end = self.now + seconds
        while self.now < end:
            self.now += 0.05
            while START + (self._made + 50) / self._rate <= self.now:
                made = START + (self._made + np.arange(50)) / self._rate
                samples = np.round(made % self.PERIOD / self.PERIOD * 60_000 - 30_000).astype(np.int16)[:, None]
                self._made += 50
                if not lost:
                    way = self._random.exponential(self._jitter) if self._jitter else 0.0
                    self._on_its_way.append((float(made[-1]) + 1 / self._rate + way, samples))
            if not stalled:
                self._arrive()
            if self.now >= self._listen_at:
                self._listen_at = self.now + listen
                self._listen()

    def _arrive(self) -> None:
        before = 0.0
        while self._on_its_way and self._on_its_way[0][0] <= self.now:
            at, samples = self._on_its_way.pop(0)
            # What was stalled arrives all at once.
            before = max(before, at if self.now - at < 0.05 else self.now)
            self.flow.put(samples, before)

    def _listen(self) -> None:
        pieces = self.flow.take(self.now)
        for nanoseconds, samples in pieces:
            assert nanoseconds == round(START * 1e9) + self.given * 10**9 // SLOW  # without a gap
            self.given += len(samples)
        if pieces:
            sound = np.concatenate([samples for _, samples in pieces])[:, 0].astype(float)
            times = pieces[0][0] / 1e9 + np.arange(len(sound)) / SLOW
            there = (np.abs(sound) > 600) & (np.abs(sound) < 29_000)  # neither silence nor the seam
            self.heard += int(there.sum())
            inside = np.convolve(there, np.ones(13), "same") == 13  # nor a ramp
            off = ((sound + 30_000) / 60_000 * self.PERIOD - times % self.PERIOD)[inside]
            if inside.any():
                self.errors.append((float(times[0]), float(off[np.abs(off).argmax()])))

    def worst(self, after: float = 0.0) -> float:
        """The largest error from this time after the start on, in s."""
        return max(abs(error) for time, error in self.errors if time >= START + after)


@pytest.mark.slow
@pytest.mark.parametrize("drift", [300, -300])
def test_an_hour_with_a_card_that_is_off(drift: float) -> None:
    world = World(drift, jitter=0.01)
    world.run(1200, listen=0.4)
    world.run(0.1, lost=True)
    world.run(600, listen=0.4)
    world.run(2.0, stalled=True)
    world.run(600, listen=0.4)
    world.run(0.5, lost=True)
    world.run(1200, listen=0.4)
    assert world.worst() < 0.08
    assert world.worst(after=600) < 0.02  # s; without correction it would be a second by now
    assert world.flow.drift == pytest.approx(drift * 1e-6, abs=20e-6)
    assert world.heard > 0.93 * SLOW * 3600  # of which 4 % are left out at the seams
    assert world.given == pytest.approx(SLOW * (3602.6 - LATENCY), abs=SLOW / 2)


@pytest.mark.slow
def test_a_card_that_is_off_by_more_than_can_be_steered_jumps_and_stays_in_time() -> None:
    world = World(2500)
    world.run(300)
    assert world.worst() < 0.08


def test_lost_samples_are_noticed_before_anything_is_heard_at_a_wrong_time() -> None:
    world = World(0)
    world.run(30)
    for seconds in (0.04, 0.06, 0.1, 0.3, 1.0, 5.0):
        world.run(seconds, lost=True)
        world.run(5)
    assert world.worst() < 0.045


def test_what_stalls_is_silent_and_goes_on_in_time() -> None:
    world = World(0)
    world.run(30)
    heard = world.heard
    world.run(2, stalled=True)
    assert world.heard - heard <= (LATENCY + 0.1) * SLOW
    world.run(10)
    assert world.worst() < 0.01


def test_a_late_microphone_is_made_good() -> None:
    world = World(0, delay=0.3)
    world.run(10)
    assert [error for _, error in world.errors] == pytest.approx([0.3] * len(world.errors), abs=0.003)
    early = World(0, delay=-0.1)
    early.run(10)
    assert [error for _, error in early.errors] == pytest.approx([-0.1] * len(early.errors), abs=0.003)


def loud(pieces: list[tuple[int, Samples]]) -> int:
    return sum(int(np.count_nonzero(samples)) for _, samples in pieces)


def test_without_a_card_there_is_silence_at_our_own_rate() -> None:
    quiet = flow()
    assert quiet.take(START + LATENCY) == []
    pieces = [piece for i in range(1, 101) for piece in quiet.take(START + LATENCY + i / 10)]
    assert sum(len(samples) for _, samples in pieces) == 10 * SLOW and loud(pieces) == 0
    assert pieces[0][0] == START * 1e9


def feed(target: Flow, begin: float, seconds: float) -> None:
    for i in range(round(seconds * 10)):
        target.put(np.full((SLOW // 10, 1), 1000, np.int16), begin + (i + 1) / 10)


def test_a_new_recording_begins_anew() -> None:
    both = flow()
    feed(both, START, 3)
    assert loud(both.take(START + 3)) > 2 * SLOW
    both.connect()
    assert loud(both.take(START + 4)) == 0
    feed(both, START + 4, 3)
    assert 2 * SLOW < loud(both.take(START + 7)) < 3 * SLOW


def test_a_reader_who_is_late_gets_the_last_seconds_and_memory_does_not_fill() -> None:
    late = flow()
    feed(late, START, 60)
    assert len(late._samples) <= HOLD * SLOW
    pieces = late.take(START + 60)
    assert sum(len(samples) for _, samples in pieces) == HOLD * SLOW
    assert pieces[0][0] / 1e9 == pytest.approx(START + 60 - LATENCY - HOLD)


def test_sound_begins_and_ends_softly() -> None:
    rate = 48_000
    soft = flow(rate)
    for i in range(20):
        soft.put(np.full((rate // 20, 1), 10_000, np.int16), START + (i + 1) / 20)
    sound = np.concatenate([samples for _, samples in soft.take(START + 2)])[:, 0].astype(int)
    assert sound.max() > 9_900
    assert np.abs(np.diff(sound)).max() < 100
    assert soft.peak() == sound.max() and soft.peak() == 0


@pytest.mark.parametrize("pitch", [440, 4_000, 7_000, 10_000])
def test_between_samples_the_sound_is_true(pitch: int) -> None:
    rate = 48_000
    wave = np.round(20_000 * np.sin(2 * np.pi * pitch * np.arange(rate // 10) / rate)).astype(np.int16)[:, None]
    places = 2 + (1 + LIMIT) * np.arange(4_000)
    wanted = 20_000 * np.sin(2 * np.pi * pitch * places / rate)
    assert np.abs(between(wave, places)[:, 0] - wanted).max() < 20_000 * 0.03


def loudness(effects: Filter, pitch: float, pieces: Sequence[int]) -> float:
    """By how many dB a tone is changed, when it comes in pieces of these lengths."""
    count, rate = sum(pieces), 48_000
    wave = (5_000 * np.sin(2 * np.pi * pitch * np.arange(count) / rate)).astype(np.float32)[:, None]
    ends = np.cumsum(pieces)
    out = np.concatenate([effects(wave[end - size : end]) for size, end in zip(pieces, ends, strict=True)])
    assert out.dtype == np.int16 and len(out) == count
    return 20 * float(np.log10(out[count // 2 :].astype(float).std() / wave[count // 2 :].std()))


@pytest.mark.parametrize(
    ("pitch", "high_pass", "gain", "decibels"),
    [
        (1_000, 0, 0, 0),
        (1_000, 0, 6, 6),
        (1_000, 0, -20, -20),
        (150, 150, 0, -3),
        (75, 150, 0, -12.3),
        (3_000, 150, 0, 0),
        (3_000, 150, 10, 10),
        (20, 20, 0, -3),
    ],
)
def test_gain_and_high_pass(pitch: float, high_pass: float, gain: float, decibels: float) -> None:
    for pieces in ([4_800] * 20, [1, 47_999, 4_800, 480, 7, 42_713]):
        assert loudness(Filter(48_000, 1, gain, high_pass), pitch, pieces) == pytest.approx(decibels, abs=0.15)


def test_too_loud_is_clipped_and_stereo_stays_apart() -> None:
    effects = Filter(48_000, 2, 20, 0)
    out = effects(np.array([[30_000, -30_000], [10, -20]], np.float32))
    assert out.tolist() == [[32767, -32768], [100, -200]]


# --- what is told, and the programs ---


def test_each_change_of_the_sound_is_told_once() -> None:
    told = Told(0.0)
    assert told.sounds("C920", 1.0) == "sound: C920"
    assert told.sounds("C920", 2.0) is None
    assert told.silent("C920 gives no sound", 100.0) == "sound: C920 gives no sound; silence until it is back"
    assert [told.silent("C920 gives no sound", 100.0 + i) for i in range(5)] == [None] * 5
    assert told.silent("no microphone found", 110.0) == "sound: no microphone found; silence until it is back"
    assert (told.state, told.since, told.device, told.reason) == ("silence", 100.0, "C920", "no microphone found")
    assert told.sounds("C920", 120.0) == "sound: C920, after 20 s of silence"
    assert told.sounds("Other", 130.0) == "sound: Other"


def test_sound_that_comes_and_goes_is_told_every_ten_minutes() -> None:
    told = Told(0.0)
    lines = [line for i in range(300) for line in (told.sounds("C920", 5.0 * i), told.silent("gone", 5.0 * i + 4))]
    assert len([line for line in lines if line]) == 1 + 2 * 3
    assert 3 * REPEAT > 5.0 * 300


def test_after_a_steady_time_silence_is_new() -> None:
    told = Told(0.0)
    for begin in (0.0, 100.0, 200.0):
        told.sounds("C920", begin)
        assert told.silent("gone", begin + STEADY) is not None


def test_the_programs_that_record() -> None:
    pulse = record_command(Source("pulse", "mic", "Mic"), "unix:/run/x", 48_000, 2)
    assert pulse[0] == "parec" and {"unix:/run/x", "mic", "--rate=48000", "--channels=2"} < set(pulse)
    assert "--server" not in record_command(Source("pulse", "mic", "Mic"), "", 48_000, 1)
    alsa = record_command(Source("alsa", "plughw:CARD=x,DEV=0", "X"), "", 48_000, 1)
    assert alsa[0] == "arecord" and {"plughw:CARD=x,DEV=0", "48000", "S16_LE"} < set(alsa)


@pytest.mark.parametrize(
    ("line", "matters"),
    [
        ("Event 'new' on source #3", True),
        ("Event 'remove' on source #3", True),
        ("Event 'change' on server #-1", True),
        ("Event 'change' on source #3", False),
        ("Event 'new' on source-output #7", False),
        ("Event 'new' on sink #1", False),
        ("Event 'change' on client #7\nEvent 'remove' on source #1", True),
    ],
)
def test_which_changes_of_a_sound_server_matter(line: str, matters: bool) -> None:
    assert concerns(line) == matters
