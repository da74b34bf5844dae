"""Footage that is scanned again because somebody asked for it: what was found there gives way to what is found now.

It goes on in pieces of twelve minutes. What is in hand stands in the state file, so that a pass which is killed is
completed by the next one, whoever starts that:
1. of a piece, the footage on disk is noted, with the windows of events that wait for their clip there;
2. its scores are forgotten, on disk, so that the pass scans it as it does footage that came late;
3. windows found go to the piece, not to the events: it may be scanned in any order, and twice;
4. once it is scanned, what was found before in those seconds (clips' windows too) is left out, and what was found now
   joins whatever is near, as late footage does; clips in which nothing is left are named in the state;
5. these are removed; then the events are published like any others, in place of the clips that overlap them.
Kept and deleted clips are left as they are, and so are clips that could not be cut again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mediamtx.catalogue import clips_near, find_clip
from mediamtx.clips import Clip, remove_clip
from mediamtx.files import storage_error
from mediamtx.layout import Layout
from mediamtx.names import Segment
from mediamtx.segments import Span
from motion.activity import Activity
from motion.events import Rules, Window, joined
from motion.footage import Footage, end_of
from motion.late import rejoin
from motion.spans import union, without
from motion.state import Again, CameraState
from motion.worklist import DETECT_CHUNK

log = logging.getLogger(__name__)
PIECE = 3 * DETECT_CHUNK  # s, aligned to UTC: whole chunks; a pass that is killed loses no more work than that
SHORT = timedelta(seconds=75)
"""A segment may be taken to last until the next one begins, if that is no later; else it is looked at."""
SECOND, NONE = timedelta(seconds=1), timedelta(0)
Streams = Sequence[tuple[Footage, timedelta]]
"""What there is of each stream, with what its clock is behind the main stream's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wishes to be scanned again, and in which words: the same ones go on with what is unfinished."""

    span: Span
    text: str


