"""`python -m launcher demo|doctor|install|...`: what the `birbcam` command runs besides the parts."""

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

    _add_installation(commands)
    arguments = parser.parse_args()
    if arguments.command in INSTALLATION:
        return _installation(arguments)
    if arguments.command == "demo":
        from launcher.demo import DemoOptions, run_demo

        return run_demo(
            DemoOptions(arguments.dir, arguments.host, arguments.port, arguments.camera, arguments.recorder)
        )
    from launcher.doctor import run_doctor

    use_config(arguments.config)
    return run_doctor()


INSTALLATION = ("install", "uninstall", "update", "status", "logs")


def _add_installation(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    install = commands.add_parser("install", help="install or upgrade BirbCam as services of this machine")
    which = install.add_mutually_exclusive_group()
    which.add_argument("--camera-only", action="store_true", help="only the camera; the recorder runs on --server")
    which.add_argument("--server-only", action="store_true", help="all but the camera, which runs on other machines")
    install.add_argument("--server", metavar="HOST", help="where the cameras publish to, with --camera-only")
    install.add_argument(
        "--password-file", default="", metavar="FILE", help="holds the server's publishing password; - is the input"
    )
    install.add_argument(
        "--memory", metavar="SIZE", help='keep recordings in that much memory ("512 MB"), clips on disk; "" ends it'
    )
    install.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    uninstall = commands.add_parser("uninstall", help="remove BirbCam, but not the recordings and clips")
    uninstall.add_argument("--recordings-too", action="store_true", help="delete recordings and clips as well")
    uninstall.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    commands.add_parser("update", help="fetch the newest version and install it")
    commands.add_parser("status", help="which services run")
    logs = commands.add_parser("logs", help="what the services say")
    logs.add_argument("part", nargs="?", default="", help="recorder, camera, web, motion or requests (default: all)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    logs.add_argument("-n", "--lines", type=int, default=100, help="how many (default: 100)")


def _installation(arguments: argparse.Namespace) -> int:
    from launcher import services

    match arguments.command:
        case "install":
            from launcher.install import parts_of, run_install
            from launcher.install_plan import Options

            parts = parts_of(arguments.camera_only, arguments.server_only)
            options = Options(parts, arguments.server, arguments.memory)
            return run_install(options, arguments.password_file, arguments.dry_run)
        case "uninstall":
            from launcher.install import run_uninstall

            return run_uninstall(arguments.recordings_too, arguments.dry_run)
        case "update":
            return services.run_update()
        case "logs":
            return services.run_logs(arguments.part, arguments.follow, arguments.lines)
        case _:
            return services.run_status()


if __name__ == "__main__":
    sys.exit(run_main(main))
