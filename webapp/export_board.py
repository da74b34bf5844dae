"""The exports that were asked for since the web app started: one is made at a time, the others wait."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from config.errors import BirbCamError
from mediamtx.clips import Clip
from mediamtx.exporting import CancelledError, ExportPlan

State = Literal["waiting", "running", "done", "failed", "cancelled"]
OVER: tuple[State, ...] = ("done", "failed", "cancelled")
MOST_WAITING = 5
MOST_KNOWN = 50

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Export:
    """One export; a native thread writes `state`, `progress` and what came of it."""

    camera: str
    plan: ExportPlan
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    progress: float = 0.0  # 0 to 1
    clips: list[Clip] = field(default_factory=list)
    problem: str = ""
    stop: bool = False

    def run(self, make: Callable[[Callable[[float], None]], list[Clip]]) -> None:
        """Make it, in whatever thread this is."""
        try:
            self._watch(0)
            self.state = "running"
            self.clips = make(self._watch)
            self.progress, self.state = 1.0, "done"
        except CancelledError:
            self.state = "cancelled"
        except BirbCamError as error:
            log.warning("export of %s: %s", self.camera, error)
            self.problem, self.state = str(error), "failed"
        finally:
            if self.state not in OVER:  # else it would run for ever, and those that wait are counted
                self.problem, self.state = "The export broke off; the log says why.", "failed"

    def _watch(self, seconds: float) -> None:
        if self.stop:
            raise CancelledError("the export was cancelled")
        self.progress = max(self.progress, min(0.99, seconds / max(0.1, self.plan.span.duration)))


class ExportBoard:
    """Them all, oldest first, by id."""

    def __init__(self) -> None:
        self._exports: dict[str, Export] = {}

    def add(self, export: Export) -> bool:
        """Remember it; False, and it is not, where too many wait already."""
        if sum(other.state not in OVER for other in self._exports.values()) >= MOST_WAITING:
            return False
        self._exports[export.id] = export
        for old in [known for known in self._exports.values() if known.state in OVER][:-MOST_KNOWN]:
            del self._exports[old.id]
        return True

    def get(self, key: str) -> Export | None:
        """The export with this id; None where nobody knows it."""
        return self._exports.get(key)

    def remove(self, export: Export) -> None:
        """Stop it where it still runs, and forget it; what is finished stays among the clips."""
        export.stop = True
        self._exports.pop(export.id, None)
