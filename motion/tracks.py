"""Tracks: which blobs of following pictures may be one thing on its way."""

from __future__ import annotations

from collections import deque
from math import hypot, log2, log10, pi

import numpy as np

from motion.background import Picture
from motion.blobs import Blobs, joined
from motion.look import Seen
from motion.track import SLACK, Track, least_wrong, link_chance, point_of

FASTEST = 800.0  # px/s of a picture 320 px wide: its width in 0.4 s
MOST = 30  # tracks
CREATE = 1.0  # log10 of how many chance pairs are followed in a picture
PAIR_OVER = 3  # pictures back in which the first of a pair is looked for
LOST_AFTER = 0.7  # s without a blob that end a track
LOST_STANDING = 2.0  # s of one that is proven and stood
UNLIKE = 4.0  # octaves of strength between two pictures of something that passes a darker ground
FLIP = 0.5  # log10: something dark before a bright place may turn bright before a dark one, once in three
STOOD = 0.4  # s after which something stands, and may go off in any direction
FAR = 0.1  # blobs that chance puts as near, at most, where something came from


class Tracks:
    """The tracks of the pictures so far; `scale` is the picture's width over 320 px."""

    def __init__(self, scale: float = 1.0) -> None:
        self.tracks: list[Track] = []
        self._scale = scale
        self.recent: deque[Seen] = deque(maxlen=PAIR_OVER + 2)  # the last pictures
        self._loose: deque[tuple[Seen, Blobs]] = deque()  # of the last pictures, those that belong to no track

    @property
    def idle(self) -> bool:
        """Whether nothing is followed."""
        return not self.tracks and not self._loose

    def known(self, blobs: Blobs, time: float) -> Picture:
        """Which track each blob is taken for by place; sets `fits` of tracks; -1 where there is none."""
        taken = np.full(len(blobs), -1)
        for track in self.tracks:
            track.fits = -1
        if not self.tracks or not len(blobs):
            return taken
        x, y, last_x, last_y, tolerance, strength, area, bright, proven = self._predicted(time)
        self._apart = apart = _off_course(x, y, last_x, last_y, blobs)
        ratio = np.abs(np.log2(blobs.strength)[None, :] - strength[:, None])
        flips = (blobs.bright[None, :] * bright[:, None] < 0) & (np.minimum(area[:, None], blobs.area[None, :]) < 60)
        cost = apart / tolerance[:, None] + 0.25 * ratio + 0.5 * flips - proven[:, None]  # what is known goes first
        cost[(apart > tolerance[:, None]) | (ratio > 3)] = np.inf
        for flat in np.argsort(cost, axis=None):
            one, other = divmod(int(flat), len(blobs))
            if not np.isfinite(cost[one, other]):
                break
            if self.tracks[one].fits < 0 and taken[other] < 0:
                self.tracks[one].fits = other
                taken[other] = one
        return taken

    def _predicted(self, time: float) -> tuple[Picture, ...]:
        rows = []
        for track in self.tracks:
            last, before = track.points[-1], track.points[-2]
            step = max(last.seen.time - before.seen.time, 0.05)
            wait = min(time - last.seen.time, 0.6)
            go_x, go_y = (last.x - before.x) / step * wait, (last.y - before.y) / step * wait
            tolerance = SLACK * self._scale + 0.35 * last.area**0.5 + 0.5 * hypot(go_x, go_y) + 10 * max(0, wait - step)
            rows.append(
                (
                    last.x + go_x,
                    last.y + go_y,
                    last.x,
                    last.y,
                    tolerance,
                    track.typical,
                    last.area,
                    last.bright,
                    float(track.proven),
                )
            )
        return tuple(np.array(rows).T)

    def go_on(self, seen: Seen, blobs: Blobs, taken: Picture, step: float) -> list[Track]:
        """Link the blobs of a picture, whose `known` was asked before; the tracks that have a new point."""
        grown = []
        for number, track in enumerate(self.tracks):
            apart = float(self._apart[number, track.fits]) if track.fits >= 0 else 0.0
            if track.fits < 0 and track.last.seen.time - track.moved > STOOD:
                apart = self._leave(track, seen.time, blobs, taken, step)
            if track.fits < 0:
                track.between.append(seen)
                continue
            point = point_of(seen, blobs, track.fits)
            point.wrong = max(apart, least_wrong(point))
            # Each picture in which it could have gone on is another chance.
            point.times = max(1.0, (seen.time - track.last.seen.time) / step)
            track.add(point, link_chance(blobs.density[track.fits], point))
            grown.append(track)
        free = taken < 0
        made = self._pairs(seen, blobs, free)
        for track in made:
            free[track.fits] = False
        self._loose.append((seen, blobs.only(free)))
        return grown + made

    def _leave(self, track: Track, time: float, blobs: Blobs, taken: Picture, step: float) -> float:
        """Whether what is known went off to a blob near which chance hardly puts one; how far, px."""
        last = track.last
        wait = time - last.seen.time
        apart = np.hypot(blobs.x - last.x, blobs.y - last.y)
        likely = blobs.density * pi * np.maximum(apart, 1.0) ** 2 * max(1.0, wait / step)
        near = (taken < 0) & (apart <= FASTEST * self._scale * wait)
        near &= np.abs(np.log2(np.maximum(blobs.strength, 1.0)) - track.typical) <= 2
        likely = np.where(near, likely, np.inf)
        at = int(np.argmin(likely)) if len(blobs) else -1
        if at < 0 or likely[at] >= FAR:
            return 0.0
        track.fits = at
        taken[at] = self.tracks.index(track)
        return float(apart[at])

    def _pairs(self, seen: Seen, blobs: Blobs, free: Picture) -> list[Track]:
        """New tracks of a free blob of the last pictures and one of this."""
        if not self._loose or not free.any():
            return []
        old = joined([blobs for _, blobs in self._loose])
        if not len(old):
            return []
        which = np.repeat(np.arange(len(self._loose)), [len(blobs) for _, blobs in self._loose])
        waits = np.array([seen.time - other.time for other, _ in self._loose])[which]
        apart = np.hypot(blobs.x[None, :] - old.x[:, None], blobs.y[None, :] - old.y[:, None])
        ratio = np.abs(np.log2(blobs.strength[None, :] / old.strength[:, None]))
        smaller = np.minimum(old.area[:, None], blobs.area[None, :])
        flips = (blobs.bright[None, :] * old.bright[:, None] < 0) & (smaller < 60)
        good = (apart <= FASTEST * self._scale * waits[:, None]) & (ratio <= UNLIKE) & free[None, :]
        wrong = np.maximum(apart, np.maximum(2.0, 0.5 * np.sqrt(smaller)))
        chance = np.log10(old.everywhere)[:, None] + np.log10(np.minimum(1.0, blobs.density[None, :] * pi * wrong**2))
        chance += np.log10(len(self._loose) - which)[:, None]
        chance += 0.2 * ratio + FLIP * flips  # it may have crossed to another ground, but that is rare
        chance = np.where(good & (chance < CREATE), chance, np.inf)
        made: list[Track] = []
        from_, to = set[int](), set[int]()
        for flat in np.argsort(chance, axis=None):
            one, other = divmod(int(flat), len(blobs))
            if not np.isfinite(chance[one, other]) or len(self.tracks) + len(made) >= MOST:
                break
            if one in from_ or other in to:
                continue
            from_.add(one)
            to.add(other)
            first, second = point_of(self._loose[which[one]][0], old, one), point_of(seen, blobs, other)
            second.wrong = max(float(wrong[one, other]), least_wrong(second))
            second.times = float(len(self._loose) - which[one])
            link = link_chance(blobs.density[other], second)
            track = Track([first], log10(first.all), moved=seen.time, fits=other, typical=log2(first.strength))
            track.compared(old, one)
            track.add(second, link)
            made.append(track)
        for track in made:
            from_ |= self._come_from(track, old, which, from_)
            shown = {point.seen.time for point in track.points}
            track.between = [one for one in self.recent if min(shown) < one.time < seen.time and one.time not in shown]
        self.tracks += made
        if from_:
            for number in range(len(self._loose)):
                keep = np.array([i not in from_ for i in np.flatnonzero(which == number)], bool)
                self._loose[number] = (self._loose[number][0], self._loose[number][1].only(keep))
        return made

    def _come_from(self, track: Track, old: Blobs, which: Picture, used: set[int]) -> set[int]:
        """Begin a new track with an earlier blob, where chance hardly puts one as near: it may have landed fast."""
        first = track.points[0]
        best, at = FAR, -1
        for one in range(len(old)):
            seen = self._loose[which[one]][0]
            wait = first.seen.time - seen.time
            if one in used or wait <= 0 or abs(log2(old.strength[one] / first.strength)) > 3:
                continue
            apart = hypot(old.x[one] - first.x, old.y[one] - first.y)
            likely = old.density[one] * pi * max(apart, least_wrong(first)) ** 2 * PAIR_OVER
            if apart <= FASTEST * self._scale * wait and likely < best:
                best, at = likely, one
        if at < 0:
            return set()
        point = point_of(self._loose[which[at]][0], old, at)
        first.wrong, first.times = hypot(point.x - first.x, point.y - first.y), float(PAIR_OVER)
        track.begin_at(point, log10(best))
        track.compared(old, at)
        return {at}

    def forget(self) -> None:
        """Nothing of what was seen lately counts."""
        self.tracks = []
        self._loose.clear()

    def drop_loose(self, time: float) -> list[Blobs]:
        """Forget blobs that found no other; they are returned."""
        dropped = []
        while self._loose and (len(self._loose) > PAIR_OVER or time - self._loose[0][0].time > LOST_AFTER):
            dropped.append(self._loose.popleft()[1])
        return [blobs for blobs in dropped if len(blobs)]

    def drop_lost(self, time: float) -> list[Track]:
        """Forget the tracks that have ended; they are returned."""
        lost = [track for track in self.tracks if time - track.last.seen.time > _patience(track)]
        if lost:
            self.tracks = [track for track in self.tracks if track not in lost]
        return lost


def _off_course(x: Picture, y: Picture, last_x: Picture, last_y: Picture, blobs: Blobs) -> Picture:
    """How far each blob is from the way between where a track was and where it should be: it may have stopped."""
    way_x, way_y = (x - last_x)[:, None], (y - last_y)[:, None]
    from_x, from_y = blobs.x[None, :] - last_x[:, None], blobs.y[None, :] - last_y[:, None]
    share = np.clip((from_x * way_x + from_y * way_y) / np.maximum(way_x**2 + way_y**2, 1e-6), 0, 1)
    return np.asarray(np.hypot(from_x - share * way_x, from_y - share * way_y))


def _patience(track: Track) -> float:
    standing = track.last.seen.time - track.moved > STOOD
    return LOST_STANDING if track.proven and standing else LOST_AFTER
