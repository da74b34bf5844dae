"""The steps about systemd: which units, with which additions for this machine; and how all of it goes again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from config.load import SAVED_NAME
from config.settings import Settings
from config.sizes import parse_amount
from launcher.install_facts import Facts
from launcher.install_steps import Clear, Command, Folder, GiveToRoot, Remove, RemoveNamed, Step
from launcher.install_steps import WriteFile as Write
from launcher.installed import CACHE, COMMAND, CONFIG, HOME, INSTALLED, UNITS, USER, Record, enabled_units
from mediamtx.layout import Layout
from mediamtx.names import Stream

BACKOFF_SINCE = 254  # systemd's version that knows pauses that grow
USING = {
    *("birbcam-recorder.service", "birbcam-camera.service", "birbcam-web.service", "birbcam-motion.service"),
}
STOPPED = ("birbcam-recorder.service", "birbcam-motion.timer")
"""What an installation may have stopped when it fails."""
RESTARTED = ("birbcam-recorder.service", "birbcam-camera.service", "birbcam-web.service")


def unit_steps(facts: Facts, record: Record, settings: Settings, units: dict[str, str]) -> Iterator[Step]:
    """Install, complete and enable the units of these parts, and remove those of others; nothing is started yet."""
    enabled = enabled_units(record.parts)
    ours = {
        name for unit in enabled for name in (unit, unit.replace(".timer", ".service").replace(".path", ".service"))
    }
    unwanted = sorted(facts.units - ours)
    if unwanted:
        yield Command(
            ("systemctl", "disable", "--now", *unwanted), "end parts that are not wanted any more", may_fail=True
        )
        yield from (Remove(UNITS / name) for name in unwanted)
    yield from (Remove(UNITS / name) for name in sorted(facts.drop_ins) if name.removesuffix(".d") not in ours)
    layout = Layout.of(settings)
    yield from (Write(UNITS / name, _obeying(units[name], layout.requests_dir)) for name in sorted(ours))
    for name in sorted(ours & set(RESTARTED)):
        if facts.systemd >= BACKOFF_SINCE:
            yield Write(drop_in(name, "backoff"), units["backoff.conf"])
    for name in sorted(ours & USING):
        used = [settings.state_dir]
        if name != "birbcam-camera.service":
            used += [layout.recordings, settings.output_dir]
        outside = [path for path in dict.fromkeys(used) if not is_ours(path)]
        if outside:
            yield Write(drop_in(name, "folders"), folders_text(outside))
        elif f"{name}.d" in facts.drop_ins:
            yield Remove(drop_in(name, "folders"))
    yield from _memory_steps(facts, record, layout.recordings)
    yield Command(("systemctl", "enable", "--quiet", *enabled), "let them start with the machine")


def _memory_steps(facts: Facts, record: Record, recordings: Path) -> Iterator[Step]:
    """Recordings in memory, or not any more, and what systemd has to know before units are enabled."""
    before = facts.record.memory if facts.record is not None else ""
    unit = mount_unit(recordings)
    changes = record.memory != before
    if record.memory and changes and "birbcam-recorder.service" in facts.units:
        words = ("systemctl", "stop", "birbcam-recorder.service")
        yield Command(words, "end recording meanwhile", changes=True, may_fail=True)
    if record.memory:
        yield Write(UNITS / unit, mount_text(recordings, record.memory, facts.user_id or 0))
    yield Command(("systemctl", "daemon-reload"), "let systemd read its units")
    if record.memory:
        yield Command(("systemctl", "enable", "--now", unit), f"keep recordings in {record.memory} of memory")
        if before and changes:
            size = f"remount,size={parse_amount(record.memory, 100) or 0}"
            yield Command(("mount", "-o", size, str(recordings)), "give them that much, from now on")
        yield Folder(recordings, USER, 0o750)
    elif before:
        words = ("systemctl", "disable", unit)
        yield Command(words, "keep recordings on disk again, from the next start on", may_fail=True)
        yield Remove(UNITS / unit)


def folders_text(outside: Iterable[Path]) -> str:
    """Additions to a service that uses folders outside our home: it waits for their disks, and may write them."""
    # A folder that is gone shall not keep a service from starting: what is wrong is then said by that service.
    written = " ".join(_quoted(f"-{path}") for path in outside)
    return f"[Unit]\nRequiresMountsFor={' '.join(map(_quoted, outside))}\n\n[Service]\nReadWritePaths={written}\n"


def _obeying(text: str, requests: Path) -> str:
    """A unit's text, with our folder of requests in the place of the usual one."""
    usual = str(Layout.of(Settings()).requests_dir)
    text = text.replace(f"PathExists={usual}", f"PathExists={_plain(requests)}")
    return text.replace(f"=-{usual}", f"={_quoted(f'-{requests}')}").replace(f" {usual}", f" {_quoted(requests)}")


