"""`birbcam install` and `uninstall`: find out, plan, do."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from config.errors import ConfigError, InstallError
from config.load import load_settings
from config.redaction import redact
from config.settings import Settings
from config.setup_code import new_code
from launcher.install_do import Installer, run
from launcher.install_facts import Facts, look
from launcher.install_plan import Fresh, Options, check_parts, first_steps, plan
from launcher.install_steps import Step
from launcher.install_units import STOPPED, removal
from launcher.installed import HOME, INSTALLED, Parts, Record, config_file
from mediamtx.layout import Layout

CHECKOUT = Path(__file__).resolve().parent.parent
PASSWORD_CURE = "on the server it is shown by: sudo cat /var/lib/birbcam/state/publish_password"


def run_install(options: Options, password_file: str, dry_run: bool) -> int:
    """Install or upgrade, and say how to go on; 0. Raises BirbCamError with the cure."""
    _check_system(dry_run)
    os.umask(0o022)
    facts = look(CHECKOUT)
    settings = _settings()
    record = options.over(facts.record, CHECKOUT, settings.mediamtx.host)
    configured = config_file().is_file()
    if configured:
        check_parts(facts.record, record, settings)
    fresh = _fresh(facts.record, record, settings, password_file, dry_run)
    do_all(first_steps(facts, record), dry_run)
    if not dry_run:
        facts = look(CHECKOUT)
    check_hidden(facts.record, record, Layout.of(settings).recordings)
    default = (CHECKOUT / "config_default.txt").read_text(encoding="utf-8")
    units = {path.name: path.read_text(encoding="utf-8") for path in (CHECKOUT / "systemd").iterdir()}
    steps = plan(facts, record, settings, fresh, default, units, configured)
    with running_again(facts.units, dry_run):
        do_all(steps, dry_run)
    if not dry_run:
        print("\n" + "\n".join(farewell(facts, record, _settings())))
    return 0


def check_hidden(before: Record | None, record: Record, recordings: Path) -> None:
    """ConfigError where recordings are on disk that those in memory would hide, and nobody would ever delete."""
    mounts = record.memory and not (before and before.memory) and not recordings.is_mount()
    if mounts and any(path.is_file() for path in recordings.rglob("*")):
        raise ConfigError(
            f"{recordings} holds recordings, which --memory would hide; keep them elsewhere: sudo systemctl stop "
            f"birbcam-recorder; sudo mv {recordings} {recordings}-on-disk; then try again"
        )


@contextlib.contextmanager
def running_again(units: Collection[str], dry_run: bool) -> Iterator[None]:
    """Start again what an installation stops meanwhile, where it fails or is broken off: clips shall go on."""
    done = False
    try:
        yield
        done = True
    finally:
        stopped = [name for name in STOPPED if name in units]
        if stopped and not done and not dry_run:
            print(f"birbcam: not finished; starting {', '.join(stopped)} again", file=sys.stderr, flush=True)
            run(["systemctl", "start", *stopped], may_fail=True)


def run_uninstall(recordings_too: bool, dry_run: bool) -> int:
    """Remove everything but recordings and clips, or these as well; 0."""
    _check_system(dry_run)
    facts = look(CHECKOUT)
    left = recordings_too and HOME.exists()  # by an earlier run, which spared them
    if facts.record is None and facts.user_id is None and not facts.units and not left:
        raise InstallError("BirbCam is not installed here")
    record = facts.record or Record("all", "")
    try:
        settings = _settings()
    except ConfigError as error:
        settings = record.settings()
        print(f"birbcam: {error}\nbirbcam: going on without it, with the folders of the installation")
    do_all(removal(facts, record, settings, recordings_too), dry_run)
    places = [path for path in (Layout.of(settings).recordings, settings.output_dir) if path.exists()]
    if places and not dry_run:
        kept = "Other things" if recordings_too else "Recordings and clips"
        print(f"\n{kept} are still in {' and '.join(map(str, places))}.")
    return 0


def do_all(steps: Sequence[Step], dry_run: bool, installer: Installer | None = None) -> None:
    """Do the steps in order, saying each; or only say them."""
    installer = installer or INSTALLER
    for step in steps:
        print(f"birbcam: {'would ' if dry_run else ''}{step}", flush=True)
        if not dry_run:
            installer.do(step)


INSTALLER = Installer()
"""One for the whole run: what the first steps change counts when services are started anew."""


def farewell(facts: Facts, record: Record, settings: Settings) -> list[str]:
    """What a person does next."""
    cameras = [f"{name} ({redact(camera.source)})" for name, camera in settings.cameras.items()]
    lines = [] if record.parts == "server" else [f"Cameras: {', '.join(cameras)}; change them in {config_file()}."]
    if record.parts != "server" and all(camera.source == "demo" for camera in settings.cameras.values()):
        lines.append("No camera was found, so a drawn garden is shown; `sudo birbcam doctor` says what to do.")
    if record.parts == "camera":
        return [*lines, f"They publish to {record.server}; the page is there."]
    names = [f"{facts.hostname}.local"] if "avahi-daemon" in facts.packages else []
    hosts = [*names, *facts.lan] or ["127.0.0.1"]
    lines.append("Open " + " or ".join(f"http://{host}:{settings.web.port}/" for host in hosts))
    code = Layout.of(settings).setup_code
    if not Layout.of(settings).has_password() and code.exists():
        lines.append(f"The first visit needs this set-up code: {code.read_text(encoding='ascii').strip()}")
    if record.parts == "server":
        lines.append("On each camera machine: sudo ./birbcam install --camera-only --server THIS_MACHINE")
        lines.append("It asks for the publishing password: sudo cat " + str(Layout.of(settings).publish_password))
    return lines


def parts_of(camera_only: bool, server_only: bool) -> Parts | None:
    """What the command line's switches mean; None: as it is."""
    return "camera" if camera_only else "server" if server_only else None


