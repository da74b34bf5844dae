"""`python -m camera [NAME]`: publish one camera, or supervise all configured ones."""

from __future__ import annotations

import argparse
import dataclasses
import os
import select
import signal
import socket
import sys

from camera import child
from camera.supervisor import Supervisor
from config.errors import run_main
from config.load import load_settings
from config.logs import setup_logging
from config.settings import Settings


def main() -> int:
    """Publish until SIGTERM or Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="birbcam camera",
        description="Publish the cameras to the recorder, healing what breaks, and follow changes of the settings.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="publish this camera alone (default: all enabled ones)")
    parser.add_argument("--config", metavar="FILE", help="configuration file (default: config.txt)")
    arguments = parser.parse_args()
    if arguments.config:
        os.environ["BIRBCAM_CONFIG"] = arguments.config
    child.require("ffmpeg", "ffmpeg")
    signals = StopSignals()
    supervisor = Supervisor(lambda: _settings(arguments.name))
    setup_logging(supervisor.settings.log_level)
    supervisor.run(signals.wait)
    return 0


def _settings(name: str | None) -> Settings:
    """The settings; whoever names a camera wants it published, also where it is switched off."""
    settings = load_settings(only_camera=name)
    if name is None:
        return settings
    named = dataclasses.replace(settings.cameras[name], enabled=True)
    return dataclasses.replace(settings, cameras=settings.cameras | {name: named})


class StopSignals:
    """SIGTERM and SIGINT as something to wait for; a handler that sets an Event can deadlock with who waits for it."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self, timeout: float) -> bool:
        """Whether a signal came; waits up to `timeout` seconds for it."""
        return bool(select.select([self._reader], [], [], timeout)[0])


if __name__ == "__main__":
    sys.exit(run_main(main))
