"""One line of what the doctor says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: right, or wrong with its cure; `grave` ones make the exit code 1."""

    ok: bool
    text: str
    cure: str = ""
    grave: bool = True

    def __str__(self) -> str:
        mark = "ok   " if self.ok else "WRONG" if self.grave else "note "
        return f"{mark} {self.text}" + (f"; {self.cure}" if self.cure else "")