def _settings() -> Settings:
    """Those of the installation, or of one that is about to be made. Raises ConfigError."""
    path = config_file()
    return load_settings({"BIRBCAM_CONFIG": str(path)}) if path.is_file() else Settings()


def _fresh(before: Record | None, record: Record, settings: Settings, password_file: str, dry_run: bool) -> Fresh:
    layout = Layout.of(settings)
    code = "" if layout.has_password() else new_code()
    if record.parts == "camera" and not dry_run:
        other = before is not None and before.server != record.server
        if password_file or other or not layout.publish_password.exists():
            return Fresh(_server_password(password_file), code, replaces=True)
    return Fresh(secrets.token_hex(16), code)


def _server_password(file: str) -> str:
    """The publishing password of the server: from a file, or asked for."""
    if file == "-":
        password = sys.stdin.readline()
    elif file:
        try:
            password = Path(file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"--password-file {file}: cannot be read ({error}); {PASSWORD_CURE}") from error
    elif sys.stdin.isatty():
        print(f"birbcam: the server's publishing password is needed; {PASSWORD_CURE}")
        password = getpass.getpass("Publishing password: ")
    else:
        raise ConfigError(f"the server's publishing password is needed: --password-file FILE; {PASSWORD_CURE}")
    if not password.strip():
        raise ConfigError(f"the publishing password is empty; {PASSWORD_CURE}")
    return password.strip()


def _check_system(dry_run: bool) -> None:
    if os.geteuid() != 0 and not dry_run:
        raise InstallError("only root may do this; type: sudo ./birbcam " + " ".join(sys.argv[1:]))
    if not Path("/run/systemd/system").is_dir() and not dry_run:
        raise InstallError("this machine was not started by systemd; BirbCam is installed where systemd runs services")
    if CHECKOUT == INSTALLED and not (INSTALLED / "systemd").is_dir():
        raise InstallError(f"{INSTALLED} is not complete; install from the checkout")
