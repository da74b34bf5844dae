"""What a page saves counts in the running programs, and nobody who need not is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.errors import RecorderError
from config.saved import values_of, with_camera, with_changes, without_camera
from config.settings import CameraSettings, Settings
from conftest import Running
from mediamtx.api import stream_states
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.saved_settings import Stored, change_stored
from mediamtx.segments import inspect, list_segments
from waiting import wait_until

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {"width": 320, "height": 180, "fps": 10}
A, B, C = Stream("a"), Stream("b"), Stream("c")


@pytest.mark.parametrize("kind", ["embedded", "mediamtx"])
def test_a_change_of_one_camera_interrupts_no_recording(
    kind: str, settings: Settings, run_python: Callable[..., Running], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if kind == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    cameras = {name: CameraSettings(**SMALL, demo_seed=seed) for seed, name in enumerate("ab")}
    settings = replace(
        settings, recorder=kind, cameras=cameras, mediamtx=replace(settings.mediamtx, segment=2, detect_segment=2)
    )
    environ = {"BIRBCAM_CONFIG": str(tmp_path / "config.txt")}
    programs = [run_python(settings, "mediamtx"), run_python(settings, "camera")]
    since = wait_until(lambda: _since(settings, A, B), 40, "both cameras publish")

    def change(edit: Callable[[Stored], dict[str, Any]]) -> None:
        change_stored(environ, edit)

    def tune(stored: Stored) -> dict[str, Any]:
        changes = {"cameras.a.title": "Another", "cameras.a.sensitivity": 70, "cameras.a.motion": False}
        return with_changes(stored.saved, changes, values_of(stored.now.settings), {})

    change(tune)
    change(lambda stored: with_camera(stored.saved, "c", {"source": "demo", **SMALL}, frozenset("ab")))
    wait_until(lambda: _since(settings, A, B, C), 30, "the new camera is recorded")
    wait_until(lambda: len(list_segments(Layout.of(settings), C)) > 1, 20, "it has segments")
    change(lambda stored: without_camera(stored.saved, "c"))
    wait_until(lambda: not _since(settings, C), 20, "it is gone")
    assert _since(settings, A, B) == since, "a publisher was started anew"
    for program in reversed(programs):
        assert program.terminate() == 0, program.output
    layout = Layout.of(settings)
    for stream in (A, B):
        segments = list_segments(layout, stream)
        lengths = [timedelta(seconds=inspect(layout.segment_path(segment)).duration) for segment in segments]
        assert len(segments) > 3
        for (former, length), later in zip(zip(segments, lengths, strict=True), segments[1:], strict=False):
            assert abs(later.start - former.start - length) < timedelta(seconds=0.5), (former, later)


def _since(settings: Settings, *streams: Stream) -> dict[Stream, datetime | None]:
    """Since when these publish; empty until all of them do."""
    try:
        states = stream_states(settings)
    except RecorderError:
        return {}
    ready = {stream: states[stream].since for stream in streams if stream in states and states[stream].ready}
    return ready if len(ready) == len(streams) else {}
