"""How far a pass is, for people at a terminal and for the log."""

from __future__ import annotations

import io
import logging
import os
import select
import sys

import pytest

from motion.progress import LINE_EVERY, PATIENCE, Bars, Progress, say


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_backlog_is_told_in_the_log_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    progress = Progress(clock)
    with caplog.at_level(logging.INFO, "motion"):
        progress.expect("front", 24 * 3600)
        for _ in range(30):
            clock.now += LINE_EVERY / 20
            progress.scanned("front", 600)
        progress.found("front")
    (record,) = caplog.records
    assert record.getMessage() == "front: 3.3 of 24.0 h scanned, 200x real time, 0 clips"


def test_a_short_pass_is_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    progress = Progress(clock)
    with caplog.at_level(logging.INFO, "motion"):
        for _ in range(5):  # passes of a day
            progress.expect("front", 60)
            clock.now += 1
            progress.scanned("front", 60)
            progress.close()
            clock.now += LINE_EVERY
    assert caplog.records == []


def test_a_bar_is_drawn_once_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "100")
    clock, wall = Clock(), Clock()
    bars = Bars(clock)
    with monkeypatch.context() as patch:
        patch.setattr("tqdm.std.time", wall)
        bars.expect("front", 7200)
        bars.scanned("front", 60)
        assert terminal.getvalue() == ""
        for _ in range(5):
            clock.now += PATIENCE
            wall.now += PATIENCE
            bars.scanned("front", 600)
        bars.found("front")
        bars.close()
    shown = terminal.getvalue()
    assert "\rfront: 0.3 of 2.0 h scanned, 210x real time, 0 clips |#" in shown
    assert "0.8 of 2.0 h scanned, 204x real time, 1 clip |####" in shown and "42 %, 00:20 left" in shown


def test_a_terminal_that_does_not_tell_its_size_has_bars_too(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.openpty()
    monkeypatch.setattr("motion.progress.PATIENCE", 0.0)
    with os.fdopen(writing, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        bars = Bars()
        bars.expect("front", 7200)
        bars.scanned("front", 3600)
        bars.close()
        shown = ""
        while "50 %" not in shown:  # a terminal hands on what is written in pieces
            assert select.select([reading], [], [], 10)[0], shown
            shown += os.read(reading, 4096).decode()
    os.close(reading)
    assert "front: 1.0 of 2.0 h scanned" in shown


def test_lines_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    say("a line")
    assert capsys.readouterr() == ("a line\n", "")
