"""`birbcam status`, `logs` and `update`, on an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from config.errors import ConfigError, InstallError
from config.load import load_settings
from launcher.installed import INSTALLED, RECORD, Record, config_file, enabled_units
from mediamtx.layout import Layout

WHICH = {name: f"birbcam-{name}.service" for name in ("recorder", "camera", "web", "motion", "requests")}


def run_status() -> int:
    """One line for each service, and the set-up code where it still waits; 0 when all of them run."""
    record = installed_record()
    running = True
    for unit in enabled_units(record.parts):
        state, since, reason = unit_state(unit)
        running &= state == "active"
        text = f"since {since}" if state == "active" and since else reason
        print(f"{unit.removeprefix('birbcam-'):20} {state:12} {text}".rstrip())
    if record.server:
        print(f"The cameras publish to {record.server}.")
    _print_code()
    if not running:
        print("\nWhy: birbcam logs, and birbcam doctor")
    return 0 if running else 1


def unit_state(unit: str) -> tuple[str, str, str]:
    """`active`, since when, and why not, as systemd says."""
    names = "ActiveState,ActiveEnterTimestamp,Result"
    command = ["systemctl", "show", "--property", names, unit]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return "unknown", "", "systemd does not answer"
    values = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    return values.get("ActiveState", "unknown"), values.get("ActiveEnterTimestamp", ""), values.get("Result", "")


def run_logs(which: str, follow: bool, lines: int) -> int:
    """What the services say, by journalctl, which this becomes."""
    if which and which not in WHICH:
        raise ConfigError(f"there is no part {which!r}; known: {', '.join(WHICH)}")
    units = [WHICH[which]] if which else list(WHICH.values())
    command = ["journalctl", "--output=short", "--lines", str(lines), *(f"--unit={unit}" for unit in units)]
    command.append("--follow" if follow else "--no-pager")
    sys.stdout.flush()
    os.execvp(command[0], command)


def run_update() -> int:
    """Fetch the newest version into the checkout that BirbCam was installed from, and install it; the exit code."""
    record = installed_record()
    source = Path(record.source)
    if os.geteuid() != 0:
        raise InstallError("only root may do this; type: sudo birbcam update")
    if not (source / "birbcam").is_file():
        raise InstallError(
            f"{source}, where BirbCam was installed from, is gone; clone it anew, then: sudo ./birbcam install"
        )
    if (source / ".git").exists():
        owner = source.stat().st_uid
        # As its owner: git trusts no other, and what it fetches must stay theirs.
        as_owner = ["setpriv", f"--reuid={owner}", f"--regid={source.stat().st_gid}", "--clear-groups"] if owner else []
        environment = os.environ | ({"HOME": _home(owner)} if owner else {})
        pulled = subprocess.run(
            [*as_owner, "git", "-C", str(source), "pull", "--ff-only"], env=environment, check=False
        )
        if pulled.returncode != 0:
            raise InstallError(f"git could not update {source}; mend that, then type: sudo birbcam update")
    else:
        print(f"birbcam: {source} is no clone; installing what is there")
    return subprocess.run([str(source / "birbcam"), "install"], check=False).returncode


def installed_record() -> Record:
    """What is installed; InstallError where nothing is."""
    record = Record.read(RECORD)
    if record is None:
        raise InstallError(f"BirbCam is not installed ({INSTALLED}); type: sudo ./birbcam install")
    return record


def _print_code() -> None:
    try:
        layout = Layout.of(load_settings({"BIRBCAM_CONFIG": str(config_file())}))
        if not layout.has_password() and layout.setup_code.exists():
            print(f"No password is set yet; the set-up code for the page: {layout.setup_code.read_text().strip()}")
    except (ConfigError, PermissionError):
        print("As root, `birbcam status` also tells whether the page has a password.")


def _home(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return "/"
