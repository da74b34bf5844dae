"""`python -m motion.explain CAMERA TIME`: why something did or did not trigger, in words and as a picture."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.check import nearest
from config.errors import ConfigError, SegmentError, run_main
from config.load import load_settings, use_config
from config.logs import setup_logging
from config.settings import Settings
from mediamtx.catalogue import clips_near
from mediamtx.decisions import tombstones
from mediamtx.files import storage_error
from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.names import Segment, Stream
from mediamtx.segments import Span, is_finished, look
from motion.activity import values_of
from motion.events import Rules
from motion.footage import STALLED, end_of
from motion.look import Look
from motion.panels import Story, drawn
from motion.reasons import Facts, reasons
from motion.state import CameraState, decode
from motion.times import FORMS, parse_time
from motion.witness import AROUND, NEAR, Testimony, ask


def explain(settings: Settings, camera: str, moment: datetime, now: datetime) -> Story:
    """All that is known of a moment, at the time `now`. StateError where kept scores cannot be read."""
    layout, of = Layout.of(settings), settings.cameras[camera]
    eyes, limit = Look.of(of), Rules.of(of).threshold
    local = moment.astimezone(settings.zone)
    story = Story(
        title=f"{camera}, {local:%Y-%m-%d %H:%M:%S}",
        moment=moment,
        view=None,
        frames=(),
        seconds=values_of(layout, camera, Span(moment - AROUND, moment + AROUND)),
        threshold=limit,
        ignore=of.ignore,
        words=(),
    )
    kept = values_of(layout, camera, Span(moment, moment + timedelta(microseconds=1)))[0]
    state = _state(layout, camera)
    facts = Facts(of, kept, ahead=moment > now, clips=tuple(_clips(layout, camera, moment, state)))
    found = _segment_at(layout, camera, moment, timedelta(seconds=of.detect_offset))
    facts = replace(facts, whole_until=_whole_until(settings, camera, moment, state, now, found))
    if found is None:
        return replace(story, words=tuple(reasons(facts)))
    segment, offset = found
    known = segments_of(layout, segment.stream)

    def told(look: Look, view: bool = False) -> Testimony:
        return ask(layout, known, moment, offset, look, view)

    said = told(eyes, view=True)
    trouble = state.troubles.get(segment)
    score = _highest(said, moment)
    facts = replace(
        facts,
        footage=True,
        aside=trouble.reason if trouble is not None and trouble.aside else "",
        problem="" if said.frames else "; ".join(said.problems) or "no picture of that time is whole yet",
        score=score,
        same_second=max(
            (f.score for f in said.frames if int(f.time.timestamp()) == int(moment.timestamp())), default=0.0
        ),
        alone=said.view.score if said.view else 0.0,
        reason=said.view.reason if said.view else "",
    )
    if said.frames and score < limit:
        if eyes.ignore:
            facts = replace(facts, unignored=_highest(told(replace(eyes, ignore=())), moment))
        if eyes.min_size > 1:
            facts = replace(facts, smallest=_highest(told(replace(eyes, min_size=1.0)), moment))
    return replace(story, view=said.view, frames=said.frames, words=tuple(reasons(facts)))


def _highest(said: Testimony, moment: datetime) -> float:
    return max((frame.score for frame in said.frames if abs(frame.time - moment) <= NEAR), default=0.0)


def _segment_at(
    layout: Layout, camera: str, moment: datetime, detect_offset: timedelta
) -> tuple[Segment, timedelta] | None:
    """The segment that a pass would look at for a moment, and what its clock is behind the main stream's."""
    for stream, offset in ((Stream(camera, detect=True), detect_offset), (Stream(camera), timedelta(0))):
        before = segments_of(layout, stream).up_to(moment - offset)
        if before and end_of(layout, before[-1]) + offset > moment:
            return before[-1], offset
    return None


