"""What the motion job remembers of one camera between two passes: small, versioned, replaced as a whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from config.errors import StateError
from mediamtx.files import TEMPORARY, make_folder, sweep_files, sync_folder, write_file
from mediamtx.layout import Layout
from mediamtx.marks import decode_marks, encode_marks
from mediamtx.names import Segment, Stream, from_iso, iso
from mediamtx.segments import Seen, Span
from motion.events import Event, Window

log = logging.getLogger(__name__)
VERSION = 1
RETRIES = 3
"""So many passes try what fails, before it is set aside."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A segment that could not be read: how many passes tried, and why it failed."""

    tries: int
    reason: str

    @property
    def aside(self) -> bool:
        """Whether it is not tried any more."""
        return self.tries >= RETRIES


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that is over and whose clip is still to be published; tries that failed for the footage's sake."""

    event: Event
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Short:
    """A clip for which there was not all the footage that it should show; see `motion.short`."""

    clip: str  # its name without ending
    lacks: Span
    after: datetime | None  # start of the last main segment that there was before the end of that
    windows: tuple[Window, ...] = ()  # of its event, that lie there
    come: bool = False  # a later one is there now, and the clip is to be cut again


@dataclass(slots=True)
class StreamState:
    """How far one stream is processed: the start of the last segment, and where it ends."""

    done: datetime | None = None
    until: datetime | None = None
    newest: datetime | None = None  # start of the newest segment, where it was not finished when last seen
    seen: Seen | None = None  # its size, and since when it has had that


@dataclass(slots=True)
class Again:
    """What is still to be scanned again; see `motion.rescan`."""

    asked: str  # by which request
    rest: list[Span]  # sorted, apart from each other; the piece in hand is part of it
    piece: Span | None = None  # the one in hand
    footage: list[Span] = field(default_factory=list)  # its seconds of which there is footage
    before: list[Window] = field(default_factory=list)  # of events that were open there, or waited for their clip
    stale: list[str] = field(default_factory=list)  # clips to be removed, by name without ending


@dataclass(slots=True)
class CameraState:
    """Everything that is remembered of one camera."""

    streams: dict[Stream, StreamState] = field(default_factory=dict)
    troubles: dict[Segment, Trouble] = field(default_factory=dict)
    late: dict[Segment, Seen] = field(default_factory=dict)  # from before the watermark, and may still grow
    undated: int = 0  # segments from before this release was built, when last counted
    ahead: int = 0  # segments dated far ahead, when last counted
    open: Event | None = None
    pending: list[Pending] = field(default_factory=list)
    loose: dict[str, Seen] = field(default_factory=dict)  # loose files that may still grow
    again: Again | None = None
    short: list[Short] = field(default_factory=list)

    def stream(self, stream: Stream) -> StreamState:
        """The progress of one stream."""
        return self.streams.setdefault(stream, StreamState())


def load_state(layout: Layout, camera: str, now: datetime) -> tuple[CameraState, bool]:
    """The state of a camera, and whether it must be rebuilt: the file is damaged (and kept aside then) or was lost.

    Raises StateError where the file can be neither read nor kept aside.
    """
    path = layout.motion_state(camera)
    try:
        text = path.read_bytes()
    except FileNotFoundError:  # where something was scanned there was one, which was perhaps just moved aside
        return CameraState(), layout.activity_dir(camera).exists()
    except OSError as error:
        raise StateError(f"{path}: cannot be read ({error.strerror}); mend its rights") from error
    try:
        return decode(camera, json.loads(text)), False
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}")
        log.warning("%s: damaged (%s); kept as %s and rebuilt from what is on disk", path, error, aside.name)
        try:
            path.replace(aside)
        except OSError as problem:
            raise StateError(f"{path}: damaged, and cannot be moved away ({problem.strerror})") from problem
        return CameraState(), True


def save_state(layout: Layout, camera: str, state: CameraState) -> None:
    """Replace the state file as a whole, unless nothing changed; StorageError where that fails."""
    path = layout.motion_state(camera)
    text = json.dumps(encode(camera, state), separators=(",", ":")).encode()
    try:
        if path.read_bytes() == text:
            return
    except OSError:
        pass  # none yet; what else is wrong shows when it is written
    make_folder(path.parent)
    write_file(path, text)
    sync_folder(path.parent)


def sweep_states(layout: Layout) -> None:
    """Remove what a killed pass or another program left half written; only the holder of the scan lock may."""
    for ours in (".motion_state_", ".checked_"):
        for path in layout.state_dir.glob(f"{TEMPORARY}*{ours}*"):
            with suppress(OSError):  # of a disk that is read-only, which is said when the state is written
                path.unlink()
    sweep_files(layout.state_dir)


