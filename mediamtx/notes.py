"""Small files that only spare work: a few numbers by name. Lost, damaged or not to be written, they do no harm."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from config.errors import StorageError
from mediamtx.files import write_file

log = logging.getLogger(__name__)
Notes = dict[str, list[int]]


def read_notes(path: Path) -> Notes:
    """What was noted; of a damaged file what is whole of it, and nothing where there is none."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in values.items() if _is_note(value)} if isinstance(values, dict) else {}


def write_notes(path: Path, notes: Mapping[str, list[int]]) -> None:
    """Note these, as far as that is possible."""
    try:
        write_file(path, json.dumps(notes).encode())
    except StorageError as error:
        log.debug("%s", error)


def _is_note(value: object) -> bool:
    return isinstance(value, list) and all(type(number) is int for number in value)
