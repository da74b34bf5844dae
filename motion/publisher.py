"""Events to clips: cut from the main stream, published once, in place of what they make obsolete."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from config.errors import ClipError, StorageError
from mediamtx.catalogue import clips_near, find_clip
from mediamtx.clips import Clip, encode_sidecar
from mediamtx.cut import CutPart, cut
from mediamtx.layout import Layout
from mediamtx.marks import encode_marks, marks_within
from mediamtx.names import ClipName, Segment, floor_ms
from mediamtx.publish import publish, refresh, replace_overlapping, suppressed, temporary_path, thumbnail_of
from mediamtx.segments import Span, within
from motion.best import best_of
from motion.events import Event, Rules
from motion.footage import Footage, reaches
from motion.short import footage_in, has_come, lacking, remember
from motion.state import RETRIES, Pending, Short

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reels:
    """What clips are cut from: the main stream, or, where that cannot be had, the detect stream."""

    main: Footage
    main_stopped: bool
    detect: Sequence[Segment]
    detect_offset: timedelta


class Publisher:
    """One pass's publishing of a camera's pending events. What fails is left alone for the rest of the pass.

    In `short` is noted which clips lack footage. `told` hears of new clips, `renewed` of those of which another scan
    told other boxes or another score, `failed` of what went wrong.
    """

    def __init__(
        self,
        layout: Layout,
        camera: str,
        rules: Rules,
        short: list[Short],
        told: Callable[[Clip], None],
        renewed: Callable[[Clip], None],
        failed: Callable[[str], None],
    ) -> None:
        self._layout, self._camera, self._rules, self._short = layout, camera, rules, short
        self._told, self._renewed, self._failed = told, renewed, failed
        self._no_room = False  # nothing can be written: it is not tried again in this pass
        self._tried: set[Event] = set()  # without success: left alone until the next pass

    def publish(self, pending: Sequence[Pending], reels: Reels) -> list[Pending]:
        """Publish what can be; what is left for the next pass."""
        left = []
        for item in pending:
            if self._no_room or item.event in self._tried or not self._is_there(item.event, reels):
                left.append(item)
                continue
            try:
                self._one(item, reels)
            except StorageError as error:
                self._no_room = True
                self._failed(f"{self._camera}: {error}; the clip is made once that is mended")
                left.append(item)
            except ClipError as error:
                self._tried.add(item.event)
                if item.tries + 1 < RETRIES:
                    log.warning("%s: %s; tried again", self._camera, error)
                    left.append(Pending(item.event, item.tries + 1))
                else:
                    self._failed(f"{self._camera}: given up after {RETRIES} passes: {error}")
        return left

    def _is_there(self, event: Event, reels: Reels) -> bool:
        end = event.clip_end(self._rules.post)
        return reels.main_stopped or reaches(self._layout, reels.main, end)

    def _one(self, item: Pending, reels: Reels) -> None:
        event = item.event
        windows = tuple(Span(window.start, window.end) for window in event.windows)
        name = ClipName(event.start, "motion")
        before = find_clip(self._layout, self._camera, name.stem)
        same = before is not None and before.windows == windows
        # A clip whose publishing was cut short is finished, even if somebody has meanwhile decided to keep it.
        if (before is None or not same or before.whole) and suppressed(self._layout, self._camera, windows):
            log.debug("%s: motion at %s is in a clip that was kept or deleted", self._camera, windows[0].start)
            return
        if self._outlives(windows, reels):
            log.debug("%s: motion at %s is in a clip that can be cut so no more", self._camera, windows[0].start)
            return
        span = Span(event.start, event.clip_end(self._rules.post))
        if before is not None and same and before.whole and not has_come(self._short, name.stem):
            self._refresh(before, event)
            replace_overlapping(self._layout, self._camera, before)
            self._note_lacks(event, name.stem, reels)
            return
        parts, shift = self._cut(name, span, reels, last_try=item.tries + 1 == RETRIES)
        try:
            shown, end = [], parts[0].start
            for part in parts:  # where the clock was set back, they overlap: motion is told once
                inside = within(windows, Span(max(end, part.start) + shift, part.end + shift))
                shown.append((part, inside))
                end = max(end, part.end)
            # What has no motion is padding of another form, unless there is nothing else.
            published = [
                self._publish_part(event, number, part, inside, shift)
                for number, (part, inside) in enumerate([one for one in shown if one[1]] or shown[:1])
            ]
            self._note_lacks(event, published[0].name.stem, reels)
        finally:
            for part in parts:
                with suppress(OSError):  # the next sweep removes it
                    part.path.unlink()

    def _cut(self, name: ClipName, span: Span, reels: Reels, last_try: bool) -> tuple[Sequence[CutPart], timedelta]:
        """The parts cut, and how far their times are from the main stream's."""
        temporary = temporary_path(self._layout, self._camera, name, "motion")
        try:
            return cut(self._layout, reels.main.segments, span, temporary).parts, timedelta(0)
        except ClipError:
            if not last_try or not reels.detect:
                raise
        shift = reels.detect_offset
        shifted = Span(span.start - shift, span.end - shift)
        return cut(self._layout, reels.detect, shifted, temporary).parts, shift

    def _outlives(self, windows: Sequence[Span], reels: Reels) -> bool:
        """Whether a published clip of this motion begins where the footage is deleted already."""
        oldest = reels.main.segments[0].start if reels.main.segments else None
        near = clips_near(self._layout, self._camera, Span(windows[0].start, windows[-1].end))
        return oldest is not None and any(
            clip.kind == "motion" and clip.windows and clip.windows[0].start < oldest and clip.shows(windows)
            for clip in near
        )

    def _publish_part(
        self, event: Event, number: int, part: CutPart, windows: Sequence[Span], shift: timedelta
    ) -> Clip:
        shown = Span(part.start + shift, part.end + shift)
        marks = marks_within(event.marks, shown)
        best = best_of(marks) or _middle(event, shown)
        clip = Clip.new(
            self._layout,
            self._camera,
            "motion",
            shown.start if number else event.start,
            shown.start,
            shown.end,
            windows=windows,
            score=event.score,
            best=best,
            marks=marks,
            part=event.part + number,
        )
        published = publish(self._layout, clip, part.path, self._thumbnail(part.path, best - shift - part.start))
        replace_overlapping(self._layout, self._camera, published)
        self._told(published)
        return published

    def _refresh(self, clip: Clip, event: Event) -> None:
        """Write what another scan of the same windows told, where it differs."""
        marks = marks_within(event.marks, clip.span)
        if not marks:  # of an event from before there were any
            return
        best = best_of(marks) or _middle(event, clip.span)
        renewed = replace(clip, score=event.score, best=best, boxes=encode_marks(marks, clip.start))
        if encode_sidecar(renewed) != encode_sidecar(clip):
            refresh(renewed, self._thumbnail(clip.path, best - clip.start) if best != clip.best else None)
            self._renewed(renewed)

    def _note_lacks(self, event: Event, stem: str, reels: Reels) -> None:
        """Remember what footage there is none of; behind a stream that stopped, also of what might still join."""
        start, end = floor_ms(event.start), event.clip_end(self._rules.post)
        if reels.main_stopped and event.limit is None:
            end = max(end, event.windows[-1].end + self._rules.merge_gap)
        lacks = lacking(Span(start, end), footage_in(self._layout, reels.main, Span(start, end)))
        remember(self._short, stem, event.windows, lacks, reels.main)

    def _thumbnail(self, path: Path, moment: timedelta) -> bytes | None:
        try:
            return thumbnail_of(path, moment.total_seconds())
        except ClipError as error:
            log.warning("%s: a clip stays without a thumbnail: %s", self._camera, error)
            return None


def _middle(event: Event, shown: Span) -> datetime:
    """The middle of the strongest window of the footage shown: the best frame, as far as it is known without marks."""
    inside = [window for window in event.windows if shown.start <= window.start < shown.end]
    strongest = max(inside or event.windows, key=lambda window: window.score)
    middle = strongest.start + (strongest.end - strongest.start) / 2
    return floor_ms(min(max(middle, shown.start), shown.end))
