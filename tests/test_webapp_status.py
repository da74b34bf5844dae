"""What is said of the cameras, and how often the recorder is asked."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from mediamtx.addresses import RecorderInfo, write_recorder_info
from mediamtx.api import StreamState
from mediamtx.config_file import make_publish_password
from mediamtx.names import Stream
from webapp.app import create_app
from webapp.status import CameraStatus, Snapshot, StatusBoard, status_of, take_snapshot
from website import Visitor

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=5)
LIVE = {Stream("front"): StreamState(ready=True, since=EARLIER, tracks=("H264",), bytes_received=1)}
WAITING = {Stream("front"): StreamState(ready=False, since=None, tracks=(), bytes_received=0)}


@pytest.mark.parametrize(
    ("streams", "started", "last_live", "expected"),
    [
        (LIVE, EARLIER, None, CameraStatus("live", EARLIER)),
        (WAITING, NOW - timedelta(seconds=5), None, CameraStatus("starting", NOW - timedelta(seconds=5))),
        ({}, NOW - timedelta(seconds=5), None, CameraStatus("starting", NOW - timedelta(seconds=5))),
        ({}, EARLIER, None, CameraStatus("offline", None)),
        (WAITING, EARLIER, NOW, CameraStatus("offline", NOW)),
        (WAITING, NOW, EARLIER, CameraStatus("offline", EARLIER)),  # was there before the recorder began anew
        ({}, None, EARLIER, CameraStatus("offline", EARLIER)),
        ({Stream("front", True): LIVE[Stream("front")]}, EARLIER, None, CameraStatus("offline", None)),
    ],
)
def test_states(
    streams: dict[Stream, StreamState],
    started: datetime | None,
    last_live: datetime | None,
    expected: CameraStatus,
) -> None:
    assert status_of("front", Snapshot(NOW, streams, started), last_live) == expected


def test_the_recorder_is_asked_once_a_second(settings: Settings) -> None:
    asked = []
    now = NOW

    def take(_: Settings, at: datetime) -> Snapshot:
        asked.append(at)
        return Snapshot(at, LIVE if len(asked) < 3 else {}, EARLIER)

    board = StatusBoard(settings, take, lambda: now)
    assert [board.status("front").state for _ in range(10)] == ["live"] * 10
    assert asked == [NOW]
    now += timedelta(seconds=1)
    assert board.status("front").state == "live"
    now += timedelta(seconds=1)
    assert board.status("front") == CameraStatus("offline", NOW + timedelta(seconds=1))
    assert len(asked) == 3


def test_a_clock_that_is_set_back_does_not_freeze_the_state(settings: Settings) -> None:
    now = NOW
    board = StatusBoard(settings, lambda _, at: Snapshot(at, {}, None), lambda: now)
    board.snapshot()
    now -= timedelta(days=365)
    assert board.snapshot().taken == now


def test_while_the_recorder_is_asked_the_others_do_not_wait(settings: Settings) -> None:
    answer = threading.Event()
    asking = threading.Event()
    now = NOW

    def take(_: Settings, at: datetime) -> Snapshot:
        if at != NOW:
            asking.set()
            assert answer.wait(20)
        return Snapshot(at, {}, None)

    board = StatusBoard(settings, take, lambda: now)
    board.snapshot()
    now += timedelta(seconds=5)
    asker = threading.Thread(target=board.snapshot)
    asker.start()
    assert asking.wait(20)
    assert board.snapshot().taken == NOW
    answer.set()
    asker.join(20)
    assert board.snapshot().taken == now


def test_two_first_visitors_do_not_wait_for_each_other_for_ever() -> None:
    code = """
import webapp.server, webapp.worker
from gevent import joinall, monkey, sleep, spawn
monkey.patch_all(subprocess=False, os=False, signal=False)  # as the worker does, with everything imported
from config.settings import Settings
from webapp.status import Snapshot, StatusBoard
board = StatusBoard(Settings(), lambda settings, now: sleep(0.1) or Snapshot(now, {}, None))
joinall([spawn(board.snapshot) for _ in range(2)])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_no_recorder(settings: Settings) -> None:
    assert take_snapshot(settings, NOW) == Snapshot(NOW, {}, None)


@pytest.mark.slow
def test_a_recorder_that_hangs_does_not_hang_the_page(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections, says nothing
        base = f"http://127.0.0.1:{mute.getsockname()[1]}"
        info = RecorderInfo(kind="mediamtx", pid=os.getpid(), started=NOW, hls_base=base, api_base=base)
        write_recorder_info(settings, info)
        make_publish_password(settings)
        begun = time.monotonic()
        answer = Visitor(create_app(settings)).get("/api/v1/status")
        assert time.monotonic() - begun < 10
    assert [camera["state"] for camera in answer.json["cameras"]] == ["offline"]
