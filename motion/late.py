"""Footage that comes late: its motion joins the events around it, whose clips may be published already."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime

from mediamtx.catalogue import clips_near
from mediamtx.layout import Layout
from mediamtx.segments import Span
from motion.events import Event, Rules, Window, assemble, joined
from motion.state import CameraState, Pending


def rejoin(
    layout: Layout,
    camera: str,
    state: CameraState,
    windows: Sequence[Window],
    known_until: datetime | None,
    rules: Rules,
    leaving: Container[str] = (),
) -> None:
    """Put late windows into the state, as one event with the open, the waiting and the published ones they reach.

    Published events come back as waiting ones; publishing them replaces their clips. Kept clips stay as they are, and
    so do those `leaving` (names without ending), whose windows are given where they still hold.
    """
    group = list(windows)
    while True:
        before = len(joined(group))
        reach = [Span(window.start - rules.merge_gap, window.end + rules.merge_gap) for window in joined(group)]
        if state.open is not None and _touches(state.open, reach):
            group += state.open.windows
            state.open = None
        near = [item for item in state.pending if _touches(item.event, reach)]
        state.pending = [item for item in state.pending if item not in near]
        group += [window for item in near for window in item.event.windows]
        for clip in clips_near(layout, camera, Span(reach[0].start, reach[-1].end)):
            given = clip.name.stem in leaving
            if clip.kind == "motion" and not clip.kept and not given and clip.windows and clip.shows(reach):
                group += [Window.told(span, clip.score or 0.0, clip.marks) for span in clip.windows]
        if len(joined(group)) == before:
            break
    over, still_open = assemble(None, group, known_until, rules)
    if still_open is not None:
        if state.open is None:
            state.open = still_open
        else:  # two that are out of each other's reach: the earlier one is over
            first, state.open = sorted((still_open, state.open), key=lambda event: event.start)
            over += assemble(first, (), None, rules)[0]
    state.pending = sorted([*state.pending, *map(Pending, over)], key=lambda item: item.event.start)


def _touches(event: Event, reach: Iterable[Span]) -> bool:
    spans = [Span(window.start, window.end) for window in event.windows]
    return any(span.overlaps(other) for span in spans for other in reach)
