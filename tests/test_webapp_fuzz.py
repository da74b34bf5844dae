"""A few hundred hostile requests to the running web app; bench/fuzz.py sends ten thousand."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import fuzz_an_app

COUNT = 400


@pytest.mark.slow
def test_hostile_requests_get_nothing_and_break_nothing(tmp_path: Path) -> None:
    outcome = fuzz_an_app(tmp_path, COUNT, seed=7)
    assert outcome.wrong == []
    assert sum(outcome.statuses.values()) == COUNT
    assert outcome.statuses["200"] > 10, "too few came through"
    assert outcome.grown < 30, "MB; what is imported on first use is in it"
