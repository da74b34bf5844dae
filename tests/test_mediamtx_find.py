"""Finding MediaMTX, and what is too old or no MediaMTX at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.find import PINNED_VERSION, downloaded_binary, find_mediamtx, mediamtx_version
from mediamtx.layout import Layout


def program(path: Path, says: str = "v1.20.1", code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_the_order_of_the_places(settings: Settings, tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin" / "mediamtx")
    environ = {"PATH": str(on_path.parent)}
    assert find_mediamtx(settings, environ) == on_path
    downloaded = program(downloaded_binary(Layout.of(settings)))
    assert find_mediamtx(settings, environ) == downloaded
    configured = program(tmp_path / "configured")
    settings = replace(settings, mediamtx=replace(settings.mediamtx, binary=str(configured)))
    assert find_mediamtx(settings, environ) == configured
    named = program(tmp_path / "named")
    assert find_mediamtx(settings, environ | {"BIRBCAM_MEDIAMTX": str(named)}) == named


def test_none_is_no_error(settings: Settings, tmp_path: Path) -> None:
    assert find_mediamtx(settings, {"PATH": str(tmp_path)}) is None
    assert find_mediamtx(settings, {"PATH": "", "BIRBCAM_MEDIAMTX": ""}) is None


def test_a_named_program_must_be_one(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    for wrong in (tmp_path / "missing", tmp_path / "text", tmp_path):
        with pytest.raises(RecorderError, match="not a program; BIRBCAM_MEDIAMTX must name"):
            find_mediamtx(settings, {"BIRBCAM_MEDIAMTX": str(wrong)})
        with pytest.raises(RecorderError, match=r"not a program; mediamtx\.binary must name"):
            find_mediamtx(replace(settings, mediamtx=replace(settings.mediamtx, binary=str(wrong))), {})


def test_the_version_is_what_the_program_says(tmp_path: Path) -> None:
    assert mediamtx_version(program(tmp_path / "a", "v1.20.1")) == (1, 20, 1)
    assert mediamtx_version(program(tmp_path / "b", "v2.0.0-dirty")) == (2, 0, 0)
    with pytest.raises(RecorderError, match=r"1\.14\.9 is too old, 1\.15\.0 is the oldest.*github\.com/bluenviron"):
        mediamtx_version(program(tmp_path / "c", "v1.14.9"))


@pytest.mark.parametrize(("says", "code"), [("hello", 0), ("", 0), ("v1.20.1", 1)])
def test_what_says_no_version_is_no_mediamtx(tmp_path: Path, says: str, code: int) -> None:
    with pytest.raises(RecorderError, match=r"does not say its version.*install MediaMTX"):
        mediamtx_version(program(tmp_path / "a", says, code))


def test_a_program_of_another_machine_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mediamtx"
    path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
    path.chmod(0o755)
    with pytest.raises(RecorderError, match=r"does not run.*install MediaMTX"):
        mediamtx_version(path)


def test_the_real_one_is_new_enough(mediamtx_binary: Path) -> None:
    assert mediamtx_version(mediamtx_binary) >= (1, 15, 0)
    assert PINNED_VERSION >= (1, 15, 0)
