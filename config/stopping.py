"""Ending on a signal: the one way in which every command of ours is told to stop."""

from __future__ import annotations

import os
import signal
import threading


def stop_on_signal(*numbers: signal.Signals) -> threading.Event:
    """What SIGTERM and SIGINT, or these signals, set; for the main thread, once in a process.

    A thread sets it: a signal handler that does can deadlock with whom it interrupts while waiting for the event.
    """
    stop = threading.Event()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)  # the interpreter writes a byte there for each signal that has a handler
    for number in numbers or (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    def wait() -> None:
        os.read(reading, 1)
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    return stop
