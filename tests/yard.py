"""A camera's footage on disk and what passes of the motion job make of it, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import media
from config.settings import CameraSettings, RetentionSettings, Settings
from mediamtx.catalogue import clips_near
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import Span, inspect
from motion.job import Report, run_pass

T = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
MAIN, DETECT = Stream("front"), Stream("front", detect=True)
Spans = list[tuple[float, float]]


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


class Yard:
    """A camera's footage and what passes make of it; times are seconds after T."""

    def __init__(self, settings: Settings) -> None:
        self.settings = replace(settings, retention=RetentionSettings(segment_days=0, keep_free=""))
        self.layout = Layout.of(self.settings)

    def camera(self, **values: float | bool) -> None:
        self.settings = replace(self.settings, cameras={"front": CameraSettings(**values)})  # type: ignore[arg-type]

    def record(
        self, stream: Stream, lengths: Sequence[float], motion: Sequence[tuple[float, float]] = (), start: float = 0
    ) -> list[Segment]:
        return media.write_segments(self.layout, stream, at(start), lengths, motion=motion)

    def both(self, seconds: int, *motion: tuple[float, float]) -> list[Segment]:
        """The main stream in segments of 20 s, the detect stream, whose segments are returned, in those of 10 s."""
        self.record(MAIN, [20] * (seconds // 20), motion)
        return self.record(DETECT, [10] * (seconds // 10), motion)

    def path(self, segment: Segment) -> Path:
        return self.layout.segment_path(segment)

    def run(self, now: float = 3600) -> Report:
        return run_pass(self.settings, lambda: at(now))

    def clips(self) -> list[Clip]:
        return [c for c in clips_near(self.layout, "front", Span(T, at(7200))) if c.kind == "motion"]

    def spans(self) -> Spans:
        """Where the clips begin and end."""
        return [((clip.start - T).total_seconds(), (clip.end - T).total_seconds()) for clip in self.clips()]

    def leftovers(self) -> list[str]:
        """Temporary files anywhere, and files without their clip."""
        found = [str(path) for path in self.settings.output_dir.parent.rglob(".tmp*")]
        for path in self.settings.output_dir.glob("*/20*/*_motion.*"):
            if not path.with_suffix(".mp4").exists():
                found.append(str(path))
        return found


def close_to(spans: Spans, expected: Spans, tolerance: float = 1.1) -> bool:
    """A clip begins at a key frame, up to a second before."""
    return len(spans) == len(expected) and all(
        -tolerance <= found[0] - wanted[0] <= 0.3 and abs(found[1] - wanted[1]) <= 0.4
        for found, wanted in zip(spans, expected, strict=True)
    )


def end_of(path: Path) -> datetime:
    segment = Segment.from_path(path)
    assert segment is not None
    return segment.start + timedelta(seconds=inspect(path).duration)
