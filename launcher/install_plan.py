"""What an installation does, computed from what was found and what was asked for; nothing here touches the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.errors import ConfigError
from config.settings import Settings
from config.sizes import parse_amount
from launcher.install_config import Value, make_config
from launcher.install_facts import DEVICE_GROUPS, PI_PACKAGES, SYSTEM_PYTHON, Facts
from launcher.install_steps import Account, Command, Folder, Link, Packages, Place, Program, Recorder, Start, Step
from launcher.install_steps import WriteFile as Write
from launcher.install_units import drop_in, is_ours, unit_steps
from launcher.installed import COMMAND, CONFIG, HOME, INSTALLED, RECORD, USER, Parts, Record, config_file, enabled_units
from mediamtx.layout import Layout

SERVER_PACKAGES = ("ffmpeg", "python3", "python3-venv")
CAMERA_PACKAGES = (*SERVER_PACKAGES, "python3-av", "python3-numpy", "python3-pil", "pulseaudio-utils", "alsa-utils")
HIDDEN = tuple(map(Path, ("/home", "/root", "/run", "/tmp", "/var/tmp")))  # from services, for good reasons
MEMORY_FREE = "10 %"  # of the memory, and of the card with the clips


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; None is what an installation that is here already has, else the usual."""

    parts: Parts | None = None
    server: str | None = None
    memory: str | None = None

    def over(self, record: Record | None, source: Path, configured: str = "") -> Record:
        """What the installation will be, `configured` being the mediamtx.host of the settings that are there.

        Raises ConfigError where that makes no sense.
        """
        before = record or Record("all", "")
        parts = self.parts or before.parts
        server = (configured or before.server) if self.server is None else self.server
        if parts != "camera":
            server = ""
        if parts == "camera" and not server:
            raise ConfigError("--camera-only needs to know where the recorder runs: --server HOST")
        if self.server and parts != "camera":
            raise ConfigError("--server HOST is for --camera-only; without it, this machine is the server")
        memory = self.memory if self.memory is not None else before.memory
        if parts == "camera":
            memory = ""
        if memory and _bytes(memory) < 250 * 10**6:
            # The last ten minutes are never deleted.
            raise ConfigError(f'--memory {memory}: at least "250 MB" are needed')
        # Installed anew by itself, it still knows where it came from.
        return Record(parts, before.source if source == INSTALLED else str(source), server, memory)


def _bytes(memory: str) -> int:
    try:
        return parse_amount(memory, 0) or 0
    except ValueError as error:
        raise ConfigError(f"--memory {memory}: {error}") from error


@dataclass(frozen=True, slots=True)
class Fresh:
    """Secrets made for this run; used where there are none yet."""

    publish_password: str
    setup_code: str
    replaces: bool = False  # the publishing password was given: it is another server's, or a new one


def first_steps(facts: Facts, record: Record) -> list[Step]:
    """What comes before the machine is looked at again: what finds the camera, and the user who owns the files."""
    steps: list[Step] = []
    wanted = SERVER_PACKAGES if record.parts == "server" else CAMERA_PACKAGES
    if record.parts != "server" and facts.pi_model:
        wanted = (*wanted, *(name for name in PI_PACKAGES if name in facts.offered or not facts.offered))
    missing = tuple(name for name in wanted if name not in facts.packages)
    if missing:
        steps.append(Packages(missing))
    groups = DEVICE_GROUPS if record.parts != "server" else ("video",)  # vcgencmd tells that group about the voltage
    steps.append(Account(tuple(name for name in groups if name in facts.groups), facts.user_id is not None))
    return steps


def plan(
    facts: Facts,
    record: Record,
    settings: Settings,
    fresh: Fresh,
    default_config: str,
    units: dict[str, str],
    config_exists: bool = False,
) -> list[Step]:
    """The steps after the first ones, in order; each may be done again without harm.

    `settings` are those of the configuration file that is there, or the defaults; `units` are the texts of systemd/.
    """
    layout = Layout.of(settings)
    check_memory(record, settings, config_exists)
    check_folders(settings)
    return [
        *_environments(record, facts.source),
        *_stop_passes(facts),
        *_folders(record, settings),
        Program(facts.source, INSTALLED),
        Link(COMMAND, INSTALLED / "birbcam"),
        *_take_environments(record),
        *([] if config_exists else [_config(facts, record, default_config)]),
        *_secrets(record, layout, fresh),
        *([Recorder(needed=record.parts == "server")] if record.parts != "camera" else []),
        *_sound(facts, record),
        *unit_steps(facts, record, settings, units),
        Write(RECORD, record.having(settings).text()),
        Start(enabled_units(record.parts)),
    ]


def check_parts(before: Record | None, record: Record, settings: Settings) -> None:
    """ConfigError where the configuration file, which we do not change, says something else than the command line."""
    wanted: list[str] = []
    if settings.mediamtx.host != record.server:
        wanted.append(f'host = "{record.server}" under [mediamtx]')
    if before is not None and before.parts != record.parts:
        if before.parts == "camera" and settings.web.host in ("127.0.0.1", "::1", "localhost"):
            wanted.append('host = "0.0.0.0" under [web]')
        if record.parts == "server" and settings.recorder != "mediamtx":
            wanted.append('recorder = "mediamtx" at the top')
    if wanted:
        raise ConfigError([f"{config_file()}: set {line}, then try again" for line in wanted])


