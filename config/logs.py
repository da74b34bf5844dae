"""One line per log message, the same in every process; journald and the demo add time and process.

With the setting `log_file` the lines go to a file, too, each behind its time and its part:

    2026-11-20T18:03:04.120Z camera INFO camera.publisher: front: publishing

where further lines of a message are indented. All programs share the file; what makes it too long moves it to
`<name>.1`, which is overwritten.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from config.redaction import redact as redact

MOST = 4_000_000  # bytes of a log file; there may be two
LEVELS = ("debug", "info", "warning", "error")
_NAMES = {"CRITICAL": "error"} | {level.upper(): level for level in LEVELS}


@dataclass(frozen=True, slots=True)
class Line:
    """A message as it was logged."""

    time: datetime  # UTC
    part: str  # "recorder", "camera", "web", "motion" ...
    level: str  # one of LEVELS
    text: str  # without the level; of one line or more


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _Stamped(_Redacting):
    def __init__(self, part: str) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = super().format(record).replace("\n", "\n    ")
        return f"{time} {self._part} {text}"


class _File(WatchedFileHandler):
    """Appends, and follows the file when another program has moved it."""

    def emit(self, record: logging.LogRecord) -> None:
        path = Path(self.baseFilename)
        try:
            super().emit(record)
            if path.stat().st_size > MOST:
                path.replace(path.with_name(f"{path.name}.1"))
        except OSError:
            pass  # another program was quicker; or the disk is gone or full: nobody ends for the sake of a log

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk must not fill the other log with the story of each line."""


def setup_logging(level: str, file: str = "", part: str = "") -> None:
    """Log to stderr from `level` ("debug" ... "error") on, and to `file` as the lines of `part`.

    Passwords in addresses are redacted. A file that cannot be written is said, and done without.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setFormatter(_Redacting("%(levelname)s %(name)s: %(message)s"))
    problem = ""
    if file:
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(_File(file, encoding="utf-8", errors="backslashreplace"))
            handlers[1].setFormatter(_Stamped(part or "birbcam"))
        except OSError as error:
            problem = f"{file}: cannot be written ({error.strerror}); set log_file to another file"
    logging.basicConfig(level=level.upper(), handlers=handlers, force=True)
    if problem:
        logging.getLogger(__name__).warning("%s", problem)


def parse_message(text: str) -> tuple[str, str]:
    """Level and text of a message as every program of ours logs it; what begins with no level is information."""
    word, _, rest = text.partition(" ")
    return (_NAMES[word], rest) if word in _NAMES else ("info", text)


def parse_lines(lines: Iterator[str]) -> Iterator[Line]:
    """The messages in a log file; what comes before the first whole one is left out."""
    head: tuple[datetime, str] | None = None
    said: list[str] = []

    def finished() -> Iterator[Line]:
        if head is not None:
            yield Line(*head, *parse_message("\n".join(said)))

    for line in lines:
        stamp, _, rest = line.rstrip("\n").partition(" ")
        try:
            time = datetime.fromisoformat(stamp) if stamp.endswith("Z") else None
        except ValueError:
            time = None
        if time is None:
            said.append(line.strip("\n").removeprefix("    "))
            continue
        yield from finished()
        part, _, text = rest.partition(" ")
        head, said = (time, part), [text]
    yield from finished()
