"""Loading the settings: default < config.txt < what the web page saved < environment; all mistakes in one go."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.check import check_camera_table, check_table, nearest
from config.errors import ConfigError
from config.settings import (
    CAMERA_NAME,
    CameraSettings,
    RecorderSettings,
    RetentionSettings,
    Settings,
    SettingsServerSettings,
    WebSettings,
)

TABLES = {
    "mediamtx": RecorderSettings,
    "retention": RetentionSettings,
    "web": WebSettings,
    "settings_server": SettingsServerSettings,
}
SAVED_NAME = "saved_settings.json"  # in the state dir; what was set on a page, never by hand
INSTALLED = Path("/etc/birbcam/config.txt")
ENVIRONMENT = {
    "BIRBCAM_MEDIA_DIR": "media_dir",
    "BIRBCAM_OUTPUT_DIR": "output_dir",
    "BIRBCAM_STATE_DIR": "state_dir",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings and, per dotted key that is not at its default, the layer its value comes from."""

    settings: Settings
    origins: dict[str, str] = field(default_factory=dict)
    config_file: Path | None = None

    @property
    def saved_file(self) -> Path:
        """What the web page saves."""
        return self.settings.state_dir / SAVED_NAME


def find_config(environ: Mapping[str, str]) -> Path | None:
    """The configuration file: BIRBCAM_CONFIG, config.txt beside the program, or /etc/birbcam/config.txt.

    None where there is none (all defaults). A file named by BIRBCAM_CONFIG must exist: ConfigError.
    """
    if named := environ.get("BIRBCAM_CONFIG"):
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; BIRBCAM_CONFIG must name a configuration file")
        return path
    beside = Path(__file__).resolve().parent.parent / "config.txt"
    return next((path for path in (beside, INSTALLED) if path.is_file()), None)


def use_config(typed: str | Path | None) -> None:
    """What a command line names with --config counts as BIRBCAM_CONFIG, here and in processes started from here.

    None changes nothing. ConfigError where there is no such file.
    """
    if typed is None:
        return
    if not Path(typed).is_file():
        raise ConfigError(f"--config {typed}: no such file; name a configuration file, or leave out --config")
    os.environ["BIRBCAM_CONFIG"] = str(typed)


def load(
    environ: Mapping[str, str] | None = None,
    only_camera: str | None = None,
    saved_values: Mapping[str, Any] | None = None,
) -> Loaded:
    """Read all layers. `only_camera` is a command's --camera and wins over BIRBCAM_CAMERA.

    `saved_values` takes the place of what the web page saved, to see what would become of it. Raises ConfigError with
    one problem per mistake.
    """
    environ = os.environ if environ is None else environ
    path = find_config(environ)
    problems: list[str] = []
    builder = _Builder(problems)
    if path is not None:
        builder.add(_read_toml(path), str(path), base=path.parent)
    for variable, key in ENVIRONMENT.items():
        if environ.get(variable):
            builder.add({key: environ[variable]}, variable, base=Path.cwd())
    saved = builder.state_dir() / SAVED_NAME
    values = read_saved(saved) if saved_values is None else dict(saved_values)
    limit = only_camera or environ.get("BIRBCAM_CAMERA") or None
    if values:
        builder.forget_cameras(values, limit)
        builder.add(values, str(saved), base=saved.parent, under=frozenset(ENVIRONMENT))
    settings = builder.build(limit, "--camera" if only_camera else "BIRBCAM_CAMERA")
    if problems:
        raise ConfigError(problems)
    return Loaded(settings, builder.origins, path)


def load_settings(environ: Mapping[str, str] | None = None, only_camera: str | None = None) -> Settings:
    """The settings alone; see `load`."""
    return load(environ, only_camera).settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}; config_default.txt shows the form") from error


def read_saved(path: Path) -> dict[str, Any]:
    """What the web page saved; ConfigError where it cannot be read, or is damaged."""
    try:
        return parse_saved(path, path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def parse_saved(path: Path, data: bytes) -> dict[str, Any]:
    """The same from the file's content."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: damaged ({error}); remove it to go back to the configuration file") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: damaged (not a table); remove it to go back to the configuration file")
    return values


class _Builder:
    """Collects the layers, later ones over earlier ones, and remembers where each value came from."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        self.origins: dict[str, str] = {}
        self.top: dict[str, Any] = {}
        self.tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
        self.common: dict[str, Any] = {}
        self.cameras: dict[str, dict[str, Any]] = {}

    def add(self, values: dict[str, Any], origin: str, base: Path, under: frozenset[str] = frozenset()) -> None:
        """Lay `values` over what is there, but not over values that came from the layers in `under`."""
        rest = dict(values)
        for name, cls in TABLES.items():
            table = check_table(cls, rest.pop(name, {}), origin, f"{name}.", base, self.problems)
            self._merge(self.tables[name], table, f"{name}.", origin, under)
        common = check_table(CameraSettings, rest.pop("camera", {}), origin, "camera.", base, self.problems)
        self._merge(self.common, common, "camera.", origin, under)
        for name, table in check_camera_table(rest.pop("cameras", {}), origin, self.problems).items():
            prefix = f"cameras.{name}."
            checked = check_table(CameraSettings, table, origin, prefix, base, self.problems)
            self._merge(self.cameras.setdefault(name, {}), checked, prefix, origin, under)
        tables = (*TABLES, "camera", "cameras")
        top = check_table(Settings, rest, origin, "", base, self.problems, also_known=tables)
        self._merge(self.top, top, "", origin, under)

    def _merge(
        self, target: dict[str, Any], values: dict[str, Any], prefix: str, origin: str, under: frozenset[str]
    ) -> None:
        for key, value in values.items():
            if self.origins.get(prefix + key) not in under:
                target[key] = value
                self.origins[prefix + key] = origin

    def forget_cameras(self, saved: dict[str, Any], limit: str | None) -> None:
        """Take cameras that are no longer configured out of `saved`, but for those that were made there."""
        known = self.cameras or {limit or "camera": {}}
        if isinstance(cameras := saved.get("cameras"), dict):
            saved["cameras"] = {
                name: table
                for name, table in cameras.items()
                if name in known or not isinstance(table, dict) or "source" in table
            }

    def state_dir(self) -> Path:
        """Where the state is, as far as the layers added so far say."""
        value = self.top.get("state_dir")
        return value if isinstance(value, Path) else Settings().state_dir

    def build(self, limit: str | None, limit_origin: str) -> Settings:
        """The settings from all layers; appends to `problems` where `limit` names no camera."""
        cameras = dict(self.cameras)
        if not cameras and (limit is None or CAMERA_NAME.fullmatch(limit)):
            cameras[limit or "camera"] = {}
        if limit is not None and limit not in cameras:
            hint = nearest(limit, cameras)
            self.problems.append(
                f"{limit_origin}: there is no camera {limit!r}{hint}; known: {', '.join(sorted(cameras))}"
                if cameras
                else f"{limit_origin}: {limit!r} is no camera name; allowed: a-z 0-9 and -"
            )
        return Settings(
            **self.top,
            **{name: TABLES[name](**values) for name, values in self.tables.items()},
            cameras={name: CameraSettings(**{**self.common, **values}) for name, values in cameras.items()},
            only_camera=limit,
        )
