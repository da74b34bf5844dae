"""Segments to scores: decodes a run of segments and asks the detector; reads whole parts only and writes nothing.

What is said of a segment depends on a fixed stretch of footage before it, never on where a pass happened to begin:
time is cut into chunks (see `motion.worklist`), and each begins with a new detector that first sees the lead-in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from config.errors import SegmentError
from mediamtx.segments import Span
from motion.chunk import Scanned, Source
from motion.detector import Detector, Picture, Seen
from motion.events import confirmed
from motion.look import LOOK_BACK, Frame, Look
from motion.reader import Reader, Shown
from motion.worklist import LEAD

RESET_GAP = timedelta(seconds=10)
"""After a longer gap in the footage the detector begins anew."""


class Looker(Protocol):
    """What scan needs of a detector."""

    def warm_up(self, pictures: Sequence[Picture], keys: Sequence[bool] = (), ahead: bool = True) -> None: ...
    def update(self, time: float, luma: Picture, key: bool = False) -> Seen: ...
    def finish(self) -> None: ...


def scan(
    sources: Sequence[Source],
    look: Look,
    go_on: Callable[[], bool] = lambda: True,
    make: Callable[[Look], Looker] = Detector,
) -> Iterator[Scanned]:
    """What the detector says of each fresh source, one after the other; they are one chunk, oldest first.

    Ends early, within a segment, once `go_on` says no. `make` makes the detector.
    """
    detector, reader = make(look), Reader(look.economical)
    waiting: list[Shown] = []  # pictures of the lead-in, until there are enough to learn from
    learnt = False
    recent: list[tuple[datetime, Seen]] = []  # the last pictures of what was read before
    end: datetime | None = None
    first = next((source.start for source in sources if not source.lead), None)
    again = sources[-1].start - LEAD if sources else None  # the next chunk's lead-in cannot begin before
    for source in sources:
        if end is not None and source.start - end > RESET_GAP:
            detector.finish()
            waiting, learnt, recent = [], False, []
        scores = list(recent)
        lead_in = first - LEAD if source.lead and first is not None else None
        problem, last = "", None
        try:
            for picture in reader.pictures(source.path, source.start, lead_in, again):
                if not go_on():
                    return
                last = picture.time
                if learnt:
                    scores.append((picture.time, _seen(detector, picture)))
                    continue
                waiting.append(picture)
                if picture.time - waiting[0].time >= LEAD:
                    scores += _learn(detector, waiting, first)
                    waiting, learnt = [], True
        except SegmentError as error:
            problem = str(error)
            if last is None:
                if source.fresh:
                    yield Scanned(source, Span(source.start, source.start), problem=problem)
                continue
        if not learnt and waiting and not source.lead:
            scores += _learn(detector, waiting, first)
            waiting, learnt = [], True
        end = last if problem and last else reader.end
        if source.fresh:
            frames = _frames(scores, look.confirm_frames)
            begin = source.start - LOOK_BACK
            yield Scanned(source, Span(source.start, end), tuple(f for f in frames if f.time >= begin), problem)
        # Those before LOOK_BACK stand for good, but later ones are confirmed by them.
        since = max(0, sum(time < end - LOOK_BACK for time, _ in scores) - look.confirm_frames)
        recent = scores[since:]


def _frames(scores: Sequence[tuple[datetime, Seen]], confirm_frames: int) -> list[Frame]:
    marks = confirmed([seen.score for _, seen in scores], confirm_frames)
    return [
        Frame(time, round(mark, 1), seen.boxes if mark > 0 else ())
        for (time, seen), mark in zip(scores, marks, strict=True)
    ]


def _learn(detector: Looker, pictures: Sequence[Shown], first: datetime | None) -> list[tuple[datetime, Seen]]:
    """What is said of pictures that the detector has learnt from first: it looks ahead, so motion in them is found.

    Those from `first` on are judged themselves, so what is about in them is learnt beforehand too.
    """
    judged = first is not None and pictures[0].time >= first
    detector.warm_up([picture.luma for picture in pictures], [picture.key for picture in pictures], judged)
    return [(picture.time, _seen(detector, picture)) for picture in pictures]


def _seen(detector: Looker, picture: Shown) -> Seen:
    return detector.update(picture.time.timestamp(), picture.luma, picture.key)
