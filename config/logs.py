"""One line per log message, the same in every process; journald and the demo add time and process."""

from __future__ import annotations

import logging
import sys

from config.redaction import redact as redact


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def setup_logging(level: str) -> None:
    """Log to stderr from `level` ("debug" ... "error") on; passwords in addresses are redacted."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
