"""The file of what web pages and the settings server saved: replaced as a whole, under a lock, validated before.

config.txt is never written. Who reads finds the old values or the new ones, wherever a writer was killed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from config.errors import ConfigError, OutdatedError, StorageError
from config.load import Loaded, load, parse_saved
from config.saved import Saved
from mediamtx.files import make_folder, sync_folder, write_file

LOCK_NAME = ".settings.lock"
LOCK_TIMEOUT = 10.0  # s


@dataclass(frozen=True, slots=True)
class Stored:
    """All that is known of the settings at one moment."""

    version: str  # of the saved values; changes with them
    saved: Saved
    now: Loaded  # what counts
    below: Loaded  # what would count if nothing were saved


def read_stored(environ: Mapping[str, str]) -> Stored:
    """The settings and where they come from. ConfigError where a file is wrong."""
    below = load(environ, saved_values={})
    data = _read(below.saved_file)
    saved = parse_saved(below.saved_file, data) if data else {}
    return Stored(_version(data), saved, load(environ, saved_values=saved), below)


def change_stored(
    environ: Mapping[str, str],
    edit: Callable[[Stored], Saved],
    version: str | None = None,
    undo: Callable[[], None] = lambda: None,
) -> Stored:
    """Save what `edit` makes of the values; as they are then.

    `version` is the one that the changes were made for, None for any: OutdatedError where there is another one now.
    ConfigError, with one line per mistake, where the new values are wrong; StorageError. Nothing is changed then.
    `undo` takes back what else `edit` did, where it or the saving fails; nobody else edits between.
    """
    path = load(environ, saved_values={}).saved_file
    with _locked(path):
        stored = read_stored(environ)
        if version is not None and version != stored.version:
            raise OutdatedError("somebody else changed the settings meanwhile; look at them again, then change yours")
        with ExitStack() as failed:
            failed.callback(undo)
            saved = edit(stored)
            now = load(environ, saved_values=saved)
            changed = Stored(_write(path, saved), saved, now, stored.below)
            failed.pop_all()
        return changed


def save_camera_values(path: Path, name: str, values: Mapping[str, object]) -> None:
    """Lay checked values of one camera over what was saved before; StorageError, and all stays, where that fails."""
    with _locked(path):
        data = _read(path)
        try:
            saved = parse_saved(path, data) if data else {}
            saved.setdefault("cameras", {}).setdefault(name, {}).update(values)
        except (ConfigError, AttributeError) as error:
            cure = "remove it to go back to the configuration file"
            raise StorageError(f"{path}: damaged ({error}); {cure}") from error
        _write(path, saved)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The lock of the file, held: one for all who write."""
    make_folder(path.parent)
    lock = FileLock(path.with_name(LOCK_NAME))
    try:
        lock.acquire(timeout=LOCK_TIMEOUT)
    except Timeout as error:
        raise StorageError(f"{path}: another program has been writing it for {LOCK_TIMEOUT:g} s; try again") from error
    except OSError as error:
        cure = "make room, or give BirbCam's user the right to write there"
        raise StorageError(f"{path}: cannot be written ({error.strerror}); {cure}") from error
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, saved: Saved) -> str:
    data = json.dumps(saved, indent=1, sort_keys=True).encode() + b"\n"
    write_file(path, data, 0o600)  # addresses of cameras stand in it, with their passwords
    sync_folder(path.parent)
    return _version(data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
