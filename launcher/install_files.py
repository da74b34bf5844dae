"""Files and folders of an installation, handled as root where others own the folders.

Whoever runs as BirbCam's user can put a symbolic link wherever a folder is theirs, and swap it at any moment. So every
path is walked from the top by descriptors, and links count only where root alone could have put them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from config.errors import InstallError
from launcher.install_steps import Owner, WriteFile

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe that waits would hold us up for ever


@contextlib.contextmanager
def folder(path: Path, make: bool = False) -> Iterator[int]:
    """The descriptor of a folder, which is made where it is missing. Raises InstallError for somebody's link."""
    descriptor = os.open("/", _FOLDER)
    try:
        names, links = list(path.absolute().parts[1:]), 0
        while names:
            name = names.pop(0)
            try:
                inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            except FileNotFoundError as error:
                if not make:
                    raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=descriptor)
                names.insert(0, name)
                continue
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                target = _trusted_link(name, descriptor, path)
                links += 1
                if links > 20:
                    raise InstallError(f"{path}: too many symbolic links on the way there") from error
                names[:0] = [part for part in target.parts if part != "/"]
                inner = os.open("/", _FOLDER) if target.is_absolute() else os.dup(descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _trusted_link(name: str, descriptor: int, path: Path) -> Path:
    """Where a link leads that lies in a folder of root's; InstallError for any other, and for what is no folder."""
    there = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    if not stat.S_ISLNK(there.st_mode):
        raise InstallError(f"{path}: {name} is no folder; move it away, then type: sudo ./birbcam install")
    if not _of_root(descriptor):
        raise _link(path, name)
    return Path(os.readlink(name, dir_fd=descriptor))


def _of_root(descriptor: int) -> bool:
    """Whether root alone puts names into this folder."""
    there = os.fstat(descriptor)
    return there.st_uid == 0 and not there.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _link(path: Path, name: str) -> InstallError:
    return InstallError(
        f"{path}: {name} is a symbolic link in a folder that is not root's, and is not followed; "
        "remove it, then type: sudo ./birbcam install"
    )


def write(step: WriteFile) -> bool:
    """Write the file whole, or not at all; whether it is different now."""
    path = step.path
    with folder(path.parent, make=True) as parent:
        old = None
        try:
            descriptor = os.open(path.name, _FILE, dir_fd=parent)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            if not _of_root(parent):
                raise _link(path, path.name) from error
            if step.keep:
                return False  # a link of the administrator's, to a file that is theirs
        else:
            with open(descriptor, encoding="utf-8", errors="replace") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise InstallError(f"{path}: no file; move it away, then type: sudo ./birbcam install")
                old = file.read()
                if step.keep or old == step.content:
                    _own(descriptor, step.owner)
                    os.fchmod(descriptor, step.mode)
                    return False
        temporary = f".{path.name}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o600, dir_fd=parent), "w", encoding="utf-8") as file:
            file.write(step.content)
            file.flush()
            _own(file.fileno(), step.owner)
            os.fchmod(file.fileno(), step.mode)
            os.fsync(file.fileno())
        os.replace(temporary, path.name, src_dir_fd=parent, dst_dir_fd=parent)
    return True


def make_folder(path: Path, owner: Owner, mode: int) -> None:
    """Make it, or give it to its owner with all that is in it, where it belongs to somebody else."""
    with folder(path, make=True) as descriptor:
        if os.fstat(descriptor).st_uid != pwd.getpwnam(owner.partition(":")[0]).pw_uid:
            _own(descriptor, owner)
            for _, folders, files, place in os.fwalk(".", dir_fd=descriptor):
                for name in (*folders, *files):
                    _own(name, owner, place)
        os.fchmod(descriptor, mode)


def take(path: Path, user_id: int) -> None:
    """Give to root what belongs to a user there; symbolic links are not followed, others' things stay theirs."""
    with contextlib.suppress(FileNotFoundError), folder(path) as descriptor:
        for _, folders, files, place in os.fwalk(".", dir_fd=descriptor):
            for name in (".", *folders, *files):
                if os.stat(name, dir_fd=place, follow_symlinks=False).st_uid == user_id:
                    # A disk without owners (exFAT) has nothing to give away.
                    with contextlib.suppress(PermissionError):
                        os.chown(name, 0, 0, dir_fd=place, follow_symlinks=False)


def _own(thing: int | str, owner: Owner, place: int | None = None) -> None:
    user, _, group = owner.partition(":")
    numbers = pwd.getpwnam(user).pw_uid, pwd.getpwnam(group or user).pw_gid
    if isinstance(thing, int):
        os.fchown(thing, *numbers)
    else:
        os.chown(thing, *numbers, dir_fd=place, follow_symlinks=False)


def remove(path: Path) -> bool:
    """Remove it, whatever it is; whether there was anything."""
    try:
        with folder(path.parent) as parent:
            there = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(there.st_mode):
                shutil.rmtree(path.name, dir_fd=parent)
            else:
                os.unlink(path.name, dir_fd=parent)
    except FileNotFoundError:
        return False
    return True


def remove_named(path: Path, names: tuple[str, ...]) -> bool:
    """Remove what bears these names or patterns in a folder, and the folder where nothing is left."""
    found = sorted({inner for name in names for inner in path.glob(name)})
    for inner in found:
        remove(inner)
    with contextlib.suppress(OSError):
        path.rmdir()
    return bool(found)


def clear(path: Path, kept: tuple[Path, ...]) -> None:
    """Remove all that is in a folder but `kept` and what leads there, and the folder where nothing is left."""
    if not path.is_dir():
        return
    for inner in path.iterdir():
        if inner in kept:
            continue
        if any(inner in place.parents for place in kept) and inner.is_dir() and not inner.is_symlink():
            clear(inner, kept)
        else:
            remove(inner)
    with contextlib.suppress(OSError):
        path.rmdir()
