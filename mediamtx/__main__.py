"""`python -m mediamtx`: run the recorder."""

from __future__ import annotations

import argparse
import sys

from config.errors import run_main
from config.follow import Follower
from config.load import load_settings, use_config
from config.logs import setup_logging


def main() -> int:
    """Read the command line and the settings, then record until SIGTERM or Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="birbcam recorder",
        description="Run the recorder: takes cameras in over RTSP, writes segments and serves live HLS.",
    )
    parser.add_argument("--config", metavar="FILE", help="configuration file (default: config.txt)")
    options = parser.parse_args()
    use_config(options.config)
    follower = Follower(load_settings)
    setup_logging(follower.settings.log_level, follower.settings.log_file, "recorder")

    from mediamtx.recorder import run_recorder

    return run_recorder(follower)


if __name__ == "__main__":
    sys.exit(run_main(main))
