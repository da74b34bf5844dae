"""`python -m launcher demo|doctor`: what the `birbcam` command runs besides the parts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.errors import run_main
from config.load import use_config


def main() -> int:
    """Parse the command line and run the command it names."""
    parser = argparse.ArgumentParser(prog="birbcam", description="Try BirbCam, or check an installation.")
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", help="recorder, drawn camera, web app and motion job in this terminal")
    demo.add_argument("--dir", type=Path, default=Path("demo"), help="folder for everything it makes (default: demo)")
    demo.add_argument("--host", default="127.0.0.1", help="address of the web page (default: 127.0.0.1)")
    demo.add_argument("--port", type=int, help="port of the web page (default: 8080, or the next free one)")
    demo.add_argument("--camera", default="garden", metavar="NAME", help="name of the camera (default: garden)")
    demo.add_argument("--recorder", default="auto", choices=("auto", "mediamtx", "embedded"), help="(default: auto)")

    doctor = commands.add_parser("doctor", help="check programs, settings, folders, space and ports")
    doctor.add_argument("--config", type=Path, metavar="FILE", help="configuration file (default: config.txt)")

    arguments = parser.parse_args()
    if arguments.command == "demo":
        from launcher.demo import DemoOptions, run_demo

        return run_demo(
            DemoOptions(arguments.dir, arguments.host, arguments.port, arguments.camera, arguments.recorder)
        )
    from launcher.doctor import run_doctor

    use_config(arguments.config)
    return run_doctor()


if __name__ == "__main__":
    sys.exit(run_main(main))
