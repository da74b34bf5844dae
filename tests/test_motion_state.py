"""The state file: what is written is read again, and damage is kept aside."""

from __future__ import annotations

import json
import logging
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import Seen
from motion.events import Event, Window
from motion.state import (
    CameraState,
    Pending,
    StreamState,
    Trouble,
    decode,
    encode,
    load_state,
    save_state,
    sweep_states,
)

T = datetime(2026, 11, 20, 18, 0, 0, 123456, tzinfo=UTC)
MS = T.replace(microsecond=123000)


def full() -> CameraState:
    event = Event(MS, (Window(MS, MS + timedelta(seconds=2), 63.5),), 2, MS + timedelta(seconds=300))
    detect = Stream("front", detect=True)
    return CameraState(
        streams={detect: StreamState(T, T + timedelta(seconds=10), T, Seen(4711, T)), Stream("front"): StreamState()},
        troubles={Segment(detect, T): Trouble(2, "empty file")},
        late={Segment(Stream("front"), T): Seen(1234, T)},
        undated=3,
        open=Event(MS, (Window(MS, MS + timedelta(seconds=2), 63.5),)),
        pending=[Pending(event, 1)],
        loose={"a b.mp4": Seen(5, T)},
    )


def test_what_is_saved_is_loaded(settings: Settings) -> None:
    layout = Layout.of(settings)
    save_state(layout, "front", full())
    assert load_state(layout, "front", T) == (full(), False)


def test_without_a_file_everything_is_new(settings: Settings) -> None:
    assert load_state(Layout.of(settings), "front", T) == (CameraState(), False)


def test_nothing_is_written_when_nothing_changed(settings: Settings) -> None:
    layout = Layout.of(settings)
    save_state(layout, "front", full())
    before = layout.motion_state("front").stat()
    save_state(layout, "front", full())
    after = layout.motion_state("front").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def _without(key: str) -> bytes:
    values = encode("front", full())
    del values[key]
    return json.dumps(values).encode()


DAMAGE = {
    "empty": b"",
    "zeros": bytes(500),
    "cut off": json.dumps(encode("front", full())).encode()[:-40],
    "not a table": b"[1, 2]",
    "no text": b"\xff\xfe\x00",
    "newer version": json.dumps({**encode("front", full()), "version": 99}).encode(),
    "another camera": json.dumps(encode("back", CameraState())).encode(),
    "no streams": _without("streams"),
    "a bad time": json.dumps(encode("front", full())).replace("2026-11-20T18:00:00.123456", "yesterday").encode(),
    "an event without windows": json.dumps({**encode("front", full()), "open": {"windows": []}}).encode(),
    "a number for a list": json.dumps({**encode("front", full()), "pending": 5}).encode(),
    "a name outside": json.dumps({**encode("front", full()), "troubles": {"../../x.mp4": [1, "?"]}}).encode(),
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_kept_aside(settings: Settings, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    layout = Layout.of(settings)
    path = layout.motion_state("front")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert load_state(layout, "front", T) == (CameraState(), True)
    assert "damaged" in caplog.text
    assert not path.exists()
    assert [kept.read_bytes() for kept in path.parent.glob(".motion_state_front.json.damaged-*")] == [content]


def test_the_file_says_its_version() -> None:
    values = encode("front", full())
    assert values["version"] == 1
    assert decode("front", json.loads(json.dumps(values))) == full()


def test_what_a_killed_pass_left_half_written_is_swept(settings: Settings, tmp_path: Path) -> None:
    layout = Layout.of(settings)
    save_state(layout, "front", full())
    stray = layout.state_dir / ".tmp-file-1-1-.motion_state_front.json"
    stray.write_text("{")
    sweep_states(layout)
    assert not stray.exists() and layout.motion_state("front").exists()


def test_what_other_killed_programs_left_beside_it_is_swept_as_well(settings: Settings) -> None:
    layout = Layout.of(settings)
    save_state(layout, "front", full())
    gone, running, forgotten = (
        layout.state_dir / f".tmp-file-{pid}-1-{name}.json"
        for pid, name in ((2**22 + 1, "recorder"), (os.getpid(), "recorder"), (os.getpid(), "saved_settings"))
    )
    for path in (gone, running, forgotten):
        path.write_text("{")
    two_hours_ago = time.time() - 7200
    os.utime(forgotten, (two_hours_ago, two_hours_ago))
    sweep_states(layout)
    assert not gone.exists() and running.exists() and not forgotten.exists()
