"""What the programs said: from journald where they are services and we may read it, else from the file `log_file`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from config.logs import LEVELS, MOST, Line, parse_lines, parse_message
from config.redaction import redact
from config.settings import Settings
from webapp.programs import output_of

PARTS = ("recorder", "camera", "web", "motion", "requests")
SHOWN = 500  # messages in an answer
LOOKED_AT = 5000  # messages of the journal, where not all of them are wanted
LONGEST = 4000  # characters of one that are shown

Source = Literal["journal", "file"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages."""

    level: str = "info"  # this one and what is graver
    part: str = ""  # "" for all
    text: str = ""  # in them, whatever the case

    def takes(self, line: Line) -> bool:
        """Whether it is one of them."""
        return (
            LEVELS.index(line.level) >= LEVELS.index(self.level)
            and self.part in ("", line.part)
            and self.text.casefold() in line.text.casefold()
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """The newest messages, oldest first; without a source, `why` there are none."""

    source: Source | None
    lines: list[Line]
    why: str = ""


def log_lines(settings: Settings, wanted: Wanted) -> Lines:
    """At most `SHOWN` messages. For a thread: the journal is asked by a program."""
    if settings.log_file:
        return Lines("file", _newest(_file_lines(Path(settings.log_file)), wanted))
    lines = SHOWN if wanted == Wanted(part=wanted.part) else LOOKED_AT
    journal = output_of([*_journalctl(wanted.part), "--lines", str(lines)])
    if journal:
        return Lines("journal", _newest(journal_lines(journal.splitlines()), wanted))
    return Lines(None, [], _why_none(journal is not None))


def journal_lines(entries: Iterable[str]) -> Iterator[Line]:
    """What `journalctl --output=json` prints, oldest first; what is no entry of a service of ours is left out."""
    for entry in entries:
        try:
            values = json.loads(entry)
            unit, message = values.get("_SYSTEMD_UNIT") or values["UNIT"], values["MESSAGE"]
            time = datetime.fromtimestamp(int(values["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
            if isinstance(message, list):  # bytes that are no text
                message = bytes(message).decode(errors="replace")
        except (ValueError, KeyError, TypeError, OverflowError):
            continue
        level, text = parse_message(str(message))
        if str(values.get("PRIORITY", "6")) <= "3":
            level = "error"
        yield Line(time, str(unit).removeprefix("birbcam-").partition(".")[0], level, text)


def _newest(lines: Iterable[Line], wanted: Wanted) -> list[Line]:
    found = [line for line in lines if wanted.takes(line)][-SHOWN:]
    # Redacted as a whole first: of an address cut in two, nobody can tell what its password is.
    return [Line(line.time, line.part, line.level, redact(line.text)[:LONGEST]) for line in found]


def _file_lines(path: Path) -> Iterator[Line]:
    for one in (path.with_name(f"{path.name}.1"), path):
        try:
            with one.open(encoding="utf-8", errors="replace") as file:
                yield from parse_lines(islice(file, MOST))
        except OSError:
            continue  # not yet written, or just being moved


def _journalctl(part: str) -> list[str]:
    units = [f"birbcam-{one}.service" for one in ([part] if part in PARTS else PARTS)]
    fields = "--output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT"
    return ["journalctl", "--output=json", fields, "--no-pager", "--quiet", *(f"--unit={unit}" for unit in units)]


def _why_none(asked: bool) -> str:
    if not asked or not Path("/run/systemd/journal").is_dir():
        return "This machine has no journal. With log_file in config.txt there is a log file, which is shown here."
    if os.geteuid() == 0:
        return "The journal holds nothing of BirbCam's services: it does not run as services here. Set log_file."
    return (
        "The journal shows nothing of BirbCam's services to the user that the web app runs as. Installed, it is in the "
        "group systemd-journal: type sudo ./birbcam install again. Started by hand, set log_file in config.txt."
    )
