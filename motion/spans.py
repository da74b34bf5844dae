"""Stretches of time, put together and taken from each other."""

from __future__ import annotations

from collections.abc import Iterable

from mediamtx.segments import Span


def union(spans: Iterable[Span]) -> list[Span]:
    """The same stretches of time in order, with those that overlap or touch made one."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What of the spans lies in none of the others."""
    result = list(spans)
    for other in others:
        pieces = (
            (Span(span.start, min(span.end, other.start)), Span(max(span.start, other.end), span.end))
            for span in result
        )
        result = [part for pair in pieces for part in pair if part.start < part.end]
    return result
