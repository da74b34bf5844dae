"""The Markdown tables of the accuracy benchmark; pure text from scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from clips import Clip
from report import table
from scoring import Score, median_error, share_late

if TYPE_CHECKING:
    from accuracy import Entry

AIMS: tuple[tuple[str, str, Callable[[Score], float], Callable[[float], bool]], ...] = (
    ("recall", ">= 0.98", lambda score: score.recall, lambda value: value >= 0.98),
    ("worst clip", ">= 0.9", lambda score: score.worst, lambda value: value >= 0.9),
    ("false events/h", "<= 1", lambda score: score.false_per_hour, lambda value: value <= 1),
    ("outside s/h", "<= 30", lambda score: score.outside_per_hour, lambda value: value <= 30),
    ("median start error, s", "< 0.3", lambda score: median_error(score.start_errors), lambda value: value < 0.3),
    ("split visits", "0", lambda score: score.split, lambda value: value == 0),
    ("merged visits", "0", lambda score: score.merged, lambda value: value == 0),
)
"""What is aimed at: its name and bound as text, how it is read from a score, and whether a value meets it."""
HALVES = {"dev": "the half it was made with", "held": "the half kept away from its making", "real": "real footage"}

MUCH = 3.0
"""Seconds more reported outside that are worth telling."""


def compared(entries: Sequence[Entry], clips: Sequence[Clip]) -> str:
    """Everybody over all footage, and over each half."""
    parts = []
    halves = [half for half in HALVES if any(clip.half == half for clip in clips)]
    for half in ["all", *halves] if len(halves) > 1 else halves:
        chosen = [clip for clip in clips if half in ("all", clip.half)]
        total = sum(clip.seconds for clip in chosen)
        visits = sum(not visit.optional for clip in chosen for visit in clip.visits)
        head = "All" if half == "all" else HALVES[half][0].upper() + HALVES[half][1:]
        parts.append(
            f"### {head}: {len(chosen)} clips, {total / 60:.0f} minutes, {visits} visits\n\n{_rows(entries, chosen)}"
        )
    return "\n\n".join(parts) + "\n"


def both_streams(entries: Sequence[Entry], clips: Sequence[Clip]) -> str:
    """Everybody on both streams of the clips that have both."""
    chosen = [clip for clip in clips if clip.detect and clip.main]
    minutes = sum(clip.seconds for clip in chosen) / 60
    main = [entry for entry in entries if not entry.detect]
    head = f"### The {len(chosen)} clips that have a main stream too, {minutes:.0f} minutes"
    return f"{head}\n\n{_rows(entries, chosen)}\n\n{per_clip(main, chosen)}"


def _rows(entries: Sequence[Entry], clips: Sequence[Clip]) -> str:
    head = ["", "recall", "worst clip", "false/h", "outside s/h", "split", "merged", "start error (median, share off)",
            "end error (median, share off)", "CPU s per hour"]  # fmt: skip
    rows = []
    for entry in entries:
        total = entry.total(clips)
        if not total.seconds:
            continue
        cpu = sum(entry.cpu.get(clip.name, 0.0) for clip in clips)
        rows.append([
            entry.who, f"{total.recall:.3f}", f"{total.worst:.2f}", f"{total.false_per_hour:.1f}",
            f"{total.outside_per_hour:.0f}", str(total.split), str(total.merged), error(total.start_errors),
            error(total.end_errors), f"{3600 * cpu / total.seconds:.1f}",
        ])  # fmt: skip
    return table(head, rows)


def error(errors: Sequence[float]) -> str:
    """Median and share over LATE."""
    return f"{median_error(errors):.2f} s, {share_late(errors):.0%}" if errors else "-"


def per_clip(entries: Sequence[Entry], clips: Sequence[Clip]) -> str:
    """Found of visits, false events, seconds outside, split and merged for each clip; the peers' found and false."""
    head = ["clip", "half", "visits"]
    for number, entry in enumerate(entries):
        who = entry.who.strip("*")
        head += (
            [f"{who}: found", "false", "outside s", "split/merged", "start"]
            if number == 0
            else [f"{who}: found, false, outside s"]
        )
    rows = []
    for clip in clips:
        row = [clip.name, clip.half, str(sum(not visit.optional for visit in clip.visits))]
        for number, entry in enumerate(entries):
            one = entry.scores.get(clip.name)
            if one is None:
                row += ["-"] * (5 if number == 0 else 1)
            elif number == 0:
                row += [_found(one), _bold(str(one.false), one.false > 0), f"{one.outside:.0f}",
                        f"{one.split}/{one.merged}", error(one.start_errors)]  # fmt: skip
            else:
                row.append(f"{one.found}, {one.false}, {one.outside:.0f}")
        rows.append(row)
    return f"### Each clip\n\n{table(head, rows)}\n"


