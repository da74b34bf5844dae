"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from config.errors import StorageError

TEMPORARY = ".tmp-"
"""What the name of every file starts with that is not complete; its owner and its process follow."""

ANYONE = "file"
"""The owner of what `write_file` is writing."""


TEMPORARY_NAME = re.compile(rf"{re.escape(TEMPORARY)}(?P<owner>[a-z]+)-(?P<pid>\d+)-\d+-(?P<name>.+)")


def temporary_name(name: str, owner: str) -> str:
    """A name beside `name` for what this thread is writing: `.tmp-<owner>-<pid>-<thread>-<name>`."""
    return f"{TEMPORARY}{owner}-{os.getpid()}-{threading.get_native_id()}-{name}"


def write_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace `path` by a file with this content, on disk on return; its folder is for the caller to sync.

    `mode` are its rights, less the umask: 0o600 for what nobody else may read.

    Raises StorageError and leaves what was there before.
    """
    temporary = path.with_name(temporary_name(path.name, ANYONE))
    try:
        try:
            with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, "cannot be written", error) from error


def sweep_files(folder: Path) -> None:
    """Remove what processes that ended early were writing into a folder with `write_file`, as far as that is allowed.

    A number of a process may be used again: what is older than an hour goes as well.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            match = TEMPORARY_NAME.fullmatch(path.name)
            if match is None or match["owner"] != ANYONE:
                continue
            if not is_running(int(match["pid"])) or time.time() - path.stat().st_mtime > 3600:
                path.unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's
    return True


def make_folder(path: Path) -> None:
    """Make a folder and those above it, on disk on return. Raises StorageError."""
    if path.is_dir():
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(path, "cannot be made", error) from error
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable. Raises StorageError."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise storage_error(path, "cannot be written to", error) from error


def replace_file(path: Path, text: str, mode: int) -> None:
    """Write a whole text file with the rights `mode`, or none, and its folder where that is missing. StorageError."""
    make_folder(path.parent)
    write_file(path, text.encode(), mode)


def storage_error(path: Path, what: str, error: OSError) -> StorageError:
    """What to raise when the system refuses: says what is the matter with `path`, and the cure."""
    return StorageError(f"{path}: {what}: {error.strerror}; make room, or check that the folder is writable")
