"""What the motion job says of its last pass, for the page that shows what runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from config.errors import StorageError
from mediamtx.files import write_file
from mediamtx.layout import Layout
from mediamtx.names import from_iso, iso

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LastPass:
    """A pass; times are UTC."""

    began: datetime
    ended: datetime
    clips: int  # that it made
    errors: int
    until: Mapping[str, datetime] = field(default_factory=dict)  # how far each camera's footage is searched

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began).total_seconds()


def note_pass(layout: Layout, last: LastPass) -> None:
    """Note it, as far as that is possible: nothing depends on it."""
    values = {
        "began": iso(last.began),
        "ended": iso(last.ended),
        "clips": last.clips,
        "errors": last.errors,
        # To the microsecond, as the state has them: a pass writes this only where they have changed.
        "until": {camera: time.isoformat() for camera, time in last.until.items()},
    }
    try:
        write_file(layout.last_pass, json.dumps(values).encode())
    except StorageError as error:
        log.debug("%s", error)


def last_pass(layout: Layout) -> LastPass | None:
    """The last one; None where there was none, or its note is damaged."""
    try:
        values = json.loads(layout.last_pass.read_bytes())
        until = {str(camera): from_iso(time) for camera, time in values["until"].items()}
        return LastPass(
            from_iso(values["began"]), from_iso(values["ended"]), int(values["clips"]), int(values["errors"]), until
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
