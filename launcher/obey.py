"""`python -m launcher.obey FOLDER`: what the root unit runs when a request file has appeared.

Whoever can write the folder (the web app, should it be taken over) is not trusted: names are matched exactly, no file
is opened, and what a request does is fixed in `config.requests`.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path

from config.logs import setup_logging
from config.requests import REQUESTS

log = logging.getLogger(__name__)


def take_requests(folder: Path) -> list[str]:
    """The requests that lie in the folder, in the order of `REQUESTS`; they are removed, so that each counts once."""
    found = []
    for name in REQUESTS:
        path = folder / name
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except IsADirectoryError:
            shutil.rmtree(path)  # no request, but it would start us again and again
            continue
        found.append(name)
    return found


def obey(folder: Path) -> int:
    """Do what is asked for; 0 where systemd took on all of it."""
    status = 0
    for name in take_requests(folder):
        log.info("asked to: %s", name)
        # Without waiting: a restart may take its time, and a reboot ends us.
        done = subprocess.run(["systemctl", "--no-block", *REQUESTS[name]], check=False)
        status = status or done.returncode
    return status


if __name__ == "__main__":
    setup_logging("info")
    sys.exit(obey(Path(sys.argv[1])))
