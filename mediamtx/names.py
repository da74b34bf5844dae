"""Names on disk as values: streams, segments and clips, each with encode and decode. All times are UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from config.errors import ConfigError
from config.settings import CAMERA_NAME

ClipKind = Literal["motion", "saved", "manual"]
KINDS: tuple[ClipKind, ...] = get_args(ClipKind)

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""When this release was built: footage dated before it comes from a clock that was not set yet."""

_DETECT = "_detect"
_TO_DASH = str.maketrans(":.", "--")
_SEGMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)-(\d{6})\.mp4", re.ASCII)
_CLIP = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)-(\d{{3}})_({'|'.join(KINDS)})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """The main or the detect stream of a camera; `path` is its name at the recorder and on disk."""

    camera: str
    detect: bool = False

    def __post_init__(self) -> None:
        if not CAMERA_NAME.fullmatch(self.camera):
            raise ConfigError(f"{self.camera!r} is not a camera name; allowed are a-z, 0-9 and -")

    @property
    def path(self) -> str:
        """`front` or `front_detect`."""
        return self.camera + _DETECT * self.detect

    @classmethod
    def parse(cls, path: str) -> Stream | None:
        """The stream with this path; None where it is none of ours."""
        camera = path.removesuffix(_DETECT)
        return cls(camera, camera != path) if CAMERA_NAME.fullmatch(camera) else None


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One recorded file of one stream; ordered by stream, then start."""

    stream: Stream
    start: datetime  # UTC, of its oldest sample, as the recorder estimated it

    @property
    def file_name(self) -> str:
        """`2026-11-20_18-03-07-123456.mp4`, UTC to the microsecond."""
        return segment_name(self.start)

    @classmethod
    def from_path(cls, path: Path) -> Segment | None:
        """The segment stored at `<stream>/<file name>`; None where the name is none of ours."""
        start, stream = parse_segment_name(path.name), Stream.parse(path.parent.name)
        return None if start is None or stream is None else cls(stream, start)


@dataclass(frozen=True, slots=True, order=True)
class ClipName:
    """What a clip is called: its requested start, UTC, cut to the millisecond, and its kind."""

    start: datetime
    kind: ClipKind

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", floor_ms(self.start))

    @property
    def stem(self) -> str:
        """`2026-11-20_18-03-04-120_motion`."""
        return f"{self.start:%Y-%m-%d_%H-%M-%S}-{self.start.microsecond // 1000:03}_{self.kind}"

    @classmethod
    def parse(cls, stem: str) -> ClipName | None:
        """The name with this stem; None where it is none of ours."""
        match = _CLIP.fullmatch(stem)
        if match is None:
            return None
        *numbers, milliseconds, kind = match.groups()
        try:
            start = datetime(*map(int, numbers), int(milliseconds) * 1000, tzinfo=UTC)  # type: ignore[misc, arg-type]
        except ValueError:  # digits that are no date
            return None
        return cls(start, kind)  # type: ignore[arg-type]


def segment_name(start: datetime) -> str:
    """What a segment that starts then is called; names sort as the times do."""
    start = start.astimezone(UTC)
    # isoformat, as strftime does not pad years before 1000 everywhere
    return start.replace(tzinfo=None).isoformat("_", "microseconds").translate(_TO_DASH) + ".mp4"


def parse_segment_name(name: str) -> datetime | None:
    """The start of the segment called `name`; None where it is none of ours."""
    match = _SEGMENT.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:  # digits that are no date
        return None


def floor_ms(time: datetime) -> datetime:
    """`time` in UTC, cut to the millisecond."""
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def iso(time: datetime) -> str:
    """ISO 8601 in UTC to the millisecond: `2026-11-20T18:03:04.120Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """The time written by `iso`, or with any offset; ValueError where it has none."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return time.astimezone(UTC)
