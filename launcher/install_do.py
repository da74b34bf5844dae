"""Doing the steps of an installation."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from config.errors import InstallError, RecorderError, StorageError
from launcher.install_files import clear, make_folder, remove, remove_named, take, write
from launcher.install_steps import (
    Account,
    Clear,
    Command,
    Folder,
    GiveToRoot,
    Link,
    Packages,
    Place,
    Program,
    Recorder,
    Remove,
    RemoveNamed,
    Start,
    Step,
    WriteFile,
)
from launcher.installed import HOME, INSTALLED, USER, config_file

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
            case Place(path, mode):
                make_place(path, mode)
            case Program(source, target):
                self.changed |= copy_program(source, target)
            case WriteFile():
                self.changed |= write(step)
            case Link(path, target):
                path.unlink(missing_ok=True)
                path.symlink_to(target)
            case Remove(path):
                self.changed |= remove(path)
            case RemoveNamed(path, names):
                self.changed |= remove_named(path, names)
            case Clear(path, kept):
                clear(path, kept)
            case GiveToRoot(path, user_id):
                take(path, user_id)
            case Command(words, _, changes, may_fail, environment):
                run(words, dict(environment), may_fail)
                self.changed |= changes
            case Recorder(needed):
                fetch_recorder(needed)
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


def make_place(path: Path, mode: int) -> None:
    """Make a folder for our user; InstallError where one is there in which that user cannot write."""
    if not path.exists():
        try:
            make_folder(path, USER, mode)
        except PermissionError:
            pass  # a disk without owners (exFAT): who may write there was said when it was mounted
    if run(as_user(("test", "-w", str(path), "-a", "-x", str(path))), may_fail=True) != 0:
        raise InstallError(
            f"{path}: the user {USER} cannot write there; type: sudo chown {USER}: {shlex.quote(str(path))} "
            f"(on a disk without owners, as exFAT, mount it with uid={USER}), then: sudo ./birbcam install"
        )


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


def fetch_recorder(needed: bool) -> None:
    """Download MediaMTX, as its user; where that fails the recorder tries again at each start."""
    environment = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environment |= {"PATH": SERVICE_PATH, "PYTHONPATH": str(INSTALLED), "BIRBCAM_CONFIG": str(config_file())}
    program = (str(INSTALLED / ".venv/bin/python"), "-P", "-m", "mediamtx.download")
    done = subprocess.run(as_user(program), env=environment, cwd=INSTALLED, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        if needed:
            raise RecorderError("MediaMTX, which cameras of other machines publish to, could not be had; see above")
        print("birbcam: the embedded recorder is used until then (no WebRTC)")


def as_user(words: tuple[str, ...]) -> list[str]:
    """The command as BirbCam's own user runs it."""
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--no-new-privs", *words]