def _plain(path: object) -> str:
    return str(path).replace("%", "%%")


def _quoted(path: object) -> str:
    """As a word in a line of a unit, where % begins a specifier."""
    return shlex.quote(_plain(path))


def drop_in(unit: str, name: str) -> Path:
    """A file with additions to a unit."""
    return UNITS / f"{unit}.d" / f"{name}.conf"


def mount_unit(folder: Path) -> str:
    """The name that systemd wants for the mount of a folder (systemd.unit(5), escaping)."""
    escaped = "".join(
        letter
        if letter.isascii() and (letter.isalnum() or letter in "_.:")
        else "-"
        if letter == "/"
        else _escape(letter)
        for letter in str(folder).strip("/")
    )
    return f"{escaped}.mount"


def _escape(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in letter.encode())


def mount_text(folder: Path, size: str, owner: int) -> str:
    """The unit that puts the recordings into memory, which belongs to the user with the number `owner`."""
    count = parse_amount(size, 100) or 0
    return (
        "[Unit]\nDescription=BirbCam recordings in memory, so that the SD card lives\n"
        "Before=birbcam-recorder.service birbcam-motion.service\n\n"
        f"[Mount]\nWhat=tmpfs\nWhere={folder}\nType=tmpfs\n"
        f"Options=size={count},uid={owner},mode=0750,nosuid,nodev,noexec\n\n[Install]\nWantedBy=local-fs.target\n"
    )


def is_ours(path: Path) -> bool:
    """Whether a folder lies in BirbCam's home, where nobody else keeps anything."""
    return HOME in (path, *path.parents)


STATE_NAMES = (
    *(
        ".motion_state_*.json",
        ".recorded_sizes.json",
        ".checked_*.json",
        "activity",
        ".retention_stuck",
        ".last_pass.json",
        ".*.lock",
    ),
    ".manual_*.json*",
    *("recorder.json", "mediamtx.yml", "tools", "publish_password", "web_password", "web_secret", "setup_code"),
    *(
        "web_users.json",
        "web_users.damaged.json",
        "web_sessions.json",
        "hls.min.js",
        "requests",
        "removals",
        SAVED_NAME,
    ),
)
"""Whatever Layout names in the state folder."""


def removal(facts: Facts, record: Record, settings: Settings, recordings_too: bool) -> list[Step]:
    """The steps of `uninstall`: everything goes but recordings and clips, these only where that is said.

    What a second run needs, should this one be broken off, goes last.
    """
    layout = Layout.of(settings)
    steps: list[Step] = []
    if facts.units:
        steps.append(Command(("systemctl", "disable", "--now", *sorted(facts.units)), "end everything", may_fail=True))
    steps += [Remove(UNITS / name) for name in sorted(facts.units | facts.drop_ins)]
    if record.memory:
        unit = mount_unit(layout.recordings)
        steps.append(Command(("systemctl", "disable", "--now", unit), "forget the recordings in memory", may_fail=True))
        steps.append(Remove(UNITS / unit))
    steps.append(Command(("systemctl", "daemon-reload"), "let systemd forget its units"))
    if facts.units:
        words = ("systemctl", "reset-failed", *sorted(facts.units))
        steps.append(Command(words, "and how they ended", may_fail=True))
    if facts.user_id is not None:
        steps.append(Command(("loginctl", "disable-linger", USER), "let its sound server end", may_fail=True))
        steps.append(Command(("loginctl", "terminate-user", USER), "and whatever else it runs", may_fail=True))
        # This one waits until all of it has ended: a user with a process is not removed.
        words = ("systemctl", "stop", f"user-{facts.user_id}.slice")
        steps.append(Command(words, "wait for that", may_fail=True))
    steps += [Remove(COMMAND), Remove(INSTALLED), Remove(CACHE)]
    if not is_ours(settings.state_dir):
        steps.append(RemoveNamed(settings.state_dir, STATE_NAMES))
    recordings = (layout.recordings, settings.output_dir)
    if recordings_too:
        cameras = [Stream(name).path for name in settings.cameras]
        names = (tuple(Stream(name, detect).path for name in settings.cameras for detect in (False, True)), (*cameras,))
        steps += [RemoveNamed(path, known) for path, known in zip(recordings, names, strict=True) if not is_ours(path)]
    elif facts.user_id is not None:
        steps += [GiveToRoot(path, facts.user_id) for path in recordings]
    steps.append(Clear(HOME, () if recordings_too else recordings))
    if facts.user_id is not None:
        if not recordings_too:
            steps.append(GiveToRoot(HOME, facts.user_id))
        steps.append(Command(("userdel", USER), "remove the user", may_fail=True))
    return [*steps, Remove(CONFIG.parent)]