class Rescan:
    """The scanning again of one camera's footage, as far as its state tells of one."""

    def __init__(self, layout: Layout, camera: str, state: CameraState, activity: Activity, rules: Rules) -> None:
        self._layout, self._camera = layout, camera
        self._state, self._activity, self._rules = state, activity, rules

        self._seen: list[Span] = []  # of the piece in hand, what was scanned
        self._found: list[Window] = []  # and what was found in it

    @property
    def in_hand(self) -> bool:
        """Whether a piece is begun and not finished."""
        return self._state.again is not None and self._state.again.piece is not None

    def request(self, span: Span, asked: str, streams: Streams) -> None:
        """Ask for the footage of `span`, while no piece is in hand; what is left of a request before is done as well.

        The same request again, told by `asked`, goes on where it is. What was set aside there is tried again.
        """
        again = self._state.again
        if again is not None and again.asked == asked:
            return
        for footage, offset in streams:
            first = footage.segments.up_to(span.start - offset)
            if first and self._end(footage, first[-1]) + offset > span.start:
                span = Span(min(span.start, first[-1].start + offset), span.end)
        offsets = {footage.stream: offset for footage, offset in streams}
        self._state.troubles = {
            segment: trouble
            for segment, trouble in self._state.troubles.items()
            if not trouble.aside or not span.start <= segment.start + offsets.get(segment.stream, NONE) < span.end
        }
        self._state.again = Again(asked, union([*(again.rest if again else ()), span]))

    def resume(self, removed: Callable[[Clip], None]) -> None:
        """Go on where a pass was ended; before anything else is done. StorageError, StateError."""
        again = self._state.again
        if again is not None:
            self._remove(again, removed)
            self.forget()

    def begin(self, streams: Streams) -> bool:
        """Take up the next piece; false where nothing is left. The caller saves the state, and then calls `forget`."""
        again = self._state.again
        while again is not None and again.piece is None:
            if not again.rest:
                self._state.again = again = None
                break
            piece = next_piece(again.rest[0])
            again.footage = self._footage(piece, streams)
            if again.footage:
                again.piece = piece
                self._take_events(again)
            else:
                again.rest = without(again.rest, [Span(piece.start, self._next_start(piece, streams))])
        self._seen, self._found = [], []
        return again is not None

    def forget(self) -> None:
        """Note that the piece in hand is to be scanned; StateError."""
        again = self._state.again
        if again is not None and again.footage:
            for span in again.footage:
                self._activity.forget(span)
            self._activity.save(durable=True)

    def covers(self, time: datetime) -> bool:
        """Whether footage that begins at `time` belongs to the piece in hand."""
        again = self._state.again
        return again is not None and any(span.start <= time < span.end for span in again.footage)

    def take(self, span: Span, windows: Iterable[Window]) -> None:
        """Note what was found in footage of the piece in hand."""
        self._seen = union([*self._seen, span])
        self._found = joined([*self._found, *windows])

    def finish(self, known_until: datetime | None, oldest_main: datetime | None) -> float:
        """End the piece in hand, which was scanned as far as it can be: so many seconds.

        The caller saves the scores before, and the state after; then it calls `resume`.
        """
        again = self._state.again
        assert again is not None and again.piece is not None
        group = [*self._found, *outside(again.before, self._seen)]
        touched = [clip for clip in self._clips(self._seen) if clip.shows(self._seen)]
        for clip in touched:
            group += outside((Window.told(w, clip.score or 0.0, clip.marks) for w in clip.windows), self._seen)
        if group:
            leaving = {clip.name.stem for clip in touched}
            rejoin(self._layout, self._camera, self._state, group, known_until, self._rules, leaving)
        events = [item.event for item in self._state.pending] + ([self._state.open] if self._state.open else [])
        moving = [Span(window.start, window.end) for event in events for window in event.windows]
        again.stale = [
            clip.name.stem
            for clip in touched
            if not clip.shows(moving) and (oldest_main is None or clip.windows[0].start >= oldest_main)
        ]
        again.rest = without(again.rest, [again.piece, *again.footage])  # which may go on beyond the piece
        again.piece, again.footage, again.before = None, [], []
        scanned = sum(span.duration for span in self._seen)
        self._seen, self._found = [], []
        return scanned

    def _remove(self, again: Again, removed: Callable[[Clip], None]) -> None:
        for stem in again.stale:
            clip = find_clip(self._layout, self._camera, stem)
            if clip is None or clip.kept:
                continue
            try:
                remove_clip(clip)
            except OSError as error:
                raise storage_error(clip.path, "cannot be removed", error) from error
            log.info("removed %s: its footage was scanned again, and nothing was found", clip.path)
            removed(clip)
        again.stale = []

    def _footage(self, piece: Span, streams: Streams) -> list[Span]:
        """Where there is footage that was scanned before and begins in the piece."""
        spans = []
        for footage, offset in streams:
            done = self._state.stream(footage.stream).done if footage.segments else None
            if done is None:
                continue
            for segment in footage.finished.since(piece.start - offset).up_to(min(done, piece.end - offset)):
                start = segment.start + offset
                if start < piece.end and self._activity.scanned(start + SECOND):
                    spans.append(whole_seconds(Span(start, self._end(footage, segment) + offset)))
        return union(spans)

    def _end(self, footage: Footage, segment: Segment) -> datetime:
        following = footage.follower(segment)
        if following is not None and following.start - segment.start <= SHORT:
            return following.start
        return end_of(self._layout, segment)

    def _next_start(self, piece: Span, streams: Streams) -> datetime:
        """Where the next footage after an empty piece begins."""
        starts = [
            later[0].start + offset
            for footage, offset in streams
            if (later := footage.segments.since(piece.end - offset))
        ]
        return min(starts, default=datetime.max.replace(tzinfo=UTC))

    def _take_events(self, again: Again) -> None:
        """Take over the events that wait or are open in the piece, before their clips are made."""

        def here(windows: Iterable[Window]) -> bool:
            return any(Span(w.start, w.end).overlaps(span) for w in windows for span in again.footage)

        state = self._state
        taken = [item for item in state.pending if here(item.event.windows)]
        state.pending = [item for item in state.pending if item not in taken]
        again.before = [window for item in taken for window in item.event.windows]
        if state.open is not None and here(state.open.windows):
            again.before += state.open.windows
            state.open = None

    def _clips(self, spans: Sequence[Span]) -> list[Clip]:
        """The motion clips in these spans that may give way."""
        if not spans:
            return []
        near = clips_near(self._layout, self._camera, Span(spans[0].start, spans[-1].end))
        return [clip for clip in near if clip.kind == "motion" and clip.windows and not clip.kept]


def next_piece(rest: Span) -> Span:
    """The first piece of what is left."""
    end = datetime.fromtimestamp((int(rest.start.timestamp()) // PIECE + 1) * PIECE, UTC)
    return Span(rest.start, min(rest.end, end))


def outside(windows: Iterable[Window], spans: Sequence[Span]) -> list[Window]:
    """What of the windows lies in none of the spans."""
    return [
        Window.told(part, window.score, window.marks)
        for window in windows
        for part in without([Span(window.start, window.end)], spans)
    ]


def whole_seconds(span: Span) -> Span:
    """The seconds whose scores are forgotten of a segment: the last one is shared with what follows."""
    start, end = span.start.replace(microsecond=0), span.end.replace(microsecond=0)
    return Span(start, max(end, start + 2 * SECOND))
