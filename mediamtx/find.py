"""Finding a MediaMTX program that we can run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.layout import Layout

PINNED_VERSION = (1, 20, 1)
"""The release that is downloaded, and that everything is developed against."""

OLDEST_VERSION = (1, 15, 0)

Version = tuple[int, int, int]
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)", re.ASCII)


def downloaded_binary(layout: Layout) -> Path:
    """Where the downloaded program lies once it is there; a newer release gets a file of its own."""
    return layout.tools_dir / f"mediamtx-{version_text(PINNED_VERSION)}"


def find_mediamtx(settings: Settings, environ: Mapping[str, str] | None = None) -> Path | None:
    """The program: BIRBCAM_MEDIAMTX, the setting mediamtx.binary, our tools folder, PATH; None where there is none.

    Raises RecorderError where the variable or the setting names something that cannot be run.
    """
    environ = os.environ if environ is None else environ
    named = {"BIRBCAM_MEDIAMTX": environ.get("BIRBCAM_MEDIAMTX"), "mediamtx.binary": settings.mediamtx.binary}
    for origin, value in named.items():
        if value:
            path = Path(value).expanduser().absolute()
            if not _runnable(path):
                raise RecorderError(f"{path}: not a program; {origin} must name the mediamtx program, or be empty")
            return path
    downloaded = downloaded_binary(Layout.of(settings))
    if _runnable(downloaded):
        return downloaded
    on_path = shutil.which("mediamtx", path=environ.get("PATH"))
    return Path(on_path).absolute() if on_path else None


def mediamtx_version(binary: Path) -> Version:
    """The version that the program says it is; RecorderError where it does not run or is older than 1.15."""
    try:
        done = subprocess.run(
            [binary, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RecorderError(f"{binary}: does not run ({error}); {_cure()}") from error
    match = _VERSION.match(done.stdout.strip())
    if done.returncode != 0 or match is None:
        raise RecorderError(
            f"{binary}: does not say its version, so it is no MediaMTX of this machine's kind; {_cure()}"
        )
    version = (int(match[1]), int(match[2]), int(match[3]))
    if version < OLDEST_VERSION:
        raise RecorderError(
            f"{binary}: MediaMTX {version_text(version)} is too old, {version_text(OLDEST_VERSION)} is the oldest "
            f"supported; {_cure()}"
        )
    return version


def version_text(version: Version) -> str:
    """`1.20.1`."""
    return ".".join(map(str, version))


def _runnable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _cure() -> str:
    return f"install MediaMTX {version_text(PINNED_VERSION)} from https://github.com/bluenviron/mediamtx/releases"
