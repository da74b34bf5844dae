"""The motion detector: pictures with their times in, a score for each out. It knows nothing of files.

A cheap test on every picture: does anything differ from the background by more than its noise? Only then the light
is compensated, and what still differs is gathered in blobs, followed in tracks, and judged: a track's score is the
least of the marks that the stages give it (`motion.marks`), each on one scale where 50 is just enough. Pictures that
a track went through are raised when it has proved itself, up to RAISE later.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from motion import light, marks
from motion.background import Background, Picture
from motion.blobs import NONE, Blobs, find
from motion.crowd import Crowd
from motion.look import RAISE, Look, Seen
from motion.place import Place
from motion.trace import Trace
from motion.track import Track, box_of
from motion.tracks import Tracks
from motion.unrest import LARGE, Unrest
from motion.weather import Weather

__all__ = ["STAGES", "Detector", "Picture", "Seen"]

STAGES = (
    *("light", "pulse", "former", "guard", "chance", "travel", "solid", "texture"),
    *("insect", "weather", "unrest", "hold", "ahead"),
)
"""What may be left out, to see what it is good for."""
LEAST = 3  # px that differ, for a closer look
REST, BUSY = 1.0, 0.4  # s between two updates of the background, when nothing moves and when something does
SHORT = 0.7  # s; a track no longer than that is judged after WAIT
WAIT = 2.0  # s in which it shows how much else is about
SURE = 1.0  # tenfolds; a track that goes on by links which are no better than chance is no longer there
FEW = 4  # new blobs in a picture that are all held against the background, and not only once they are followed
LOOKS = 5  # pictures of a track, the last, in which it is held against the background
WORTH = 25.0  # mark that makes it worth that
BOXES = 6  # of a picture that are told, at most


class Detector:
    """Scores pictures of one size, of one camera, in the order of their times; `without` some of the STAGES."""

    def __init__(self, look: Look = Look(), without: frozenset[str] = frozenset(), trace: bool = False) -> None:  # noqa: B008 - frozen
        self._look = look
        self._off = without
        self._place: Place | None = None
        self._time: float | None = None  # of the picture before, s
        self._unlearnt = 0.0  # s since the background was brought up to date
        self._traced = trace
        self.trace = Trace()

    def warm_up(self, pictures: Sequence[Picture], keys: Sequence[bool] = (), ahead: bool = True) -> None:
        """Learn background and noise from pictures, as `update` takes them; what moves in them is left out.

        `keys` tells which are key frames. With `ahead` what else is about is learnt too: for pictures that are given
        to `update` next and are to be judged, as nothing came before them.
        """
        smooth = [cv2.blur(picture, (3, 3)) for picture in pictures]
        keys = keys if len(keys) else [False] * len(smooth)
        background = Background.of(smooth, keys, self._kept_out(smooth[0].shape))
        self._begin(background)
        if ahead and "ahead" not in self._off:
            level = background.level.copy()
            for number, (picture, key) in enumerate(zip(pictures, keys, strict=True)):
                self.update(number * self._crowd.step, picture, key)
            background.begin_again(level)
            assert self._place is not None
            drift = self._place.drift
            self._begin(background, self._crowd, self._weather, self._unrest)
            self._place.drift, self._looked = drift, len(pictures) * self._crowd.step

    def update(self, time: float, luma: Picture, key: bool = False) -> Seen:
        """What is to be said of the picture at `time` (s, any epoch, rising), shape (height, width).

        `key` tells of a key frame: its picture is encoded anew, and differs from the one before where nothing moves.
        """
        picture = cv2.blur(luma, (3, 3))
        if self._place is None or self._place.shape != picture.shape:
            self._begin(Background(picture, self._kept_out(picture.shape)))
        assert self._place is not None
        place, background = self._place, self._place.background
        key = key and "pulse" not in self._off
        seen = Seen(time)
        if self._time is None:
            self._unrest.look_again(time, self._looked)
            place.drift.look_again(time, self._looked)
        step = 0.2 if self._time is None else min(max(time - self._time, 0.01), 1.0)
        self._time = time
        self._crowd.step += 0.1 * (step - self._crowd.step)
        if self._traced:
            self.trace = Trace(background.model)
        excess = cv2.subtract(cv2.absdiff(picture, background.model), background.limit(key))
        fires = cv2.countNonZero(excess) >= LEAST
        self._tracks.recent.append(seen)
        if fires or self._tracks.tracks:
            excess = self._analyse(seen, picture, excess, key)
        else:
            self._weather.note(NONE, step)
        self._settle(time)
        place.previous = picture
        self._unlearnt += step
        if self._unlearnt >= (BUSY if fires else REST):
            lit = background.model if "light" in self._off else light.lit(background.model, place.coarse, picture)
            background.learn(picture, lit, excess, place.held(self._tracks.tracks), self._unlearnt, key)
            place.note()
            self._crowd.pass_time(time)
            self._unlearnt = 0.0
        return seen

    def finish(self) -> None:
        """Forget everything: what comes next is another place or time."""
        self._place = None

    def _begin(
        self,
        background: Background,
        crowd: Crowd | None = None,
        weather: Weather | None = None,
        unrest: Unrest | None = None,
    ) -> None:
        height, width = background.model.shape
        self._place = Place(background, self._off)
        self._scale = width / 320
        self._tracks = Tracks(self._scale)
        self._waiting: list[Track] = []  # short ones that have ended
        self._crowd = crowd or Crowd(height, width)
        self._crowd.rebase()
        self._weather = weather or Weather(height, width)
        self._unrest = unrest or Unrest(self._scale)
        self._usual = 0.0  # strength of what falls everywhere
        self._looked = 0.0  # s that were looked at ahead
        self._unlearnt = 0.0
        self._time = None

    def _kept_out(self, shape: tuple[int, ...]) -> Picture | None:
        if not self._look.ignore:
            return None
        mask = np.zeros(shape, np.uint8)
        for polygon in self._look.ignore:
            points = np.array(polygon) * (shape[1], shape[0])
            cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255)
        return mask

    def _analyse(self, seen: Seen, picture: Picture, excess: Picture, key: bool) -> Picture:
        """By how much the picture differs after all, grey levels; what does so is followed."""
        assert self._place is not None
        place = self._place
        lit, excess = place.differs(seen.time, picture, excess, key)
        if place.changed(seen, picture, excess, key, self._tracks.tracks):
            self._tracks.forget()
            self._waiting = []
            self.trace.reason = "the whole picture has changed, and is learnt anew"
            return np.zeros_like(picture)
        blobs = find(excess, picture, lit, max(self._look.min_size * self._scale**2, 1.0))
        self._follow(seen, picture, excess, lit, blobs)
        if self._traced:
            self.trace.show(lit, excess, [track for track in self._tracks.tracks if track.last.seen is seen])
        return excess

    def _follow(self, seen: Seen, picture: Picture, excess: Picture, lit: Picture, blobs: Blobs) -> None:
        assert self._place is not None
        tracks = self._tracks
        taken = tracks.known(blobs, seen.time)
        lasting = np.array([track.lasting for track in tracks.tracks] + [False])
        falls = blobs.area < LARGE * self._scale**2
        self._weather.note(blobs.only(~lasting[taken] & falls), self._crowd.step)
        self._usual = 0.0 if "weather" in self._off else self._weather.strength
        if self._usual > 0:  # what could not be told from the weather is not followed
            blobs = blobs.only((blobs.strength > self._usual) | ~falls)
            taken = tracks.known(blobs, seen.time)
        proven = np.array([track.proven for track in tracks.tracks] + [False])
        self._crowd.density(blobs, ~proven[taken])
        free = np.flatnonzero(taken < 0)
        if "texture" not in self._off and 0 < len(free) <= FEW:
            for at in free.tolist():
                blobs.likeness[at] = marks.compare(blobs.box(at), excess, picture, lit)
        for track in tracks.go_on(seen, blobs, taken, self._crowd.step):
            if track.lasted < SHORT:
                self._compare(track, picture, excess, lit)
                continue
            if not track.proven and track.lasted > WAIT:
                self._crowd.count_track(track)
            self._judge(track)
            if min(mark for stage, mark in track.marks.items() if stage != "texture") >= WORTH:
                self._compare(track, picture, excess, lit)
                self._judge(track)
            if track.sure >= SURE:
                self._tell(track, seen.time)
        over = self._place.stood(seen, picture, excess, tracks.tracks)
        tracks.tracks = [track for track in tracks.tracks if track not in over]

    def _settle(self, time: float) -> None:
        """Judge the short tracks that have ended, by what came since; count what belongs to nothing."""
        for blobs in self._tracks.drop_loose(time):
            self._crowd.count(blobs.x, blobs.y, blobs.strength)
        for track in self._tracks.drop_lost(time):
            if track.lasted < SHORT:
                self._waiting.append(track)
            else:
                self._over(track)
        while self._waiting and time - self._waiting[0].last.seen.time > WAIT:
            track = self._waiting.pop(0)
            self._crowd.pass_time(time)
            track.chance = max(track.chance, self._crowd.chance(track))
            self._judge(track)
            self._tell(track, time)
            self._over(track)

    def _over(self, track: Track) -> None:
        """Remember a track that has ended, for those to come."""
        assert self._place is not None
        self._unrest.ended(track, self._tracks.tracks, self._place.drift)
        if not track.proven:
            self._crowd.count_track(track)

    def _compare(self, track: Track, picture: Picture, excess: Picture, lit: Picture) -> None:
        """Hold a track against the background where it is."""
        if "texture" not in self._off and not track.proven:
            del track.looks[: len(track.looks) + 1 - LOOKS]
            track.looks.append(marks.compare(track.last.box, excess, picture, lit))

    def _judge(self, track: Track) -> None:
        assert self._place is not None
        told = {"size": marks.size_mark(marks.strength_of(track) / self._scale)}
        if "chance" not in self._off:
            told["chance"] = marks.chance_mark(track)
        if "travel" not in self._off:
            told["travel"] = marks.travel_mark(track, self._scale)
        if "solid" not in self._off:
            told["solid"] = marks.solid_mark(track, self._scale)
        if "insect" not in self._off and self._place.dark:
            told["insect"] = marks.insect_mark(track, self._scale)
        if self._usual > 0:
            told["weather"] = marks.weather_mark(track, self._usual)
        if track.looks:
            told["texture"] = marks.texture_mark(track.looks)
        bare = min(told.values())
        track.bare = max(track.bare, bare)
        if "unrest" not in self._off and (
            penalty := self._unrest.penalty(track, track.last.seen.time, self._place.drift)
        ):
            told["unrest"] = max(0.0, bare - penalty)
        track.marks = told
        track.mark = max(track.mark, min(told.values()))

    def _tell(self, track: Track, now: float) -> None:
        """Raise the scores of the pictures that the track was in."""
        assert self._place is not None
        since = now - RAISE.total_seconds() + 0.01
        for point in track.points:
            if point.seen.time >= since:
                box = box_of(point.box, *self._place.shape)
                if track.mark > 0 and box not in point.seen.boxes and len(point.seen.boxes) < BOXES:
                    point.seen.boxes += (box,)
                point.seen.score = max(point.seen.score, track.mark)
        first, last = track.points[0].seen.time, track.last.seen.time
        for other in track.between:
            if max(since, first) <= other.time < last:
                other.score = max(other.score, track.mark)
        track.between = []
