"""Following the settings files: what changes in them counts without a restart, and wrong ones change nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from config.errors import ConfigError
from config.load import SAVED_NAME, find_config
from config.redaction import redact
from config.settings import Settings

log = logging.getLogger(__name__)

Contents = tuple[bytes | None, ...]


class Follower:
    """The settings of a program that runs on; used by one thread at a time."""

    def __init__(
        self, load: Callable[[], Settings], settings: Settings | None = None, environ: Mapping[str, str] = os.environ
    ) -> None:
        """`load` reads the files; its ConfigError here, at the start, is the caller's.

        `settings` is what it read a while before; the first look then reads anew.
        """
        self._load, self._environ = load, environ
        self.settings = load() if settings is None else settings
        self._seen = self._contents() if settings is None else None

    def look(self) -> bool:
        """Take over changed settings, and tell whether they changed; wrong ones are said once, the old ones stay."""
        contents = self._contents()
        if contents == self._seen:
            return False
        self._seen = contents
        try:
            settings = self._load()
        except ConfigError as error:
            log.error("the changed settings are wrong, the old ones stay: %s", redact("; ".join(error.problems)))
            return False
        changed, self.settings = settings != self.settings, settings
        return changed

    def _contents(self) -> Contents:
        """The settings files as they are, which tells a change better than their times do."""
        try:
            config = find_config(self._environ)
        except ConfigError:
            config = None
        return tuple(_content(path) for path in (config, self.settings.state_dir / SAVED_NAME))


def _content(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path is not None else None
    except OSError:
        return None  # the loader says what is wrong with it
