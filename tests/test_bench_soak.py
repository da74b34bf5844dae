"""The soak in short: real recorder, real publisher, real passes, killed at random; nothing lost, doubled or left."""

from __future__ import annotations

from pathlib import Path

import pytest
from soak import soak

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]


def test_twenty_kills(tmp_path: Path) -> None:
    run, found = soak(tmp_path, kills=20, seconds=120, recorder="embedded", seed=3)
    assert run.kills.total() >= 1 and run.trouble == []
    assert (found.lost, found.doubled, found.orphaned) == ([], [], [])
