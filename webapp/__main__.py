"""`python -m webapp`: the web app, or its password."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from config.errors import WebError, run_main
from config.load import load_settings, use_config
from config.logs import setup_logging
from config.settings import Settings


def main() -> int:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="birbcam web", description="Run the web app, or set its password.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file (default: config.txt)")
    parser.add_argument(
        "--set-password",
        action="store_true",
        help="ask for a new password and end; without a terminal, the first line of the input is the password",
    )
    parser.add_argument("--user", metavar="NAME", help="whose password it is (default: the admin's)")
    arguments = parser.parse_args()
    use_config(arguments.config)
    settings = load_settings()
    setup_logging(settings.log_level, settings.log_file, "web")
    if arguments.set_password:
        return set_password(settings, arguments.user)
    from webapp.server import run_server

    return run_server(settings)


def set_password(settings: Settings, user: str | None) -> int:
    """Ask for a password twice, or read it from the input, and store it. Raises WebError, AccountError."""
    from mediamtx.layout import Layout
    from webapp.passwords import password_problem
    from webapp.users import UserFile

    if sys.stdin.isatty():
        try:
            password = getpass.getpass("New password for the web app: ")
            again = getpass.getpass("The same again: ")
        except EOFError:
            raise WebError("No password was given. Nothing was changed; try again.") from None
    else:
        password = again = sys.stdin.readline().rstrip("\r\n")
    problem = password_problem(password, user or "")
    if problem is None and password != again:
        problem = "The two passwords are not the same."
    if problem is not None:
        raise WebError(f"{problem} Nothing was changed; try again.")
    changed = UserFile(Layout.of(settings)).set_password(password, user)
    print(f"The password of {changed.name} is set; whoever was logged in with the old one has to log in again.")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
