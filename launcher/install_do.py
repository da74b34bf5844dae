"""Doing the steps of an installation."""

from __future__ import annotations

import contextlib
import filecmp
import os
import pwd
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from config.errors import InstallError, RecorderError, StorageError
from config.settings import Settings
from launcher.install_steps import (
    Account,
    Clear,
    Command,
    Folder,
    GiveToRoot,
    Link,
    Owner,
    Packages,
    Program,
    Recorder,
    Remove,
    Start,
    Step,
    WriteFile,
)
from launcher.installed import HOME, USER
from mediamtx.download import download_mediamtx
from mediamtx.find import find_mediamtx
from mediamtx.layout import Layout

SERVICE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # what systemd's services have


class Installer:
    """Does steps one after the other, and remembers whether anything is different now."""

    def __init__(self) -> None:
        self.changed = False

    def do(self, step: Step) -> None:
        """Do one step. Raises InstallError where the system refuses, StorageError where a file cannot be written."""
        try:
            self._do(step)
        except OSError as error:
            where = error.filename or step
            raise StorageError(f"{where}: {error.strerror}; mend that, then type: sudo ./birbcam install") from error

    def _do(self, step: Step) -> None:
        match step:
            case Packages(names):
                self._apt(names)
            case Account(groups, exists):
                if not exists:
                    home = ["--home-dir", str(HOME), "--no-create-home", "--shell", "/usr/sbin/nologin"]
                    run(["useradd", "--system", "--user-group", *home, USER])
                if groups:
                    run(["usermod", "--append", "--groups", ",".join(groups), USER])
            case Folder(path, owner, mode):
                make_folder(path, owner, mode)
            case Program(source, target):
                self.changed |= copy_program(source, target)
            case WriteFile():
                self.changed |= write(step)
            case Link(path, target):
                path.unlink(missing_ok=True)
                path.symlink_to(target)
            case Remove(path):
                self.changed |= remove(path)
            case Clear(path, kept):
                clear(path, kept)
            case GiveToRoot(path):
                give(path, "root")
            case Command(words, _, changes, may_fail, environment):
                run(words, dict(environment), may_fail)
                self.changed |= changes
            case Recorder(layout, needed):
                fetch_recorder(layout, needed)
            case Start(units):
                # Pulled up in this order; `restart` starts what does not run.
                run(["systemctl", "restart" if self.changed else "start", *units])

    @staticmethod
    def _apt(names: tuple[str, ...]) -> None:
        quiet = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        if run(quiet, environment, may_fail=True, silent=True) != 0:
            run(["apt-get", "update", "-qq"], environment, may_fail=True)  # lists that are missing or old
            run(quiet, environment)


def run(
    words: tuple[str, ...] | list[str],
    environment: dict[str, str] | None = None,
    may_fail: bool = False,
    silent: bool = False,
) -> int:
    """Run a command with its output shown; its exit code, or InstallError where that is not 0."""
    output = subprocess.DEVNULL if silent else None
    try:
        code = subprocess.run(
            words,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
    except FileNotFoundError as error:
        if may_fail:
            return 127
        raise InstallError(
            f"{words[0]} not found; BirbCam is installed on Debian, Ubuntu or Raspberry Pi OS"
        ) from error
    if code != 0 and not may_fail:
        raise InstallError(
            f"{shlex.join(words)} failed (exit code {code}); mend that, then type: sudo ./birbcam install"
        )
    return code


def write(step: WriteFile) -> bool:
    """Write the file whole, or not at all; whether it is different now."""
    path = step.path
    old = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    wanted = step.content if old is None or not step.keep else old
    path.parent.mkdir(parents=True, exist_ok=True)
    if old != wanted:
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        with open(temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(wanted)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    _own(path, step.owner)
    path.chmod(step.mode)
    return old != wanted


def make_folder(path: Path, owner: Owner, mode: int) -> None:
    """Make it, or give it to its owner with all that is in it, where it belongs to somebody else."""
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid != pwd.getpwnam(owner.partition(":")[0]).pw_uid:
        give(path, owner)
    path.chmod(mode)


def give(folder: Path, owner: Owner) -> None:
    """Change the owner of a folder and of all that is in it; symbolic links are not followed."""
    if not folder.exists():
        return
    _own(folder, owner)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _own(Path(place) / name, owner)


def _own(path: Path, owner: Owner) -> None:
    user, _, group = owner.partition(":")
    os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(group or user).pw_gid, follow_symlinks=False)


def remove(path: Path) -> bool:
    """Remove it, whatever it is; whether there was anything."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return True
    existed = path.is_symlink() or path.exists()
    path.unlink(missing_ok=True)
    return existed


def clear(folder: Path, kept: tuple[Path, ...]) -> None:
    """Remove all that is in a folder but `kept` and what leads there, and the folder where nothing is left."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path in kept:
            continue
        if any(path in place.parents for place in kept) and path.is_dir():
            clear(path, kept)
        else:
            remove(path)
    with contextlib.suppress(OSError):
        folder.rmdir()


def program_files(source: Path) -> Iterator[Path]:
    """The files of the program in a checkout, relative to it: what runs, and what is read about it."""
    packages = [init.parent for init in source.glob("*/__init__.py")]
    for folder in (*packages, source / "systemd", source / "docs"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(source)
    names = ("birbcam", "LICENSE", "config_default.txt", "pyproject.toml")
    yield from (Path(name) for name in names if (source / name).is_file())
    patterns = ("[A-Z]*.md", "requirements*.lock")
    yield from (path.relative_to(source) for pattern in patterns for path in sorted(source.glob(pattern)))


def copy_program(source: Path, target: Path) -> bool:
    """Give `target` the program's files and no others beside its environments; whether anything differs now."""
    if source == target:
        return False
    wanted = set(program_files(source))
    changed = False
    for name in sorted(wanted):
        theirs, ours = source / name, target / name
        if ours.is_file() and filecmp.cmp(theirs, ours, shallow=False):
            continue
        ours.parent.mkdir(parents=True, exist_ok=True)
        temporary = ours.with_name(f".{ours.name}.new")
        shutil.copyfile(theirs, temporary)
        temporary.chmod(0o755 if name == Path("birbcam") else 0o644)
        temporary.replace(ours)
        changed = True
    for path in sorted(target.rglob("*"), reverse=True):
        name = path.relative_to(target)
        if name.parts[0].startswith(".") or name == Path("config.txt"):
            continue  # the environments, and what a person put there
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.rmdir()  # where it is empty
        elif name not in wanted and "__pycache__" not in name.parts:
            path.unlink()
            changed = True
    return changed


def fetch_recorder(layout: Layout, needed: bool) -> None:
    """Download MediaMTX for its user; where that fails the recorder tries again at each start."""
    if find_mediamtx(Settings(state_dir=layout.state_dir), {"PATH": SERVICE_PATH}) is not None:
        return
    try:
        download_mediamtx(layout, threading.Event())
    except RecorderError as error:
        if needed:
            raise
        print(f"birbcam: {error}\nbirbcam: the embedded recorder is used until then (no WebRTC)")
    else:
        give(layout.tools_dir, USER)
