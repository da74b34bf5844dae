"""Trying a source out in a program of its own, which says what it found, or why nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from flask import abort

from webapp.threads import Threads

MOST = 2  # tests at a time
_running = [0]


def test_source(threads: Threads, source: str) -> dict[str, Any]:
    """What `camera.trial` says of a source, within its 30 s; 429 where too many are being tried."""
    if _running[0] >= MOST:
        abort(429, "Other sources are being tried at the moment; try again in a few seconds.")
    _running[0] += 1
    try:
        return threads.disk(_ask, source)
    finally:
        _running[0] -= 1


def _ask(source: str) -> dict[str, Any]:
    # The address stands in no command line of ours; one pipe is read without a selector, which gevent has replaced.
    with tempfile.TemporaryFile() as question:
        question.write(json.dumps({"source": source}).encode())
        question.seek(0)
        done = subprocess.run(
            [sys.executable, "-m", "camera.trial"],
            stdin=question,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    try:
        answer = json.loads(done.stdout.splitlines()[0])
        assert isinstance(answer, dict)
        return answer
    except (ValueError, IndexError):
        return {"ok": False, "reason": "the test itself failed", "cure": "the log of the web app says why"}
