"""Truth beside what ours reports of one clip, and the pictures that weigh most against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from clips import Clip
from recorded import Looked, judged, scores_of
from scoring import LATE, PAD, Score, Span, joined, score

from config.settings import CameraSettings

WORST = 12
"""Pictures that are listed of each sort."""
Mark = tuple[float, float, tuple[tuple[float, ...], ...]]
"""Time (s from the clip's start), score, boxes."""


def explained(clip: Clip, looked: Looked, settings: CameraSettings) -> str:
    """All of it as text; times in s from the clip's start."""
    events = judged(looked, settings)
    marks = scores_of(looked)
    result = score(clip.visits, events, clip.seconds, settings.merge_gap)
    head = [
        f"{clip.name} ({clip.half}), {clip.seconds:g} s, begins {looked.start:%H:%M:%S}, threshold "
        f"{100 - settings.sensitivity:g}",
        f"found {result.found} of {result.visits}, false {result.false}, outside {result.outside:.1f} s, "
        f"split {result.split}, merged {result.merged}",
    ]
    return (
        "\n".join([*head, *_truth(clip, events, marks, result), *_reported(clip, events, marks, result, settings)])
        + "\n"
    )


def _truth(clip: Clip, events: Sequence[Span], marks: Sequence[Mark], result: Score) -> Iterator[str]:
    yield "\ntruth:"
    for visit in sorted(clip.visits, key=lambda v: v.start):
        best = max((mark for at, mark, _ in marks if visit.start <= at < visit.end), default=0.0)
        told = ", ".join(f"{e.start:.1f}-{e.end:.1f}" for e in events if e.overlap(visit.span)) or "nothing"
        note = "optional" if visit.optional else "MISSED" if visit in result.missed else ""
        yield f"  {visit.start:7.1f} -{visit.end:7.1f} {visit.kind:10} best {best:5.1f}  told: {told}  {note}"
    for visit in result.missed:
        yield f"\npictures of the missed one at {visit.start:.1f}:"
        yield from _lines([mark for mark in marks if visit.start - 0.5 <= mark[0] < visit.end + 0.5][: 2 * WORST])


def _reported(
    clip: Clip, events: Sequence[Span], marks: Sequence[Mark], result: Score, settings: CameraSettings
) -> Iterator[str]:
    yield "\nreported:"
    allowed = joined((Span(v.start - PAD, v.end + PAD) for v in clip.visits), settings.merge_gap)
    for event in events:
        out = event.end - event.start - sum(event.overlap(span) for span in allowed)
        note = "FALSE" if event in result.false_events else f"outside {out:.1f} s" if out > LATE else ""
        yield f"  {event.start:7.1f} -{event.end:7.1f}  {note}"
    yield "\nstrongest pictures outside:"
    outside = [mark for mark in marks if not any(span.start <= mark[0] < span.end for span in allowed)]
    yield from _lines(sorted(outside, key=lambda mark: -mark[1])[:WORST])


def _lines(marks: Iterable[Mark]) -> Iterator[str]:
    """Pictures with their boxes in px of 320 x 180."""
    for at, mark, boxes in marks:
        places = " ".join(f"{x * 320:.0f},{y * 180:.0f} {w * 320:.0f}x{h * 180:.0f}" for x, y, w, h in boxes)
        yield f"  {at:7.1f} score {mark:5.1f}  {places}"
