"""Fixtures shared by all tests."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from config.settings import CameraSettings, RecorderSettings, Settings, WebSettings


def free_ports(count: int) -> list[int]:
    """TCP ports that nobody listens on; found together, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over a folder of the test's own, with free ports, one camera and the embedded recorder."""
    rtsp, hls, webrtc, udp, api, metrics, embedded, web = free_ports(8)
    return Settings(
        media_dir=tmp_path / "media",
        output_dir=tmp_path / "clips",
        state_dir=tmp_path / "state",
        recorder="embedded",
        mediamtx=RecorderSettings(
            rtsp_port=rtsp,
            hls_port=hls,
            webrtc_port=webrtc,
            webrtc_udp_port=udp,
            api_port=api,
            metrics_port=metrics,
            embedded_port=embedded,
        ),
        web=WebSettings(port=web),
        cameras={"front": CameraSettings()},
    )


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The ffmpeg program; tests that need it are skipped where there is none."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("ffmpeg not found; install it with: sudo apt install ffmpeg")
    return found
