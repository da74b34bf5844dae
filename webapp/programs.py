"""Other programs that are asked what they know, within a few seconds, while the other requests go on."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

MOST = 16 * 1024 * 1024  # bytes of an answer


def output_of(command: Sequence[str], seconds: int = 5) -> str | None:
    """What a program prints; None where it is not there, fails, or takes longer. For a thread.

    `timeout` ends it, and not Python: that waits with selectors, which gevent has replaced for its own thread.
    """
    try:
        with subprocess.Popen(
            ["timeout", str(seconds), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            data = process.stdout.read(MOST)
    except OSError:
        return None
    return data.decode(errors="replace") if process.returncode == 0 else None
