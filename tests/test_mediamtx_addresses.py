"""Where the recorder is reached, and when it counts as running."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import RecorderError, StorageError
from config.settings import Settings
from mediamtx.addresses import (
    RecorderInfo,
    api_url,
    hls_url,
    publish_url,
    remove_recorder_info,
    running_recorder,
    write_recorder_info,
)
from mediamtx.config_file import make_publish_password
from mediamtx.layout import Layout
from mediamtx.names import Stream

FRONT, DETECT = Stream("front"), Stream("front", detect=True)
INFO = RecorderInfo(
    kind="mediamtx",
    pid=os.getpid(),
    started=datetime(2026, 11, 20, 18, 3, 7, tzinfo=UTC),
    rtsp_base="rtsp://127.0.0.1:8554",
    hls_base="http://127.0.0.1:8888",
    api_base="http://127.0.0.1:9997",
    webrtc_base="http://127.0.0.1:8889",
    has_hls_js=True,
)


def test_what_is_written_is_read(settings: Settings) -> None:
    write_recorder_info(settings, INFO)
    assert running_recorder(settings) == INFO
    assert hls_url(settings, DETECT) == "http://127.0.0.1:8888/front_detect/index.m3u8"
    assert api_url(settings) == "http://127.0.0.1:9997"


@pytest.mark.parametrize(("host", "written"), [("server.local", "server.local"), ("fd00::5", "[fd00::5]")])
def test_a_recorder_elsewhere_needs_the_password_that_lies_here(settings: Settings, host: str, written: str) -> None:
    password = make_publish_password(settings)
    there = replace(settings, mediamtx=replace(settings.mediamtx, host=host, rtsp_port=8554))
    assert publish_url(there, DETECT) == f"rtsp://camera:{password}@{written}:8554/front_detect"


def test_mediamtx_is_published_to_with_the_password(settings: Settings) -> None:
    password = make_publish_password(settings)
    write_recorder_info(settings, INFO)
    assert publish_url(settings, DETECT) == f"rtsp://camera:{password}@127.0.0.1:8554/front_detect"


def test_a_lost_password_is_an_error_and_not_replaced(settings: Settings) -> None:
    write_recorder_info(settings, INFO)
    with pytest.raises(RecorderError, match="restart the recorder"):
        publish_url(settings, FRONT)
    assert not Layout.of(settings).publish_password.exists()


def test_the_embedded_recorder_has_an_address_for_each_stream(settings: Settings) -> None:
    rtsp = {"front": "rtsp://127.0.0.1:8560/front", "front_detect": "rtsp://127.0.0.1:8561/front_detect"}
    write_recorder_info(settings, replace(INFO, kind="embedded", rtsp=rtsp, rtsp_base=""))
    assert publish_url(settings, DETECT) == rtsp["front_detect"]
    with pytest.raises(RecorderError, match=r"'garden'.*restart the recorder"):
        publish_url(settings, Stream("garden"))


def test_without_a_recorder_the_cure_is_named(settings: Settings) -> None:
    for ask in (running_recorder, api_url):
        with pytest.raises(RecorderError, match=r"start it with: \./birbcam recorder"):
            ask(settings)
    write_recorder_info(settings, INFO)
    remove_recorder_info(settings)
    remove_recorder_info(settings)
    with pytest.raises(RecorderError, match="not running"):
        hls_url(settings, FRONT)


def test_a_killed_recorder_does_not_run(settings: Settings) -> None:
    write_recorder_info(settings, replace(INFO, pid=2**22 - 1))
    path = Layout.of(settings).recorder_file
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"born": 1}))
    with pytest.raises(RecorderError, match="was killed"):
        running_recorder(settings)


def test_another_process_with_the_same_number_is_not_the_recorder(settings: Settings) -> None:
    write_recorder_info(settings, INFO)
    path = Layout.of(settings).recorder_file
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"born": values["born"] - 1}))
    with pytest.raises(RecorderError, match="was killed"):
        running_recorder(settings)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"born": 1}', '{"born": 1, "started": "yesterday"}', '{"born": 1, "started": 5}'],
)
def test_a_damaged_file_is_an_error_with_a_cure(settings: Settings, text: str) -> None:
    write_recorder_info(settings, INFO)
    path = Layout.of(settings).recorder_file
    path.write_text(text)
    with pytest.raises(RecorderError, match=r"recorder\.json: damaged .* restart the recorder"):
        running_recorder(settings)


def test_an_unknown_kind_is_damage(settings: Settings) -> None:
    write_recorder_info(settings, INFO)
    path = Layout.of(settings).recorder_file
    path.write_text(path.read_text().replace('"mediamtx"', '"betamax"'))
    with pytest.raises(RecorderError, match="betamax"):
        running_recorder(settings)


def test_a_state_folder_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="state: cannot be made"):
        write_recorder_info(replace(settings, state_dir=tmp_path / "file" / "state"), INFO)
