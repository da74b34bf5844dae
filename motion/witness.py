"""What the detector saw at a moment: the footage around it is scanned as a pass would, with somebody looking over its
shoulder. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mediamtx.layout import Layout
from mediamtx.listing import Segments
from mediamtx.names import Segment
from mediamtx.segments import Span
from motion.background import Picture
from motion.chunk import Source
from motion.detector import Detector
from motion.look import RAISE, Box, Frame, Look, Seen
from motion.scan import scan
from motion.trace import reason_of
from motion.track import Track
from motion.worklist import works

AROUND = timedelta(seconds=10)
"""So much before and after the moment is shown."""
NEAR = timedelta(seconds=1)
"""So far from the moment the strongest picture may be."""
UNSEEN = "not found in this picture, but before and after it"


@dataclass(frozen=True, slots=True)
class View:
    """One picture and what the detector made of it; pictures are grey, shape (height, width), uint8."""

    time: datetime
    luma: Picture
    score: float  # of this picture alone, 0 to 100
    boxes: tuple[Box, ...]
    background: Picture | None = None  # what it knows to be there
    difference: Picture | None = None  # how much differs, grey levels
    blobs: Picture | None = None  # what of it holds together: 255 there, 0 elsewhere
    tracks: tuple[tuple[tuple[float, float], ...], ...] = ()  # where things went, relative to the picture
    reason: str = ""  # in the detector's words


@dataclass(frozen=True, slots=True)
class Testimony:
    """The confirmed scores around a moment, oldest first, and the strongest picture near it."""

    frames: tuple[Frame, ...]
    view: View | None
    problems: tuple[str, ...] = ()  # of segments that could not be read


class Witness:
    """A detector that keeps what it saw in the second before and after a moment (s since the Unix epoch)."""

    def __init__(self, look: Look, moment: float) -> None:
        self._detector = Detector(look, trace=True)
        self._moment = moment
        self._kept: list[tuple[Seen, View]] = []
        self._followed: dict[int, Track] = {}

    def warm_up(self, pictures: Sequence[Picture], keys: Sequence[bool] = (), ahead: bool = True) -> None:
        """As the detector's."""
        self._detector.warm_up(pictures, keys, ahead)

    def update(self, time: float, luma: Picture, key: bool = False) -> Seen:
        """As the detector's."""
        seen = self._detector.update(time, luma, key)
        if abs(time - self._moment) <= (NEAR + RAISE).total_seconds():
            self._followed.update((id(track), track) for track in self._detector.trace.followed)
        if abs(time - self._moment) <= NEAR.total_seconds():
            self._kept.append((seen, view_of(self._detector, time, luma)))
        return seen

    def finish(self) -> None:
        """As the detector's."""
        self._detector.finish()

    @property
    def views(self) -> list[View]:
        """What was kept, with all that was said of it since."""
        return [self._later(seen, replace(view, score=seen.score, boxes=seen.boxes)) for seen, view in self._kept]

    def _later(self, seen: Seen, view: View) -> View:
        """With what became of what was followed then: also of what was found before and after, and not in between."""
        here = [track for track in self._followed.values() if any(point.seen is seen for point in track.points)]
        highest = max((track.mark for track in here), default=0.0)
        passing = [
            track
            for track in self._followed.values()
            if track not in here
            and track.points[0].seen.time < seen.time < track.last.seen.time
            and highest < track.mark <= seen.score + 0.5
        ]
        if not here and not passing:
            return view
        height, width = view.luma.shape
        lines = tuple(tuple((point.x / width, point.y / height) for point in track.points) for track in here + passing)
        reason = reason_of(passing or here)
        return replace(view, tracks=lines, reason=f"{UNSEEN}: {reason}" if passing else reason)


def view_of(detector: Detector, time: float, luma: Picture) -> View:
    """What the detector made of the picture that it was just given."""
    trace = detector.trace
    return View(
        datetime.fromtimestamp(time, UTC),
        luma.copy(),
        0.0,
        (),
        background=trace.background,
        difference=trace.difference,
        blobs=trace.blobs,
        tracks=trace.tracks,
        reason=trace.reason,
    )


def ask(
    layout: Layout, segments: Segments, moment: datetime, offset: timedelta, look: Look, view: bool = True
) -> Testimony:
    """Scan the footage of a stream around `moment` (both in the main stream's time; `offset` is what the stream's
    clock is behind it), in the chunks that a pass takes."""
    near = Span(moment - AROUND - offset, moment + AROUND - offset)
    todo = [*segments.up_to(near.start)[-1:], *segments.after(near.start).up_to(near.end)]
    frames: dict[datetime, Frame] = {}
    views: list[View] = []
    problems: list[str] = []
    for work in works(todo, segments):
        sources = [_source(layout, s, offset, i < work.lead, s in work.todo) for i, s in enumerate(work.segments)]
        witnesses: list[Witness] = []

        def made(look: Look, witnesses: list[Witness] = witnesses) -> Witness:
            witnesses.append(Witness(look, moment.timestamp()))
            return witnesses[-1]

        for scanned in scan(sources, look, make=made if view else Detector):
            problems += [scanned.problem] * bool(scanned.problem)
            for frame in scanned.frames:
                if frame.time not in frames or frame.score >= frames[frame.time].score:
                    frames[frame.time] = frame
        known = {view.time for view in views}  # of the chunk that they lie in, not of the next one's lead-in
        views += [view for witness in witnesses for view in witness.views if view.time not in known]
    shown = tuple(frames[time] for time in sorted(frames) if abs(time - moment) <= AROUND)
    best = max(views, key=lambda one: (round(one.score), -abs(one.time - moment)), default=None)
    return Testimony(shown, best, tuple(problems))


def _source(layout: Layout, segment: Segment, offset: timedelta, lead: bool, fresh: bool) -> Source:
    return Source(layout.segment_path(segment), segment.start + offset, lead, fresh)
