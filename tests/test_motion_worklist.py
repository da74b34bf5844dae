"""Which segments are scanned together, and with how much before them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mediamtx.listing import Segments
from mediamtx.names import Segment, Stream
from motion.worklist import unprocessed, works

T = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DETECT, MAIN = Stream("front", detect=True), Stream("front")


def segments(stream: Stream, *starts: float) -> list[Segment]:
    return [Segment(stream, T + timedelta(seconds=start)) for start in starts]


def test_a_chunk_has_its_lead_in_and_ends_with_what_is_to_do() -> None:
    known = segments(DETECT, *range(0, 400, 10))
    (work,) = works(known[26:28], known)
    assert work.segments == tuple(known[20:28])  # from 40 s before 18:04:00 on
    assert work.lead == 4
    assert work.todo == frozenset(known[26:28])


def test_a_long_run_is_cut_at_the_chunks() -> None:
    known = segments(DETECT, *range(0, 400, 10))
    run = works(known, known)
    assert [(len(work.segments), work.lead, len(work.todo)) for work in run] == [
        (24, 0, 24),
        (20, 4, 16),
    ]


def test_what_comes_before_a_segment_is_the_same_in_every_run() -> None:
    known = segments(DETECT, *range(3, 400, 10))
    (last,) = works(known[20:21], known)
    (whole,) = (work for work in works(known, known) if known[20] in work.todo)
    cut = whole.segments.index(known[20]) + 1
    assert last.segments == whole.segments[:cut] and last.lead == whole.lead


def test_a_main_segment_of_a_minute_has_the_one_before_as_lead_in() -> None:
    known = segments(MAIN, 0, 60.3, 120.6)
    assert [(work.segments, work.lead) for work in works(known, known)] == [
        ((known[0],), 0),
        ((known[0], known[1]), 1),
        ((known[1], known[2]), 1),
    ]


def test_new_retried_and_late_segments_are_to_do() -> None:
    new, retried, late, done, aside = segments(DETECT, 50, 10, 20, 30, 40)
    finished = Segments(DETECT, sorted(segment.file_name for segment in (new, retried, late, done, aside)))
    watermark = T + timedelta(seconds=45)
    assert unprocessed(finished, watermark, {retried}, [late]) == [retried, late, new]
    assert unprocessed(finished, watermark, {retried}, [retried, late]) == [retried, late, new], "each once"
    assert unprocessed(finished[1:], watermark, {retried}, []) == [new], "what is gone is not retried"
    assert unprocessed(finished, None, (), ()) == sorted([new, retried, late, done, aside])
