"""What the detector saw in a picture, for whoever wants to understand it: kept only when it is asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motion.background import Picture
from motion.track import Track

WORDS = {
    "size": "it is small or faint",
    "chance": "among what else is about, chance may have made it",
    "travel": "it goes nowhere: it stays, or swings to and fro",
    "solid": "it is specks with gaps between, as leaves are",
    "weather": "it is not much stronger than what falls everywhere",
    "unrest": "many things nearly as good came lately, or went the same way: a storm, glitter or shadows of clouds",
    "insect": "in the dark, small bright things that keep turning are insects",
    "texture": "it looks like the background in another light, or a little aside",
}
"""What it means that a stage gives the least points."""


@dataclass(slots=True)
class Trace:
    """Of the picture that was given last; pictures have shape (height, width), uint8."""

    background: Picture | None = None  # in the light of the picture
    difference: Picture | None = None  # grey levels beyond what noise makes
    blobs: Picture | None = None  # 255 where something differs
    tracks: tuple[tuple[tuple[float, float], ...], ...] = ()  # where things went, relative to the picture
    reason: str = "nothing differs from the background by more than noise"
    followed: tuple[Track, ...] = ()  # what it goes on with: later pictures may tell more of these

    def show(self, background: Picture, excess: Picture, tracks: Sequence[Track]) -> None:
        """Take in what was made of a picture."""
        height, width = excess.shape
        self.background, self.difference = background, excess
        self.blobs = np.where(excess > 0, np.uint8(255), np.uint8(0))
        self.tracks = tuple(tuple((p.x / width, p.y / height) for p in track.points) for track in tracks)
        self.reason = reason_of(tracks)
        self.followed = tuple(tracks)


def reason_of(tracks: Sequence[Track]) -> str:
    """In words, of the track that comes nearest to being something."""
    if not tracks:
        return "what differs is not followed from picture to picture"
    best = max(tracks, key=lambda track: (track.mark, len(track.points)))
    last = best.last
    where = (
        f"something of {last.area:.0f} px at ({last.x:.0f}, {last.y:.0f}), followed over {len(best.points)} pictures"
    )
    if not best.marks:
        return f"{where}: too short yet to be judged"
    stage = min(best.marks, key=lambda name: best.marks[name])
    points = ", ".join(f"{name} {mark:.0f}" for name, mark in best.marks.items())
    if best.mark > best.marks[stage] + 1:  # its highest mark stands
        return f"{where}: {best.mark:.0f} points at its best, which count; what came last has less ({points})"
    word = f"; {WORDS[stage]}" if best.marks[stage] < 50 else ""
    return f"{where}: {best.mark:.0f} points{word} ({points}; 50 is just enough)"
