"""Clips as values, and their sidecars: a JSON file beside each clip that other programs may read too."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mediamtx.layout import Layout
from mediamtx.marks import Mark, decode_marks, encode_marks
from mediamtx.names import ClipKind, ClipName, from_iso, iso
from mediamtx.segments import Span

VERSION = 1
BULKY = ("boxes",)
"""Keys of the sidecar that are for one clip alone: lists, counts and tombstones do without them."""
_KEYS = ("version", "camera", "kind", "start", "end", "time_zone", "windows", "score", "best", "part", "size", "boxes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One clip: what its sidecar says, and where it lies. Times are UTC."""

    camera: str
    name: ClipName
    day: date  # the local day it is filed under
    folder: Path
    start: datetime  # of the first picture
    end: datetime  # of the last picture's end
    time_zone: str  # the zone that the day belongs to
    windows: tuple[Span, ...] = ()  # the motion inside, without padding
    score: float | None = None  # of the motion; None where it was not looked for
    best: datetime | None = None  # of the frame that is its thumbnail; None where nobody chose one
    boxes: Sequence[Any] = ()  # the moving boxes as the sidecar tells them, perhaps wrongly: see `marks`
    part: int = 1  # 2, 3 ... go on where the one before ends
    kept: bool = False  # never deleted by retention
    size: int = 0  # bytes of the MP4; 0 before it is published
    published_size: int | None = None  # bytes of the MP4 that the sidecar was written for; None where it does not say
    extra: Mapping[str, Any] = field(default_factory=dict)  # keys of the sidecar that this release does not know

    @classmethod
    def new(
        cls,
        layout: Layout,
        camera: str,
        kind: ClipKind,
        requested: datetime,
        start: datetime,
        end: datetime,
        *,
        windows: Iterable[Span] = (),
        score: float | None = None,
        best: datetime | None = None,
        marks: Iterable[Mark] = (),
        part: int = 1,
    ) -> Clip:
        """A clip to publish: `requested` gives its name and day, `start` and `end` are what was really cut."""
        day = layout.day_of(requested)
        return cls(
            camera=camera,
            name=ClipName(requested, kind),
            day=day,
            folder=layout.day_dir(camera, day),
            start=start,
            end=end,
            time_zone=layout.zone_name,
            windows=tuple(windows),
            score=score,
            best=best,
            boxes=encode_marks(marks, start) or (),
            part=part,
        )

    @property
    def kind(self) -> ClipKind:
        """What made it."""
        return self.name.kind

    @property
    def path(self) -> Path:
        """The MP4."""
        return self.folder / f"{self.name.stem}.mp4"

    @property
    def thumbnail(self) -> Path:
        """The JPEG; not every clip has one."""
        return self.folder / f"{self.name.stem}.jpg"

    @property
    def sidecar(self) -> Path:
        """The JSON; a clip filed from elsewhere has none."""
        return self.folder / f"{self.name.stem}.json"

    @property
    def kept_marker(self) -> Path:
        """Exists where a person decided to keep the clip."""
        return self.folder / f"{self.name.stem}.kept"

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What moves in it, over time; what of it is damaged is left out."""
        return decode_marks(self.boxes, self.start)

    @property
    def span(self) -> Span:
        """All of it."""
        return Span(self.start, self.end)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.span.duration

    @property
    def whole(self) -> bool:
        """Whether the sidecar was surely written for this MP4, not for one whose publishing was cut short."""
        return self.published_size == self.size

    def shows(self, windows: Iterable[Span]) -> bool:
        """Whether its motion overlaps one of these windows; without windows of its own, whether it does at all."""
        own = self.windows or (self.span,)
        return any(mine.overlaps(other) for other in windows for mine in own)


def encode_sidecar(clip: Clip) -> bytes:
    """The sidecar's content."""
    values = {
        **clip.extra,
        "version": VERSION,
        "camera": clip.camera,
        "kind": clip.kind,
        "start": iso(clip.start),
        "end": iso(clip.end),
        "time_zone": clip.time_zone,
        "windows": [[iso(window.start), iso(window.end)] for window in clip.windows],
        "score": clip.score,
        "best": None if clip.best is None else iso(clip.best),
        "part": clip.part,
        "size": clip.published_size,
    }
    text = json.dumps(values, ensure_ascii=False, indent=1)
    if clip.boxes:  # in one line, where each number would have its own
        boxes = json.dumps(clip.boxes, ensure_ascii=False, separators=(",", ":"))
        text = text.removesuffix("\n}") + f',\n "boxes": {boxes}\n}}'
    return text.encode() + b"\n"


def read_sidecar(path: Path) -> dict[str, Any]:
    """The values in a sidecar; ValueError where it is damaged, FileNotFoundError where there is none."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("not a regular file")  # a FIFO would be waited for
    values = json.loads(path.read_bytes())
    if not isinstance(values, dict):
        raise ValueError("not a table")
    return values


def clip_from_sidecar(
    values: Mapping[str, Any],
    camera: str,
    name: ClipName,
    folder: Path,
    day: date,
    *,
    kept: bool = False,
    size: int = 0,
) -> Clip:
    """The clip that a sidecar describes; ValueError where it does not. Camera and kind come from where it lies."""
    score, part, zone = values.get("score"), values.get("part", 1), values.get("time_zone", "")
    published_size, boxes = values.get("size"), values.get("boxes")
    try:
        start, end = from_iso(values["start"]), from_iso(values["end"])
        windows = tuple(Span(from_iso(begin), from_iso(until)) for begin, until in values.get("windows", ()))
    except (KeyError, TypeError) as error:
        raise ValueError(f"no start, end or windows as there should be: {error}") from error
    if end < start or not isinstance(zone, str) or not isinstance(part, int) or not _is_score(score):
        raise ValueError("end, time_zone, part or score is none")
    return Clip(
        camera=camera,
        name=name,
        day=day,
        folder=folder,
        start=start,
        end=end,
        time_zone=zone,
        windows=windows,
        score=score,
        best=_time_or_none(values.get("best")),
        boxes=boxes if isinstance(boxes, list) and boxes else (),
        part=part,
        kept=kept,
        size=size,
        published_size=published_size if isinstance(published_size, int) else None,
        extra={key: value for key, value in values.items() if key not in _KEYS},
    )


def remove_clip(clip: Clip) -> None:
    """Remove a clip's files, the MP4 first: what a crash leaves behind has none and is swept. Raises OSError."""
    for path in (clip.path, clip.thumbnail, clip.sidecar, clip.kept_marker):
        path.unlink(missing_ok=True)


def _time_or_none(value: object) -> datetime | None:
    try:
        return from_iso(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None  # the clip is no worse without


def _is_score(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
