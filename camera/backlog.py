"""Whether the other end of a program's TCP connections takes anything, as the kernel tells it.

A recorder that is frozen, or a network that is gone, is not noticed by who writes: megabytes fit into the kernel's
buffers, half a minute of footage. And when the network comes back, the kernel may wait as long as it was away before
it tries again. So we look for connections whose data is not accepted or not acknowledged.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

STUCK = 3.0  # s of one try after the other without an answer
_PAUSE = 1.0  # s between two looks; one takes 0.1 ms on a Pi, and some on a server with thousands of connections
_PROC = Path("/proc")
_RETRANSMITTING, _WINDOW_SHUT = "01", "04"  # timers of proc(5), net/tcp


def stuck_sockets(table: str, inodes: Collection[str]) -> bool | None:
    """Whether the other end of one of these connections in `/proc/net/tcp` takes nothing; None where it has none."""
    ours = [fields for line in table.splitlines()[1:] if (fields := line.split())[9] in inodes]
    for fields in ours:
        waiting = int(fields[4].partition(":")[0], 16)  # bytes
        timer, tries = fields[5].partition(":")[0], int(fields[6], 16)
        if waiting and (timer == _WINDOW_SHUT or (timer == _RETRANSMITTING and tries > 0)):
            return True
    return False if ours else None


@dataclass(slots=True)
class Backlog:
    """Watches the connections of a process."""

    pid: int
    _since: float | None = field(default=None, init=False)
    _looked: float = field(default=0.0, init=False)

    def stuck(self, now: float) -> str | None:
        """What is wrong where nothing has been taken for STUCK s; to be asked a few times a second."""
        if now - self._looked < _PAUSE:
            return None
        self._looked = now
        if not _stuck_here(self._inodes()):
            self._since = None
            return None
        self._since = now if self._since is None else self._since
        return f"the recorder has taken nothing for {STUCK:g} s" if now - self._since >= STUCK else None

    def _inodes(self) -> set[str]:
        inodes = set()
        try:
            with os.scandir(_PROC / str(self.pid) / "fd") as entries:
                for entry in entries:
                    target = os.readlink(entry.path)  # noqa: PTH115 - Path keeps each name that it ever saw in a table
                    if target.startswith("socket:["):
                        inodes.add(target[8:-1])
        except OSError:
            pass  # it has ended, or the descriptor has
        return inodes


def _stuck_here(inodes: Collection[str]) -> bool:
    for name in ("tcp", "tcp6"):
        try:
            stuck = stuck_sockets((_PROC / "self/net" / name).read_text(), inodes)
        except OSError:
            continue  # a kernel without IPv6
        if stuck:
            return True
    return False
