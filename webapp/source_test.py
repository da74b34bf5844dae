"""Trying a source out in a program of its own, which says what it found, or why nothing."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any

from config.redaction import redact
from webapp.programs import run, turn
from webapp.threads import Threads

MOST = 2  # tests at a time
LONGEST = 40.0  # s; `camera.trial` ends itself after 30, unless the kernel holds it

log = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(MOST)


def test_source(threads: Threads, source: str) -> dict[str, Any]:
    """What `camera.trial` says of a source; 429 where too many are being tried."""
    with turn(_places, "Other sources are being tried at the moment; try again in a few seconds."):
        return threads.disk(_ask, source)


def _ask(source: str) -> dict[str, Any]:
    # The address stands in no command line of ours.
    done = run([sys.executable, "-m", "camera.trial"], LONGEST, json.dumps({"source": source}).encode())
    why = redact(done.errors[-2000:]).strip() or "it said nothing"
    if done.code is None:
        log.error("the test of a source did not end within %g s: %s", LONGEST, why)
        return {"ok": False, "reason": f"the test did not end within {LONGEST:g} s", "cure": "a device may hang"}
    try:
        answer = json.loads(done.output.splitlines()[0])
    except (ValueError, IndexError):
        answer = None
    if isinstance(answer, dict):
        return answer
    log.error("the test of a source failed (exit code %d): %s", done.code, why)
    return {"ok": False, "reason": "the test itself failed", "cure": "the log of the web app says why"}
