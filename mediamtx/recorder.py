"""Choosing the recorder and running it: one at a time, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from filelock import AcquireReturnProxy, FileLock, Timeout

from config.errors import RecorderError, StorageError
from config.follow import Follower
from config.settings import Settings
from config.stopping import stop_on_signal
from mediamtx.addresses import remove_recorder_info
from mediamtx.download import download_mediamtx
from mediamtx.files import make_folder
from mediamtx.find import find_mediamtx, mediamtx_version
from mediamtx.layout import Layout
from mediamtx.process import run_mediamtx

log = logging.getLogger(__name__)


def run_recorder(follower: Follower) -> int:
    """Record until SIGTERM or SIGINT; the exit code. For the main thread.

    MediaMTX takes any camera; the embedded recorder follows the settings files for cameras that come or go.

    Raises RecorderError where another recorder holds the lock or the wanted one cannot run, StorageError where a
    folder cannot be made or written.
    """
    stop = stop_on_signal()
    settings = follower.settings
    layout = Layout.of(settings)
    for folder in (layout.state_dir, layout.recordings):
        make_folder(folder)
    with _lock(layout):
        remove_recorder_info(settings)  # of one that was killed
        binary = choose_mediamtx(settings, stop)
        if stop.is_set():
            return 0
        if binary is not None:
            run_mediamtx(settings, binary, stop)
        else:
            from mediamtx.embedded import run_embedded

            run_embedded(settings, stop, follower)
    return 0


def choose_mediamtx(settings: Settings, stop: threading.Event) -> Path | None:
    """The MediaMTX to run, downloaded where it is missing; None: the embedded recorder.

    Raises RecorderError where the settings want MediaMTX and it cannot be had; with "auto" one line says so instead.
    """
    if settings.recorder == "embedded":
        return None
    try:
        binary = find_mediamtx(settings) or download_mediamtx(Layout.of(settings), stop)
        mediamtx_version(binary)
    except RecorderError as error:
        if stop.is_set():
            return None
        if settings.recorder == "mediamtx":
            raise
        log.warning("using the embedded recorder (no WebRTC, this machine only): %s", error)
        return None
    return binary


def _lock(layout: Layout) -> AcquireReturnProxy[FileLock]:
    """The lock that one recorder holds; RecorderError where another does."""
    path = layout.lock("recorder")
    try:
        return FileLock(path).acquire(blocking=False)
    except Timeout:
        raise RecorderError(
            f"a recorder is already running (it holds {path}); use it, or end it first: "
            "Ctrl-C where it runs, or sudo systemctl stop birbcam-recorder"
        ) from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror}); run this as BirbCam's own user") from error
