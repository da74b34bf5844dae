"""Why something did or did not trigger, in words: pure decisions over what is known of a moment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from config.settings import CameraSettings
from motion.activity import HIGHEST, NO_FOOTAGE
from motion.events import Rules

MATTERS = 5
"""Points by which a score must differ to be spoken of."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a moment; scores are the highest within NEAR of it, 0 to 100."""

    camera: CameraSettings
    kept: int  # the kept score of its second, or NO_FOOTAGE or NOT_SCANNED
    footage: bool = False
    ahead: bool = False  # it is still to come
    whole_until: str = ""  # of the newest segment, which is not finished: up to when it is whole, in local time
    aside: str = ""  # why its segment is not tried any more
    problem: str = ""  # why its segment cannot be read now
    score: float = 0.0  # confirmed
    same_second: float = 0.0  # the highest of that whole second, as a pass would note it now
    alone: float = 0.0  # of the strongest picture, without confirmation
    reason: str = ""  # in the detector's words
    unignored: float = 0.0  # without ignored areas
    smallest: float = 0.0  # with the smallest min_size
    clips: tuple[str, ...] = ()  # what is said of the clips there


def reasons(facts: Facts) -> Iterator[str]:
    """Why it did or did not trigger, a line each, the first one foremost."""
    camera, limit = facts.camera, Rules.of(facts.camera).threshold
    threshold = f"the threshold of {limit:.0f} (sensitivity = {camera.sensitivity})"
    if not camera.motion:
        yield "motion is off for this camera (motion = false): nobody looks for any"
    if not facts.footage:
        if facts.ahead:
            yield "that time is still to come"
        elif facts.whole_until:
            yield (
                f"not recorded as a whole yet: the segment that is being written goes up to {facts.whole_until}; "
                "ask again in a moment"
            )
        elif facts.kept <= HIGHEST:
            than = "reaches" if facts.kept >= limit else "is below"
            yield f"the footage is deleted; the score of {facts.kept} that was kept of that second {than} {threshold}"
        elif facts.kept == NO_FOOTAGE:
            yield "no footage: nothing was recorded then"
        else:
            yield "no footage of that time is there"
        yield from facts.clips
        return
    if facts.problem:
        yield f"the footage cannot be read: {facts.problem}"
        yield from facts.clips
        return
    if facts.aside:
        yield f"the segment was set aside, as it could not be read: {facts.aside}"
    elif facts.kept > HIGHEST and camera.motion and facts.whole_until:
        yield "not scanned yet: its segment is not finished, and a pass takes it once it is"
    elif facts.kept > HIGHEST and camera.motion:
        yield "not scanned yet: a pass takes segments that are finished, oldest first"
    if facts.score >= limit:
        yield f"it triggers: a score of {facts.score:.0f} reaches {threshold}"
    else:
        yield f"it does not trigger: a score of {facts.score:.0f} is below {threshold}"
        yield from _cures(facts, limit)
    if facts.reason:
        yield f"the detector says: {facts.reason}"
    if facts.kept <= HIGHEST and abs(facts.kept - facts.same_second) > 2 * MATTERS:
        yield f"a pass has noted {facts.kept} for that second: it went by other settings, or by another release"
    yield from facts.clips


def _cures(facts: Facts, limit: float) -> Iterator[str]:
    camera = facts.camera
    if facts.unignored >= max(limit, facts.score + MATTERS):
        yield f"it is in an ignored area: without `ignore` the score would be {facts.unignored:.0f}"
    elif facts.smallest >= max(limit, facts.score + MATTERS):
        yield (
            f"it is too small: with min_size = 1 instead of {camera.min_size:g} the score would be {facts.smallest:.0f}"
        )
    elif facts.alone >= max(limit, facts.score + MATTERS):
        yield (
            f"it was there too short: a single picture scores {facts.alone:.0f}, but confirm_frames = "
            f"{camera.confirm_frames} asks for as many in a row"
        )
    elif facts.score >= 1:
        enough = math.ceil(100 - facts.score)
        yield f"sensitivity = {enough} would take it; ./birbcam scan --what-if sensitivity={enough} tells what else"
