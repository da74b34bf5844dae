"""Checking values against the settings table: unknown keys, types, ranges and forms, each with its cure."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.networks import parse_networks
from config.redaction import check_encoded
from config.settings import CAMERA_NAME, PI_CAMERA, CameraSettings, Polygons, Setting
from config.sizes import parse_amount

ADDRESSES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp")
"""How the address of a source may begin: what comes over a network, so that no address reads this machine's files."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?", re.ASCII)

_TYPE_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}


class Problem(str):
    """One mistake: a line for people, which also knows which setting it is about and what is wrong with it."""

    key: str  # dotted
    said: str

    @classmethod
    def of(cls, origin: str, key: str, said: str, shown: str = "") -> Problem:
        """`origin` is the file or variable; `shown` is the value, as it may be shown."""
        problem = cls(f"{origin}: {key}{f' = {shown}' if shown else ''}: {said}")
        problem.key, problem.said = key, said
        return problem


def settings_of(cls: type[Any]) -> dict[str, tuple[type, Setting, Any]]:
    """Per field of a settings class: its type, its documentation and its default."""
    hints = get_type_hints(cls)
    return {
        f.name: (hints[f.name], f.metadata["setting"], f.default)
        for f in dataclasses.fields(cls)
        if "setting" in f.metadata
    }


def nearest(key: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest known key, "" where none is near."""
    found = difflib.get_close_matches(key, list(known), 1, cutoff=0.5)
    return f'; did you mean "{found[0]}"?' if found else ""


def check_table(
    cls: type[Any],
    values: Any,
    origin: str,
    prefix: str,
    base: Path,
    problems: list[str],
    also_known: Iterable[str] = (),
) -> dict[str, Any]:
    """The valid values of one table, converted; a line in `problems` for each that is not.

    `origin` is the file or variable, `prefix` the dotted table name with its dot, `base` what relative paths start at.
    """
    if not isinstance(values, dict):
        name = prefix.rstrip(".")
        problems.append(Problem.of(origin, name, f"must be a table [{name}], not {values!r}"))
        return {}
    known = settings_of(cls)
    result = {}
    for key, value in values.items():
        if key not in known:
            hint = nearest(key, [*known, *also_known])
            said = f"unknown setting{hint or '; config_default.txt lists them all'}"
            problems.append(Problem.of(origin, f"{prefix}{key}", said))
            continue
        kind, setting, _ = known[key]
        try:
            result[key] = check_value(kind, setting, value, base)
        except ValueError as error:
            shown = "(not shown)" if setting.secret else repr(value)
            problems.append(Problem.of(origin, f"{prefix}{key}", str(error), shown))
    return result


def check_camera_table(values: Any, origin: str, problems: list[str]) -> dict[str, Any]:
    """The tables of `[cameras.<name>]` whose names are valid."""
    if not isinstance(values, dict):
        problems.append(Problem.of(origin, "cameras", "must be tables [cameras.<name>]"))
        return {}
    result = {}
    for name, table in values.items():
        if not CAMERA_NAME.fullmatch(name):
            said = "not a camera name; allowed are a-z, 0-9 and -, starting with a letter or digit"
            problems.append(Problem.of(origin, f"cameras.{name}", f"{said} (what people see is the title)"))
        elif not isinstance(table, dict):
            hint = nearest(name, settings_of(CameraSettings))
            said = f"must be a table [cameras.{name}], not {table!r}{hint}"
            problems.append(Problem.of(origin, f"cameras.{name}", said))
        else:
            result[name] = table
    return result


def check_value(kind: type, setting: Setting, value: Any, base: Path) -> Any:
    """`value` as the type `kind`; ValueError, saying what is allowed, where it does not fit."""
    if kind is Path or setting.form == "path":
        return _check_path(kind, value, base)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if setting.form == "polygons":
        return _polygons(value)
    if type(value) is not kind:
        raise ValueError(f"must be {_TYPE_NAMES[kind]}{_range_text(setting, ', ')}")
    if isinstance(value, (int, float)) and kind is not bool:
        # not (a <= b) and not a > b: a NaN is out of every range
        if (setting.low is not None and not value >= setting.low) or (
            setting.high is not None and not value <= setting.high
        ):
            raise ValueError(f"out of range{_range_text(setting, '; allowed: ')}")
    elif setting.choices and value not in setting.choices:
        raise ValueError(f"allowed: {', '.join(setting.choices)}{nearest(str(value), setting.choices)}")
    elif setting.form == "amount":
        parse_amount(str(value), 1)
    elif setting.form == "source":
        return _source(str(value), base)
    elif setting.form == "mode" and value:
        if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", str(value)):
            raise ValueError('must be a size as "2304x1296", or ""')
    elif setting.form == "http" and value:
        if not re.fullmatch(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?", str(value)):
            raise ValueError('must be an address as "http://nest.local:8095", or ""')
    elif setting.form == "networks":
        try:
            parse_networks(str(value))
        except ValueError as error:
            raise ValueError(f'must be addresses as "127.0.0.1, 192.168.1.0/24", or "" ({error})') from None
    elif setting.form == "origins":
        if not all(_ORIGIN.fullmatch(part.strip()) for part in str(value).split(",")) and value:
            raise ValueError('must be origins as "https://home.example, http://nas.local:8123", or ""')
    elif setting.form == "zone" and value:
        try:
            ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError('not a time zone; allowed are names as "Europe/Berlin", or ""') from None
    return value


def _check_path(kind: type, value: Any, base: Path) -> Any:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("must be a path in quotes")
    if not value:
        if kind is Path:
            raise ValueError("must not be empty")
        return ""
    path = (base / Path(value).expanduser()).absolute()
    return path if kind is Path else str(path)


def _source(text: str, base: Path) -> str:
    """A source as it is; the path of a video file, like every path, starts at `base`."""
    scheme, colon, _ = text.partition("://")
    if colon and scheme.strip().lower() not in ADDRESSES:
        raise ValueError("addresses start with rtsp:// or http://; a video file is named by its path alone")
    if colon:
        check_encoded(text)
    if text in ("", "demo") or colon or PI_CAMERA.fullmatch(text):
        return text
    return str((base / Path(text).expanduser()).absolute())


def _polygons(value: Any) -> Polygons:
    try:
        areas = tuple(tuple((float(x), float(y)) for x, y in corners) for corners in value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a list of areas, each a list of corners [x, y]") from None
    for area in areas:
        if len(area) < 3:
            raise ValueError("an area needs three corners or more")
        if not all(0 <= part <= 1 for corner in area for part in corner):
            raise ValueError("corners are relative: x and y from 0 (left, top) to 1 (right, bottom)")
    return areas


def _range_text(setting: Setting, lead: str) -> str:
    if setting.low is None or setting.high is None:
        return ""
    unit = f" {setting.unit}" if setting.unit else ""
    return f"{lead}{setting.low:g} to {setting.high:g}{unit}"
