"""config_default.txt and the dataclasses agree, and every setting is documented."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.check import settings_of
from config.load import TABLES, load_settings
from config.settings import CameraSettings, Settings

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "config_default.txt").read_text()
ALL = {"": Settings, **TABLES, "camera": CameraSettings}


@pytest.mark.parametrize("table", ALL)
def test_every_setting_stands_there_with_its_default(table: str) -> None:
    written: dict[str, Any] = tomllib.loads(TEXT)
    values = written[table] if table else {k: v for k, v in written.items() if not isinstance(v, dict)}
    known = settings_of(ALL[table])
    assert list(values) == list(known)
    for name, (kind, _, default) in known.items():
        shown = str(default) if kind is Path else list(default) if isinstance(default, tuple) else default
        assert values[name] == shown, name


@pytest.mark.parametrize("table", ALL)
def test_every_setting_has_its_help_unit_and_range_above_it(table: str) -> None:
    part = TEXT.split(f"\n[{table}]\n")[1] if table else TEXT
    for name, (_, setting, _) in settings_of(ALL[table]).items():
        match = re.search(rf"((?:^#.*\n)+)^{name} = ", part, re.MULTILINE)
        assert match, name
        above = " ".join(line.removeprefix("# ") for line in match[1].splitlines())
        assert setting.help in above, name
        assert setting.unit in above, name
        if setting.low is not None and setting.high is not None:
            assert f"{setting.low:g} to {setting.high:g}]" in above, name


def test_it_loads_as_it_is() -> None:
    assert load_settings({"BIRBCAM_CONFIG": str(ROOT / "config_default.txt")}) == load_settings({})
