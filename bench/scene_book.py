"""The book of scenes: what a scene is and what its footage comes with. Needs no drawing library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from scene_world import World

Half = Literal["dev", "held"]
Span = tuple[float, float]


@dataclass(frozen=True)
class Truth:
    """One event: somebody visits. Times in seconds from the scene's start.

    It lasts from the first to the last detect frame (and that frame's 0.2 s) in which an actor moves and changes at
    least 3 px of the detect stream by more than a visible contrast: 6 of 255 grey levels, and 3 deviations of the
    noise there. That is measured, by drawing each picture without noise twice, with and without the actors; an actor's
    shadow and headlights belong to it. Visits that overlap or are at most 6 s apart are one event, pauses up to 6 s
    are part of it. A bird that sits longer is one event still, with the time it sits `optional`: reporting that part
    or not, in one piece or two, is both right; such a part may also lie before the start or after the end (a bird that
    sat there from the first frame on). Somebody else who stands still for longer makes two events.
    """

    start: float
    end: float
    kind: str  # "bird", "person" ...; "bird+cat" where several visits are one event
    frames: int  # detect frames in which at least 3 px changed
    px: int  # the largest number of px changed in a frame
    optional: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Film:
    """How the camera encodes the detect stream, 5 fps; the main stream always has 30 fps, 5 Mb/s and 2 s."""

    crf: int = 26
    kbps: int = 0  # rate control at this rate instead of constant quality
    gop: float = 1.0  # s between key frames
    preset: str = "veryfast"


@dataclass(frozen=True)
class Scene:
    """One piece of labelled footage, drawn when asked for."""

    name: str
    half: Half
    seconds: float
    build: Callable[[int], World]  # from a seed
    main: bool = False  # it is short enough to be drawn as a main stream too
    film: Film = field(default_factory=Film)
    about: str = ""
    seed: int = 0  # its own; the seed of a whole set is added


@dataclass(frozen=True)
class Written:
    """A scene's footage on disk."""

    scene: Scene
    detect: Path  # 320x180, 5 fps
    main: Path | None  # 1920x1080, 30 fps
    truth: tuple[Truth, ...]


SCENES: dict[str, Scene] = {}


def scene(
    name: str, half: Half, seconds: float, *, main: bool = False, film: Film | None = None
) -> Callable[[Callable[[int], World]], Callable[[int], World]]:
    """Enter a function that builds a world into the book; its docstring says what the scene is about."""

    def enter(build: Callable[[int], World]) -> Callable[[int], World]:
        assert name not in SCENES, name
        about = (build.__doc__ or "").strip()
        number = sum(ord(letter) * 31**index for index, letter in enumerate(name)) % 1_000_000
        SCENES[name] = Scene(name, half, seconds, build, main, film or Film(), about, number)
        return build

    return enter
