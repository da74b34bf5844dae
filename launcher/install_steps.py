"""The steps of an installation as data, each with what it says of itself; every one may be done again without harm."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from launcher.installed import USER

Owner = str  # "root" or USER, whose group it gets too, or "root:birbcam": root's, and readable by that group


@dataclass(frozen=True, slots=True)
class Packages:
    """Install Debian packages."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"install the packages {' '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class Account:
    """Make the system user that everything runs as, or put it into its groups."""

    groups: tuple[str, ...]
    exists: bool = False

    def __str__(self) -> str:
        groups = f"in the groups {', '.join(self.groups)}" if self.groups else "without a group of devices"
        return f"{'keep' if self.exists else 'make'} the user {USER} {groups}"


@dataclass(frozen=True, slots=True)
class Folder:
    """Make a folder, or give it and all that is in it to its owner."""

    path: Path
    owner: Owner
    mode: int

    def __str__(self) -> str:
        return f"make the folder {self.path} of {self.owner}, {self.mode:o}"


@dataclass(frozen=True, slots=True)
class Place:
    """Make a folder of our user's outside our home where there is none; one that is there must let that user write."""

    path: Path
    mode: int

    def __str__(self) -> str:
        return f"make the folder {self.path} of {USER} where there is none; else see that {USER} can write there"


@dataclass(frozen=True, slots=True)
class Program:
    """Copy the program, and remove what it has no more."""

    source: Path
    target: Path

    def __str__(self) -> str:
        return f"copy the program from {self.source} to {self.target}"


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Write a file; one that is kept is written only where there is none."""

    path: Path
    content: str
    owner: Owner = "root"
    mode: int = 0o644
    keep: bool = False
    secret: bool = False

    def __str__(self) -> str:
        kept = " where there is none" if self.keep else ""
        return f"write {self.path}{kept}, {self.mode:o}{', secret' if self.secret else ''}"


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link to a program."""

    path: Path
    target: Path

    def __str__(self) -> str:
        return f"link {self.path} to {self.target}"


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file, or a folder with all that is in it."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, slots=True)
class RemoveNamed:
    """Remove what bears these names or patterns in a folder that holds other things too; an emptied folder as well."""

    path: Path
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"remove what is BirbCam's in {self.path} ({' '.join(self.names)})"


@dataclass(frozen=True, slots=True)
class Clear:
    """Remove all that is in a folder but `kept`, and the folder itself where nothing is left."""

    path: Path
    kept: tuple[Path, ...]

    def __str__(self) -> str:
        return f"remove what is in {self.path}, but not {' nor '.join(map(str, self.kept)) or 'more'}"


@dataclass(frozen=True, slots=True)
class GiveToRoot:
    """Give what our user owns in a folder to root, since that user goes: nobody who comes later shall own it."""

    path: Path
    user_id: int

    def __str__(self) -> str:
        return f"keep {self.path}, from now on root's"


@dataclass(frozen=True, slots=True)
class Command:
    """Run a command; `may_fail` ones only say so."""

    words: tuple[str, ...]
    why: str
    changes: bool = False  # what runs must be started anew after it
    may_fail: bool = False
    environment: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.why} ({shlex.join(self.words)})"


@dataclass(frozen=True, slots=True)
class Recorder:
    """Fetch the pinned MediaMTX where there is none."""

    needed: bool  # without it nothing works: cameras of other machines publish to it

    def __str__(self) -> str:
        return "fetch MediaMTX, checked against its checksums"


@dataclass(frozen=True, slots=True)
class Start:
    """Start units; those that run already are started anew where something has changed."""

    units: tuple[str, ...]

    def __str__(self) -> str:
        return f"start {', '.join(self.units)}"


Step = (
    Packages
    | Account
    | Folder
    | Place
    | Program
    | WriteFile
    | Link
    | Remove
    | RemoveNamed
    | Clear
    | GiveToRoot
    | Command
    | Recorder
    | Start
)