def _whole_until(
    settings: Settings,
    camera: str,
    moment: datetime,
    state: CameraState,
    now: datetime,
    found: tuple[Segment, timedelta] | None,
) -> str:
    """Up to when the newest segment is whole, where it is not finished and the moment lies in it or after it."""
    layout, shift = Layout.of(settings), timedelta(seconds=settings.cameras[camera].detect_offset)
    for stream, offset in ((Stream(camera, detect=True), shift), (Stream(camera), timedelta(0))):
        newest = segments_of(layout, stream)[-1:]
        if not newest or newest[0].start + offset > moment or (found is not None and found[0] != newest[0]):
            continue
        known = state.stream(stream)
        seen = known.seen if known.newest == newest[0].start else None
        try:
            if is_finished(layout, newest[0], False, seen or look(layout, newest[0], None, now), now, STALLED):
                continue
        except SegmentError:
            continue  # gone meanwhile
        return f"{(end_of(layout, newest[0]) + offset).astimezone(settings.zone):%H:%M:%S}"
    return ""


def _clips(layout: Layout, camera: str, moment: datetime, state: CameraState) -> Iterator[str]:
    """What there is of clips at a moment, or keeps one from being made."""
    there = Span(moment - NEAR, moment + NEAR)
    for grave in tombstones(layout, camera):
        if grave.clip.kind == "motion" and grave.clip.shows([there]):
            yield f"a clip of it was deleted, so none is made again: {grave.clip.name.stem}"
    for clip in clips_near(layout, camera, there):
        if clip.kind == "motion" and (clip.span.overlaps(there) or clip.shows([there])):
            kept = "; it was kept, so it stays as it is" if clip.kept else ""
            what = "it is in a clip" if clip.shows([there]) else "it is in the padding of a clip"
            yield f"{what}: {clip.path}{kept}"
    waiting = [item.event for item in state.pending] + ([state.open] if state.open else [])
    for event in waiting:
        if any(Span(window.start, window.end).overlaps(there) for window in event.windows):
            ending = "waits for its clip" if event is not state.open else "may still go on, so its clip is not made yet"
            yield f"it belongs to an event that {ending}"


def _state(layout: Layout, camera: str) -> CameraState:
    """What the job remembers; nothing where that cannot be read: a pass tells of it."""
    try:
        return decode(camera, json.loads(layout.motion_state(camera).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return CameraState()


def main() -> int:
    """Explain a moment; the exit code is 0 whatever the reason is."""
    parser = argparse.ArgumentParser(
        prog="birbcam explain",
        description="Tell why something did or did not trigger, and write a picture of what the detector saw then.",
    )
    parser.add_argument("camera", metavar="CAMERA")
    parser.add_argument("time", metavar="TIME", help=f"in local time: {FORMS}")
    parser.add_argument("--out", metavar="FILE", type=Path, help="the picture, a PNG (explain-CAMERA-TIME.png)")
    parser.add_argument("--config", metavar="FILE", help="the configuration file (else BIRBCAM_CONFIG)")
    options = parser.parse_args()
    use_config(options.config)
    settings = load_settings()
    setup_logging(settings.log_level)
    if options.camera not in settings.cameras:
        hint = nearest(options.camera, settings.cameras) or f"; there are: {', '.join(sorted(settings.cameras))}"
        raise ConfigError(f'there is no camera "{options.camera}"{hint}')
    now = datetime.now(UTC)
    moment = parse_time(options.time, settings.zone, now)
    story = explain(settings, options.camera, moment, now)
    print("\n".join([story.title, *story.words]), flush=True)  # before the picture, which may fail
    # Started by root on an installation, this runs as BirbCam's own user in a folder that is not theirs.
    folder = Path() if os.access(".", os.W_OK) else Path(tempfile.gettempdir())
    name = f"explain-{options.camera}-{moment.astimezone(settings.zone):%Y-%m-%d_%H-%M-%S}.png"
    out = options.out or folder / name
    try:
        out.write_bytes(drawn(story))
    except OSError as error:
        raise storage_error(out, "cannot be written", error) from error
    print(f"-> {out}")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
