"""`python -m camera [NAME]`: publish one camera, or supervise all configured ones."""

from __future__ import annotations

import argparse
import dataclasses
import sys

from camera import child
from camera.supervisor import Supervisor
from config.errors import run_main
from config.load import load_settings, use_config
from config.logs import setup_logging
from config.settings import Settings
from config.stopping import stop_on_signal


def main() -> int:
    """Publish until SIGTERM or Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="birbcam camera",
        description="Publish the cameras to the recorder, healing what breaks, and follow changes of the settings.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="publish this camera alone (default: all enabled ones)")
    parser.add_argument("--config", metavar="FILE", help="configuration file (default: config.txt)")
    arguments = parser.parse_args()
    use_config(arguments.config)
    child.require("ffmpeg", "ffmpeg")
    stop = stop_on_signal()
    supervisor = Supervisor(lambda: _settings(arguments.name))
    setup_logging(supervisor.settings.log_level, supervisor.settings.log_file, "camera")
    supervisor.run(stop.wait)
    return 0


def _settings(name: str | None) -> Settings:
    """The settings; whoever names a camera wants it published, also where it is switched off."""
    settings = load_settings(only_camera=name)
    if name is None:
        return settings
    named = dataclasses.replace(settings.cameras[name], enabled=True)
    return dataclasses.replace(settings, cameras=settings.cameras | {name: named})


if __name__ == "__main__":
    sys.exit(run_main(main))
