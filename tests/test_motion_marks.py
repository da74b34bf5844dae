"""What moves where and the best frame, from frames to events: pure, so tried with many made-up visits."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from config.settings import CameraSettings
from mediamtx.marks import MOST_BOXES, Mark, decode_marks, encode_marks
from mediamtx.segments import Span
from motion.best import best_of
from motion.events import MOST_MARKS, Event, Rules, Window, assemble, joined, windows_of
from motion.look import LOOK_BACK, Box, Frame
from motion.state import CameraState, decode, encode

T = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
RULES = Rules.of(CameraSettings())
SMALL, LARGE = (0.4, 0.4, 0.05, 0.05), (0.4, 0.4, 0.2, 0.2)


def at(seconds: float) -> datetime:
    return T + timedelta(milliseconds=round(seconds * 1000))


def mark(seconds: float, *boxes: Box) -> Mark:
    return Mark.of(at(seconds), boxes or (SMALL,))


class TestMarks:
    def test_a_box_is_told_in_thousandths(self) -> None:
        assert Mark.of(at(0), [(0.25, 0.5, 0.1, 0.0306)]).boxes == ((250, 500, 100, 31),)

    def test_a_box_stays_inside_the_picture_and_never_vanishes(self) -> None:
        boxes = [(-0.1, -0.2, 0.3, 0.3), (0.9, 0.9, 0.3, 0.3), (0.5, 0.5, 0.0001, 0.0), (1.0, 1.0, 0.0, 0.0)]
        assert Mark.of(at(0), boxes).boxes == (
            (0, 0, 200, 100),
            (900, 900, 100, 100),
            (500, 500, 1, 1),
            (999, 999, 1, 1),
        )

    def test_the_largest_boxes_are_kept_whatever_their_order(self) -> None:
        boxes = [(0.1 * i, 0.1, 0.01 * (i + 1), 0.05) for i in range(8)]
        shuffled = random.Random(1).sample(boxes, len(boxes))
        found = Mark.of(at(0), shuffled)
        assert found == Mark.of(at(0), boxes) and len(found.boxes) == MOST_BOXES
        assert found.boxes[0] == (700, 100, 80, 50)

    def test_what_is_written_is_read_again(self) -> None:
        marks = (mark(0), mark(0.2, SMALL, (0.7, 0.1, 0.1, 0.1)), mark(300, LARGE))
        assert decode_marks(json.loads(json.dumps(encode_marks(marks, at(-3)))), at(-3)) == marks

    def test_a_start_between_two_milliseconds_moves_nothing(self) -> None:
        start = at(-3) + timedelta(microseconds=700)
        assert decode_marks(encode_marks([mark(0)], start), start) == (mark(0),)


class TestBest:
    def test_without_marks_there_is_none(self) -> None:
        assert best_of([]) is None

    def test_the_largest(self) -> None:
        marks = [mark(i / 5, (0.3, 0.3, size, size)) for i, size in enumerate([0.1, 0.2, 0.3, 0.25, 0.1])]
        assert best_of(marks) == at(0.4)

    def test_one_large_thing_rather_than_many_small_ones(self) -> None:
        leaves = [(0.1 + 0.2 * i, 0.5, 0.1, 0.1) for i in range(4)]
        assert best_of([mark(0, *leaves), mark(0.2, (0.4, 0.4, 0.12, 0.12))]) == at(0.2)

    @pytest.mark.parametrize(
        "cut_off", [(0.0, 0.4, 0.3, 0.3), (0.7, 0.4, 0.3, 0.3), (0.4, 0.0, 0.3, 0.3), (0.4, 0.7, 0.3, 0.3)]
    )
    def test_whole_rather_than_cut_off_by_the_edge(self, cut_off: Box) -> None:
        assert best_of([mark(0, cut_off), mark(5, (0.4, 0.4, 0.2, 0.2)), mark(10, cut_off)]) == at(5)

    def test_far_too_small_is_not_better_because_it_is_whole(self) -> None:
        assert best_of([mark(0, (0.0, 0.4, 0.3, 0.3)), mark(5, (0.4, 0.4, 0.03, 0.03))]) == at(0)

    def test_where_it_rests_rather_than_where_it_flies(self) -> None:
        path = [0.1, 0.25, 0.4, 0.55, 0.56, 0.56, 0.7, 0.85]
        marks = [mark(i / 5, (x, 0.4, 0.1, 0.1)) for i, x in enumerate(path)]
        assert best_of(marks) == at(0.8)

    def test_of_equals_the_first(self) -> None:
        assert best_of([mark(0), mark(5), mark(10)]) == at(0)


class TestWindows:
    def test_frames_that_move_give_marks(self) -> None:
        frames = [Frame(at(i / 5), score, (SMALL,)) for i, score in enumerate([30, 60, 70, 30])]
        (window,) = windows_of(frames, at(0.8), RULES)
        assert window.marks == (mark(0.2), mark(0.4)) and window.best == at(0.2)

    def test_a_frame_that_moves_nowhere_gives_none(self) -> None:
        (window,) = windows_of([Frame(at(0), 60.0)], at(0.2), RULES)
        assert window.marks == () and window.best is None

    def test_joined_windows_have_the_marks_of_both_in_order(self) -> None:
        first, second = (Window(at(a), at(b), 60, (mark(a),)) for a, b in ((1, 3), (0, 1)))
        assert joined([first, second]) == [Window(at(0), at(3), 60, (mark(0), mark(1)))]

    def test_what_is_told_again_is_not_doubled_and_the_fuller_telling_stays(self) -> None:
        before, again = Window(at(0), at(1), 60, (mark(0.4),)), Window(at(0), at(1), 80, (mark(0.4, SMALL, LARGE),))
        for windows in ([before, again], [again, before], [before, again, before]):
            assert joined(windows) == [Window(at(0), at(1), 80, (mark(0.4, LARGE, SMALL),))]

    def test_a_window_that_was_written_down_has_its_own_marks(self) -> None:
        marks = [mark(1), mark(2), mark(3)]
        assert Window.told(Span(at(1), at(3)), 60, marks) == Window(at(1), at(3), 60, (mark(1), mark(2)))


class TestEvents:
    def test_parts_have_their_own_marks(self) -> None:
        rules = Rules.of(CameraSettings(max_event=30))
        marks = tuple(mark(3 + i / 5) for i in range(200))
        over, _ = assemble(None, [Window(at(3), at(43), 60, marks)], None, rules)
        assert [event.marks for event in over] == [marks[:135], marks[135:]]
        assert [event.best for event in over] == [at(3), at(30)]

    def test_the_best_is_that_of_all_windows(self) -> None:
        windows = [Window(at(10), at(11), 90, (mark(10),)), Window(at(13), at(14), 60, (mark(13, LARGE),))]
        (event,), _ = assemble(None, windows, None, RULES)
        assert event.best == at(13)

    @pytest.mark.parametrize("longest", [300, 3600])
    def test_an_event_has_no_more_marks_than_the_limit_and_keeps_its_best(self, longest: float) -> None:
        rules = Rules.of(CameraSettings(max_event=longest))
        steps = [3 + i * longest / 6000 for i in range(5800)]  # more than any scan looks at
        marks = tuple(mark(s, LARGE if i == 777 else SMALL) for i, s in enumerate(steps))
        (event,), _ = assemble(None, [Window(at(3), at(longest - 6), 60, marks)], None, rules)
        assert 0.8 * MOST_MARKS < len(event.marks) <= MOST_MARKS + 1
        assert event.best == marks[777].time
        assert all(first.time < second.time for first, second in pairwise(event.marks))

    def test_nothing_is_left_out_of_five_pictures_a_second(self) -> None:
        marks = tuple(mark(3 + i / 5) for i in range(1400))
        (event,), _ = assemble(None, [Window(at(3), at(283), 60, marks)], None, RULES)
        assert event.marks == marks

    def test_events_and_their_marks_are_the_same_however_the_runs_were_cut(self) -> None:
        """Random boxes in segments, the last LOOK_BACK told again and raised; also after each run a save and a load."""
        rng = random.Random(11)
        for _ in range(40):
            rules = Rules.of(CameraSettings(max_event=rng.choice([12, 30, 300]), merge_gap=rng.choice([0, 6])))
            step = rng.choice([0.07, 0.2])
            times = [round(i * step, 3) for i in range(round(60 / step))]
            final = {
                t: Frame(at(t), rng.choice([0.0, 60.0, 70.0]), tuple(_boxes(rng, rng.randrange(3)))) for t in times
            }
            segments = []
            for start in range(0, 60, 10):
                known = [f for t, f in final.items() if start - LOOK_BACK.total_seconds() <= t < start + 10]
                # Only what is older than that is surely final; of what is newer less may be said at first.
                told = [f if f.time < at(start + 6) else Frame(f.time, f.score, f.boxes[:1]) for f in known]
                segments.append((told, at(start + 10)))
            whole: list[Window] = []
            over: list[Event] = []
            state = CameraState()
            for frames, end in segments:
                windows = windows_of(frames, end, rules)
                whole += windows
                done, state.open = assemble(state.open, windows, end, rules)
                over += done
                state = decode("front", json.loads(json.dumps(encode("front", state))))
            done, _ = assemble(state.open, (), None, rules)
            assert [*over, *done] == assemble(None, whole, None, rules)[0]
            for event in [*over, *done]:
                assert all(w.start <= m.time < w.end for w in event.windows for m in w.marks)
                if step == 0.2 and rules.max_event > timedelta(seconds=60):
                    told_last = {m.time: m for f in final.values() if f.boxes for m in [Mark.of(f.time, f.boxes)]}
                    assert all(m == told_last[m.time] for m in event.marks if m.time < at(50))


def _boxes(rng: random.Random, count: int) -> list[Box]:
    return [(rng.random() * 0.8, rng.random() * 0.8, rng.random() * 0.2, rng.random() * 0.2) for _ in range(count)]


class TestState:
    def test_marks_are_kept(self) -> None:
        windows = (Window(at(0), at(1), 60, (mark(0), mark(0.8, LARGE))), Window(at(3), at(4), 60, (mark(3),)))
        state = CameraState(open=Event(at(-3), windows))
        assert decode("front", json.loads(json.dumps(encode("front", state)))).open == state.open

    def test_a_state_of_a_release_that_knew_none_loads(self) -> None:
        values = encode("front", CameraState(open=Event(at(-3), (Window(at(0), at(1), 60, (mark(0),)),))))
        del values["open"]["boxes"]
        assert decode("front", values).open == Event(at(-3), (Window(at(0), at(1), 60),))

    def test_the_state_stays_small(self) -> None:
        boxes = [(0.3 + 0.4 * (i % 700) / 700, 0.33, 0.117, 0.123) for i in range(1485)]
        frames = [Frame(at(i / 5), 60, (box,)) for i, box in enumerate(boxes)]
        _, still_open = assemble(None, windows_of(frames, at(297), RULES), at(297), RULES)
        assert still_open is not None and len(still_open.marks) == 1485
        assert len(json.dumps(encode("front", CameraState(open=still_open)), separators=(",", ":"))) < 40_000
