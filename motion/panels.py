"""A picture that explains: what the detector saw, tile by tile, the scores around it, and the reasons in words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import cv2
import numpy as np

from config.settings import Polygons
from motion.activity import HIGHEST
from motion.detector import Picture
from motion.look import Frame
from motion.witness import AROUND, View

TILE = 480  # px, width of a tile
EDGE = 12  # px between things
ROW = 26  # px, height of a line of text
CHART = 200  # px, height of the scores
LETTERS = 135  # of a line
CONTRAST = 4  # times, that a difference is shown
_FONT = cv2.FONT_HERSHEY_SIMPLEX
# Colours are blue, green, red.
_PAPER, _INK, _FAINT, _BOX, _TRACK, _IGNORED, _LIMIT = (
    (250, 250, 250),
    (40, 40, 40),
    (190, 190, 190),
    (60, 60, 230),
    (230, 160, 30),
    (60, 190, 230),
    (60, 60, 230),
)
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Story:
    """All that is drawn."""

    title: str
    moment: datetime
    view: View | None
    frames: Sequence[Frame]  # with their confirmed scores
    seconds: bytes  # the kept scores, a second each, from the second in which `moment` - AROUND lies
    threshold: float
    ignore: Polygons
    words: Sequence[str]


def drawn(story: Story) -> bytes:
    """The story as a PNG."""
    rows = [_text([story.title], large=True)]
    if story.view is not None:
        rows += _tiles(story)
    rows.append(_chart(story))
    rows.append(_text([line for words in story.words for line in textwrap.wrap(words, LETTERS)]))
    height = sum(row.shape[0] for row in rows) + EDGE * (len(rows) + 1)
    page = np.full((height, WIDE + 2 * EDGE, 3), 250, np.uint8)
    top = EDGE
    for row in rows:
        page[top : top + row.shape[0], EDGE : EDGE + WIDE] = row
        top += row.shape[0] + EDGE
    done, data = cv2.imencode(".png", page)
    assert done
    return data.tobytes()


WIDE = 2 * TILE + EDGE


def _tiles(story: Story) -> list[Picture]:
    view = story.view
    assert view is not None
    scene = _tile(view.luma)
    for polygon in story.ignore:
        cv2.polylines(scene, [_points(polygon, scene)], True, _IGNORED, 2)
    for track in view.tracks:
        cv2.polylines(scene, [_points(track, scene)], False, _TRACK, 2)
    for x, y, width, height in view.boxes:
        (left, top), (right, bottom) = _points([(x, y), (x + width, y + height)], scene)
        cv2.rectangle(scene, (int(left) - 2, int(top) - 2), (int(right) + 2, int(bottom) + 2), _BOX, 2)
    named = [("what it saw: boxes, tracks, ignored areas", scene)]
    for name, picture in (
        ("background", view.background),
        (f"difference, {CONTRAST} times", None if view.difference is None else _stronger(view.difference)),
        ("what holds together", view.blobs),
    ):
        if picture is not None:
            named.append((name, _tile(picture)))
    tiles = [_labelled(name, tile) for name, tile in named]
    blank = np.full_like(tiles[0], 250)
    tiles += [blank] * (len(tiles) % 2)
    gap = np.full((tiles[0].shape[0], EDGE, 3), 250, np.uint8)
    return [np.hstack([left, gap, right]) for left, right in zip(tiles[::2], tiles[1::2], strict=True)]


def _chart(story: Story) -> Picture:
    """The scores over the seconds around the moment, with the threshold."""
    chart = np.full((CHART + ROW, WIDE, 3), 250, np.uint8)
    whole = 2 * AROUND.total_seconds()
    begin = story.moment - AROUND

    def x(time: datetime) -> int:
        return 40 + round((WIDE - 60) * (time - begin).total_seconds() / whole)

    def y(score: float) -> int:
        return round(ROW + (CHART - ROW) * (1 - score / HIGHEST))

    for number, value in enumerate(story.seconds):
        start = begin.replace(microsecond=0) + timedelta(seconds=number)
        left, right = max(x(start), 40), min(x(start + timedelta(seconds=1)), WIDE - 20)
        if value <= HIGHEST and left < right:
            cv2.rectangle(chart, (left, y(value)), (right - 1, y(0)), _FAINT, cv2.FILLED)
    cv2.line(chart, (40, y(story.threshold)), (WIDE - 20, y(story.threshold)), _LIMIT, 1)
    cv2.line(chart, (x(story.moment), y(HIGHEST)), (x(story.moment), y(0)), _INK, 1)
    if story.frames:
        line = np.array([(x(frame.time), y(frame.score)) for frame in story.frames], np.int32)
        cv2.polylines(chart, [line], False, _INK, 2, cv2.LINE_AA)
    for score in (0, 50, HIGHEST):
        _write(chart, f"{score}", (0, y(score) + 5))
    for seconds in range(-10, 11, 5):
        _write(
            chart,
            f"{seconds:+d} s" if seconds else "0 s",
            (x(story.moment + timedelta(seconds=seconds)) - 18, CHART + 18),
        )
    _write(chart, "score: line = scanned now, grey = kept by the second, red = threshold", (40, 14))
    return chart


def _text(lines: Sequence[str], large: bool = False) -> Picture:
    block = np.full((ROW * max(1, len(lines)), WIDE, 3), 250, np.uint8)
    for number, line in enumerate(lines):
        _write(block, line, (0, ROW * number + 18), 0.7 if large else 0.52)
    return block


def _write(picture: Picture, text: str, place: tuple[int, int], size: float = 0.45) -> None:
    plain = text.encode("ascii", "replace").decode()  # the font has no more
    cv2.putText(picture, plain, place, _FONT, size, _INK, 1, cv2.LINE_AA)


def _labelled(name: str, tile: Picture) -> Picture:
    return np.vstack([_text([name])[:, :TILE], tile])


def _tile(picture: Picture) -> Picture:
    """A grey picture as a tile, each of its pixels to be seen."""
    height = max(1, round(picture.shape[0] * TILE / picture.shape[1]))
    large = cv2.resize(np.ascontiguousarray(picture), (TILE, height), interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(large, cv2.COLOR_GRAY2BGR)


def _stronger(difference: Picture) -> Picture:
    return cv2.convertScaleAbs(difference, alpha=CONTRAST)


def _points(relative: Sequence[tuple[float, float]], tile: Picture) -> Picture:
    height, width = tile.shape[:2]
    return np.array([(round(x * width), round(y * height)) for x, y in relative], np.int32)