def encode(camera: str, state: CameraState) -> dict[str, Any]:
    """The state as JSON values."""
    return {
        "version": VERSION,
        "camera": camera,
        "streams": {
            stream.path: {
                "done": _time(known.done, exact=True),
                "until": _time(known.until, exact=True),
                "newest": _time(known.newest, exact=True),
                "seen": _seen(known.seen) if known.seen else None,
            }
            for stream, known in sorted(state.streams.items())
        },
        "troubles": {
            _key(segment): [trouble.tries, trouble.reason] for segment, trouble in sorted(state.troubles.items())
        },
        "late": {_key(segment): _seen(seen) for segment, seen in sorted(state.late.items())},
        "undated": state.undated,
        "ahead": state.ahead,
        "open": _event(state.open) if state.open else None,
        "pending": [{**_event(pending.event), "tries": pending.tries} for pending in state.pending],
        "loose": {name: _seen(seen) for name, seen in sorted(state.loose.items())},
        **({"again": _again(state.again)} if state.again is not None else {}),
        **({"short": [_short(item) for item in state.short]} if state.short else {}),
    }


def decode(camera: str, values: Mapping[str, Any]) -> CameraState:
    """What `encode` wrote; ValueError, KeyError, TypeError or AttributeError where it is damaged."""
    if values["version"] != VERSION or values["camera"] != camera:
        raise ValueError(f"version {values['version']!r} of camera {values['camera']!r}")
    state = CameraState(undated=int(values["undated"]), ahead=int(values.get("ahead", 0)))
    for name, known in values["streams"].items():
        stream = Stream.parse(name)
        if stream is None or stream.camera != camera:
            raise ValueError(f"{name!r} is no stream of this camera")
        done, until, newest = (_parsed(known[key]) for key in ("done", "until", "newest"))
        seen = None if known["seen"] is None else _parsed_seen(known["seen"])
        state.streams[stream] = StreamState(done, until, newest, seen)
    for name, (tries, reason) in values["troubles"].items():
        state.troubles[_parsed_key(name)] = Trouble(int(tries), str(reason))
    for name, seen in values["late"].items():
        state.late[_parsed_key(name)] = _parsed_seen(seen)
    state.open = _parsed_event(values["open"]) if values["open"] is not None else None
    state.pending = [Pending(_parsed_event(value), int(value["tries"])) for value in values["pending"]]
    for name, seen in values["loose"].items():
        state.loose[name] = _parsed_seen(seen)
    state.again = _parsed_again(values["again"]) if "again" in values else None
    state.short = [_parsed_short(value) for value in values.get("short", ())]  # an earlier release did without
    return state


def _event(event: Event) -> dict[str, Any]:
    return {
        "start": iso(event.start),
        "windows": [[iso(window.start), iso(window.end), window.score] for window in event.windows],
        "part": event.part,
        "limit": _time(event.limit),
        "boxes": encode_marks(event.marks, event.start),
    }


def _parsed_event(value: Mapping[str, Any]) -> Event:
    begin = from_iso(value["start"])
    marks = decode_marks(value.get("boxes"), begin)  # an earlier release did without
    windows = tuple(
        Window.told(Span(from_iso(start), from_iso(end)), float(score), marks) for start, end, score in value["windows"]
    )
    if not windows:
        raise ValueError("an event without a window")
    return Event(begin, windows, int(value["part"]), _parsed(value["limit"]))


def _again(again: Again) -> dict[str, Any]:
    return {
        "asked": again.asked,
        "rest": [_span(span) for span in again.rest],
        "piece": None if again.piece is None else _span(again.piece),
        "footage": [_span(span) for span in again.footage],
        "before": [_event(Event(window.start, (window,))) for window in again.before],
        "stale": again.stale,
    }


def _parsed_again(value: Mapping[str, Any]) -> Again:
    rest, footage = ([_parsed_span(span) for span in value[key]] for key in ("rest", "footage"))
    piece = None if value["piece"] is None else _parsed_span(value["piece"])
    before = [window for event in value["before"] for window in _parsed_event(event).windows]
    return Again(str(value["asked"]), rest, piece, footage, before, [str(stem) for stem in value["stale"]])


def _short(item: Short) -> dict[str, Any]:
    event = _event(Event(item.windows[0].start, item.windows)) if item.windows else None
    after = _time(item.after, exact=True)
    return {"clip": item.clip, "lacks": _span(item.lacks), "after": after, "event": event, "come": item.come}


def _parsed_short(value: Mapping[str, Any]) -> Short:
    windows = () if value["event"] is None else _parsed_event(value["event"]).windows
    lacks, after = _parsed_span(value["lacks"]), _parsed(value["after"])
    return Short(str(value["clip"]), lacks, after, windows, bool(value["come"]))


def _span(span: Span) -> list[str]:
    return [span.start.isoformat(), span.end.isoformat()]


def _parsed_span(value: list[str]) -> Span:
    return Span(from_iso(value[0]), from_iso(value[1]))


def _time(time: datetime | None, exact: bool = False) -> str | None:
    if time is None:
        return None
    return time.isoformat() if exact else iso(time)


def _parsed(text: str | None) -> datetime | None:
    return None if text is None else from_iso(text)


def _seen(seen: Seen) -> list[Any]:
    return [seen.size, seen.first_seen.isoformat()]


def _parsed_seen(value: list[Any]) -> Seen:
    return Seen(int(value[0]), from_iso(value[1]))


def _key(segment: Segment) -> str:
    return f"{segment.stream.path}/{segment.file_name}"


def _parsed_key(text: str) -> Segment:
    segment = Segment.from_path(Path(text))
    if segment is None:
        raise ValueError(f"{text!r} is no segment")
    return segment