def check_memory(record: Record, settings: Settings, config_exists: bool) -> None:
    """ConfigError where the settings, which we do not change, would leave nothing of recordings in memory."""
    size = parse_amount(record.memory, 0) or 0
    free = parse_amount(settings.retention.keep_free, size) or 0
    if config_exists and size and free > size // 2:
        raise ConfigError(
            f"recordings in {record.memory} of memory, of which {settings.retention.keep_free} are to be kept free: "
            f'set keep_free = "{MEMORY_FREE}" under [retention] in {CONFIG}, then try again'
        )


def chosen_cameras(facts: Facts) -> dict[str, str]:
    """The cameras that a new configuration has: what was seen, else the drawn garden, so that everything works."""
    sources = [f"picamera:{number}" if number else "picamera" for number in range(len(facts.modules))]
    sources += [str(device) for device in facts.usb_cameras]
    names = ["camera", *(f"camera-{number}" for number in range(2, len(sources) + 1))]
    return dict(zip(names, sources or ["demo"], strict=False))


def _stop_passes(facts: Facts) -> Iterator[Step]:
    if "birbcam-motion.timer" in facts.units:
        words = ("systemctl", "stop", "birbcam-motion.timer", "birbcam-motion.service")
        yield Command(words, "end motion passes meanwhile", may_fail=True)


def _folders(record: Record, settings: Settings) -> Iterator[Step]:
    yield Folder(HOME, USER, 0o750)
    layout = Layout.of(settings)
    yield _folder(settings.state_dir)
    yield Folder(layout.requests_dir, USER, 0o770)
    if record.parts != "camera":
        media = [settings.media_dir] if is_ours(settings.media_dir) else []  # else nothing is written but recordings/
        for path in (*media, layout.recordings, settings.output_dir):
            if path != HOME:
                yield _folder(path)


def _folder(path: Path) -> Step:
    """One in our home is ours with all that is in it; elsewhere there may be other people's things."""
    return Folder(path, USER, 0o750) if is_ours(path) else Place(path, 0o750)


def check_folders(settings: Settings) -> None:
    """ConfigError where an installation cannot use the folders that are set."""
    places = {name: getattr(settings, name) for name in ("media_dir", "output_dir", "state_dir")}
    for name, path in places.items():
        hidden = next((top for top in HIDDEN if top in (path, *path.parents)), None)
        if hidden is not None:
            raise ConfigError(
                f"{name} = {path}: services do not see what is below {hidden}; choose a folder below /srv or /mnt in "
                f"{config_file()}"
            )
    for name in ("media_dir", "output_dir"):
        if settings.state_dir in (places[name], *places[name].parents):
            raise ConfigError(
                f"state_dir = {settings.state_dir} holds {name}; give it a folder of its own in {config_file()}"
            )


def _environments(record: Record, source: Path) -> Iterator[Step]:
    """The environments of the new version, made beside those in use: where that fails nothing has changed yet."""
    if source != INSTALLED:
        yield from (_prepare(kind, source, "make") for kind in _kinds(record))


def _take_environments(record: Record) -> Iterator[Step]:
    yield from (_prepare(kind, INSTALLED, "take") for kind in _kinds(record))
    python = str(INSTALLED / (".venv/bin/python" if record.parts != "camera" else ".venv-camera/bin/python"))
    yield Command((python, "-m", "compileall", "-q", str(INSTALLED), "-x", r"\.venv|docs"), "compile it")


def _prepare(kind: str, source: Path, what: str) -> Step:
    # The system's own Python: one in somebody's home cannot be seen by the services.
    environment = (("BIRBCAM_PYTHON", SYSTEM_PYTHON), ("BIRBCAM_ROOT", str(INSTALLED)))
    words = (str(source / "birbcam"), "prepare", kind)
    return Command(words, f"{what} the Python environment of the {kind}", environment=environment)


def _kinds(record: Record) -> tuple[str, ...]:
    return {"all": ("server", "camera"), "server": ("server",), "camera": ("camera",)}[record.parts]


def _config(facts: Facts, record: Record, default_config: str) -> Step:
    wanted: dict[tuple[str, str], Value] = {}
    cameras = chosen_cameras(facts) if record.parts != "server" else {}
    if record.parts == "camera":
        wanted["mediamtx", "host"] = record.server
    else:
        wanted["web", "host"] = "0.0.0.0"
    if record.memory:
        wanted["retention", "keep_free"] = MEMORY_FREE
    if record.parts == "server":
        wanted["", "recorder"] = "mediamtx"  # the embedded one hears this machine alone
    return Write(CONFIG, make_config(default_config, wanted, cameras), f"root:{USER}", 0o640, keep=True)


def _secrets(record: Record, layout: Layout, fresh: Fresh) -> Iterator[Step]:
    """What the parts share, and what the first visitor needs."""
    kept = not fresh.replaces
    yield Write(layout.publish_password, f"{fresh.publish_password}\n", USER, 0o600, keep=kept, secret=True)
    if fresh.setup_code and record.parts != "camera":
        yield Write(layout.setup_code, f"{fresh.setup_code}\n", USER, 0o600, keep=True, secret=True)


def _sound(facts: Facts, record: Record) -> Iterator[Step]:
    """A sound server of our user's own, which no log-out ends; without one, ALSA needs no help."""
    if record.parts == "server" or not facts.sound_server:
        return
    yield Command(("loginctl", "enable-linger", USER), f"let the {facts.sound_server} of {USER} survive every log-out")
    runtime, manager = f"/run/user/{facts.user_id}", f"user@{facts.user_id}.service"
    text = f"[Unit]\nWants={manager}\nAfter={manager}\n\n[Service]\nEnvironment=XDG_RUNTIME_DIR={runtime}\n"
    yield Write(drop_in("birbcam-camera.service", "sound"), text + f"BindPaths=-{runtime}\n")