def _found(one: Score) -> str:
    return _bold(str(one.found), one.recall < 1)


def _bold(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def per_kind(entries: Sequence[Entry], clips: Sequence[Clip]) -> str:
    """Share found of each kind of visit, for everybody."""
    totals = [entry.total(clips) for entry in entries]
    kinds = sorted({kind for total in totals for kind in total.kinds})
    rows = []
    for kind in kinds:
        visits = max(total.kinds.get(kind, (0, 0))[1] for total in totals)
        row = [kind, str(visits)]
        for total in totals:
            found, of = total.kinds.get(kind, (0, 0))
            row.append(f"{found / of:.2f}" if of else "-")
        rows.append(row)
    return f"### Each kind of visit: share found\n\n{table(['kind', 'visits', *(e.who for e in entries)], rows)}\n"


def curve(points: Sequence[tuple[float, Score]], default: float) -> str:
    """Recall against false events over sensitivities."""
    rows = [
        [_bold(f"{value:g}", value == default), f"{total.recall:.3f}", f"{total.false_per_hour:.1f}",
         f"{total.outside_per_hour:.0f}", str(total.split), error(total.start_errors)]
        for value, total in points
    ]  # fmt: skip
    head = ["sensitivity", "recall", "false/h", "outside s/h", "split", "start error"]
    return f"### Other sensitivities, judged from the same scan\n\n{table(head, rows)}\n"


def ablation(whole: Entry, entries: Sequence[Entry], clips: Sequence[Clip]) -> str:
    """The detector without each of its stages: over all, and the clips on which it is worse then."""
    rows = []
    for entry in [whole, *entries]:
        total = entry.total(clips)
        worse = ", ".join(
            f"{clip.name} ({text})"
            for clip in clips
            if clip.name in entry.scores and (text := _worse(whole.scores[clip.name], entry.scores[clip.name]))
        )
        rows.append([
            "nothing" if entry is whole else entry.who, f"{total.recall:.3f}", f"{total.false_per_hour:.1f}",
            f"{total.outside_per_hour:.0f}", str(total.split), str(total.merged), worse or "-",
        ])  # fmt: skip
    head = ["switched off", "recall", "false/h", "outside s/h", "split", "merged", "worse on"]
    return f"### What each stage of the detector is for\n\n{table(head, rows)}\n"


def _worse(before: Score, after: Score) -> str:
    """In what a clip is judged worse, as text; empty where in nothing."""
    told = []
    if after.found < before.found:
        told.append(f"finds {before.found - after.found} less of {before.visits}")
    if after.false > before.false:
        told.append(f"{after.false - before.false} more false")
    if after.outside > before.outside + MUCH:
        told.append(f"{after.outside - before.outside:.0f} s more outside")
    if after.split + after.merged > before.split + before.merged:
        told.append(f"{after.split + after.merged - before.split - before.merged} more split or merged")
    return ", ".join(told)


def aims(entry: Entry, clips: Sequence[Clip]) -> tuple[str, bool]:
    """Our aims beside what was reached over all and in each half, and whether all are met over all."""
    halves = [half for half in HALVES if any(clip.half == half for clip in clips)]
    totals = [entry.total(clips), *(entry.total([c for c in clips if c.half == half]) for half in halves)]
    rows, reached = [], True
    for what, bound, read, meets in AIMS:
        values = [read(total) for total in totals]
        rows.append([what, bound, *(f"{value:.3g}" if meets(value) else f"{value:.3g} **missed**" for value in values)])
        reached &= meets(values[0])
    return f"### Aims\n\n{table(['', 'aim', 'all', *halves], rows)}\n", reached
