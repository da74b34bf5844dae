"""Asking the system for what this user may not do: an empty file that a root path unit sees, where one is installed."""

from __future__ import annotations

from config.errors import StorageError
from config.requests import REQUESTS
from mediamtx.files import storage_error
from mediamtx.layout import Layout


def can_ask(layout: Layout) -> bool:
    """Whether somebody obeys: an installation makes the folder."""
    return layout.requests_dir.is_dir()


def waiting(layout: Layout) -> list[str]:
    """What was asked for, and is not yet taken on."""
    return [name for name in REQUESTS if (layout.requests_dir / name).exists()]


def ask(layout: Layout, name: str) -> None:
    """Ask for one of `REQUESTS`. StorageError where nobody would see it."""
    assert name in REQUESTS
    path = layout.requests_dir / name
    if not can_ask(layout):
        raise StorageError(f"{layout.requests_dir}: there is no such folder, so nobody would obey; do it by hand")
    try:
        path.touch()
    except OSError as error:
        raise storage_error(path, "cannot be written", error) from error
