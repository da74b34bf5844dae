"""The place that a camera looks at, picture by picture: its light, whole changes of it, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from motion import light, marks
from motion.background import Background, Picture, edges
from motion.drift import Drift
from motion.look import Seen
from motion.track import Track

LEFT_SHARE = 0.02  # of the pixels that differ although the light was compensated: more may be another picture
ZONES = 7  # of the nine parts of the picture that change at once when the whole picture does, and not something in it
ZONE_SHARE = 0.15  # of the pixels of each
RELEARN = 0.6  # s that nothing new is told after the whole picture has changed
CLOUDS = 20.0  # s after light changed over a large part, in which its edges may be anywhere
HOLD = 30.0  # s that something which came and now stands still counts as present
HOLD_LARGE = 5.0  # s of something that could not stand as still if it lived
LARGE = 600.0  # px of a picture 320 px wide
APPEARED = 4.0  # s after which what never came, but appeared, is taken for background: a digit of a clock, a lamp
SETTLED = 0.9  # s after which something stands
GHOST = 1.5  # times stronger edges in the background than in the picture: something left, nothing came
_DISC = np.ones((5, 5), np.uint8)


class Place:
    """The background and what is known of it besides; `off` are stages left out."""

    def __init__(self, background: Background, off: frozenset[str]) -> None:
        self.background = background
        self.shape: tuple[int, int] = background.model.shape
        self.previous = background.model
        self._off = off
        self._scale = self.shape[1] / 320
        self.drift = Drift(self._scale)
        self._quiet_until = self._clouds_until = -np.inf
        self._carried = 0.0  # mark of what was under way when the whole picture changed
        self.note()

    def note(self) -> None:
        """What follows from the background, after it has changed."""
        self.coarse = light.coarse(self.background.model)
        self.dark = float(self.coarse.mean()) < marks.DARK

    def differs(self, time: float, picture: Picture, excess: Picture, key: bool) -> tuple[Picture, Picture]:
        """The background in the light of the picture, and by how much that differs from it beyond the limits.

        `excess` is the same in the light of the background.
        """
        background = self.background
        lit, limit = background.model, background.limit(key)
        ratio = None if "light" in self._off else light.change(self.coarse, picture)
        if ratio is not None:
            lit = light.shone(background.model, ratio)
            if light.is_wide(ratio):
                self._clouds_until = time + CLOUDS
            if time < self._clouds_until:
                self.drift.note(time, ratio, self.shape[1])
                excess = cv2.min(excess, cv2.subtract(light.beyond(background.model, ratio, picture), limit))
            doubt = cv2.convertScaleAbs(cv2.absdiff(lit, background.model), alpha=light.TRUST)
            excess = cv2.min(excess, cv2.subtract(cv2.absdiff(picture, lit), cv2.add(limit, doubt)))
        if background.former is not None and "former" not in self._off:
            excess = cv2.min(excess, cv2.subtract(cv2.absdiff(picture, background.former), limit))
            if time > background.former_until:
                background.former = None
        return lit, excess

    def changed(self, seen: Seen, picture: Picture, excess: Picture, key: bool, tracks: Sequence[Track]) -> bool:
        """Whether the whole picture has changed at once, and not only the light on it; it is learnt anew then.

        What was under way goes on over it.
        """
        if "guard" in self._off:
            return False
        if cv2.countNonZero(excess) > LEFT_SHARE * excess.size:
            jump = cv2.subtract(cv2.absdiff(picture, self.previous), self.background.limit(key))
            zones = cv2.resize(np.where(jump > 0, np.uint8(255), np.uint8(0)), (3, 3), interpolation=cv2.INTER_AREA)
            if np.count_nonzero(zones > ZONE_SHARE * 255) >= ZONES:
                if seen.time >= self._quiet_until:
                    self._carried = max((track.mark for track in tracks if track.proven), default=0.0)
                self._quiet_until = seen.time + RELEARN
        if seen.time >= self._quiet_until:
            return False
        seen.score = self._carried
        self.background.begin_again(picture)
        self.note()
        return True

    def stood(self, seen: Seen, picture: Picture, excess: Picture, tracks: Sequence[Track]) -> list[Track]:
        """The tracks that stood too long, or are only the place that something left: they are background now."""
        over = []
        for track in tracks:
            stands = seen.time - track.moved
            if track.last.seen is not seen or stands < SETTLED:
                continue
            left, top, right, bottom = track.last.box
            place = slice(max(0, top - 3), bottom + 3), slice(max(0, left - 3), right + 3)
            there = cv2.dilate(excess[place], _DISC)
            model = self.background.model[place]
            ghost = track.proven and edges(model, there) > GHOST * edges(picture[place], there)
            large = track.last.area > LARGE * self._scale**2
            hold = HOLD_LARGE if large else HOLD
            if not track.proven or "hold" in self._off:
                hold = APPEARED
            if ghost or stands > hold:
                where = np.zeros_like(excess)
                where[place] = there
                self.background.take_in(picture, where, seen.time)
                self.note()
                over.append(track)
        return over

    def held(self, tracks: Sequence[Track]) -> Picture | None:
        """255 where something is that must not be taken for background."""
        known = [track for track in tracks if track.proven]
        if not known:
            return None
        held = np.zeros(self.shape, np.uint8)
        for track in known:
            left, top, right, bottom = track.last.box
            held[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3] = 255
        return held
