"""Who may import whom, over the syntax tree: the star of the design, and the third parties confined."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "config": set[str](),
    "mediamtx": {"config"},
    "camera": {"config", "mediamtx"},
    "motion": {"config", "mediamtx"},
    "webapp": {"config", "mediamtx", "camera", "motion"},
    "launcher": {"config", "mediamtx"},
}
# Pure data and pure decisions.
WEBAPP_MAY_TAKE = {"camera.settings", "camera.machine", "motion.activity", "motion.events", "motion.whatif"}
ONLY_IN = {
    "cv2": {"motion"},
    "distributed": {"motion"},
    "flask": {"webapp"},
    "flask_wtf": {"webapp"},
    "gunicorn": {"webapp"},
    "gevent": {"webapp"},
    "werkzeug": {"webapp"},
    "msgspec": {"webapp"},
    "argon2": {"webapp"},
    "picamera2": {"camera"},
    "libcamera": {"camera"},
    "gpiozero": {"camera"},
    "PIL": {"camera"},
    "numpy": {"camera", "motion"},
    "tqdm": {"motion"},
    "av": {"mediamtx", "motion", "camera"},
    "ffmpeg": {"mediamtx", "camera"},
}
FILES = [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_keep_to_the_star(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        top = name.partition(".")[0]
        if top in MAY_IMPORT and top != package:
            assert top in MAY_IMPORT[package], f"{package} must not import {name}"
            if package == "webapp" and top in ("camera", "motion"):
                assert any(name == pure or name.startswith(f"{pure}.") for pure in WEBAPP_MAY_TAKE) or name == top, name
        if top in ONLY_IN:
            assert package in ONLY_IN[top], f"{top} is confined to {ONLY_IN[top]}"


def test_every_top_level_package_is_listed() -> None:
    listed = (ROOT / "pyproject.toml").read_text().partition("packages = [")[2].partition("]")[0]
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert {name.strip(' "') for name in listed.split(",")} == found == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
