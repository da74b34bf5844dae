"""What the web page saves: changes to it, as pure functions over its values.

The values are those of `saved_settings.json`, tables in tables as in config.txt: {"retention": {"keep_free": "5 GB"},
"cameras": {"nest": {"source": "rtsp://...", "title": "Nest box"}}}. A camera that was made on a page is told by its
source standing there.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from config.check import Problem, nearest, settings_of
from config.effect import ONLY_IN_FILE
from config.errors import ConfigError
from config.fields import Setting
from config.load import TABLES
from config.network import is_loopback
from config.redaction import MARK, check_encoded, place, restore
from config.settings import CAMERA_NAME, PI_CAMERA, CameraSettings, Settings

Saved = dict[str, Any]
LONGEST_TEXT = 500  # characters
MOST_CORNERS = 1000  # of all ignore areas of a camera
_LARGEST = 1e15  # what a number may be before its range is looked at
RESERVED = frozenset({"add"})  # names that addresses of pages have where those of cameras stand: /settings/cameras/add
LONGEST_NAME = 40  # characters; a camera's name stands in folders and addresses
_TOKENS = {"settings_url": "settings_token", "settings_server.host": "settings_server.token"}
"""Where a token is sent to, and which: of each camera, and of this machine."""


def setting_of(key: str) -> tuple[type, Setting, Any] | None:
    """Type, documentation and default of the setting called by a dotted key; None where there is none."""
    table, _, name = key.rpartition(".")
    if table == "camera" or (table.startswith("cameras.") and CAMERA_NAME.fullmatch(table[8:])):
        return settings_of(CameraSettings).get(name)
    if not table:
        return settings_of(Settings).get(name)
    return settings_of(TABLES[table]).get(name) if table in TABLES else None


def values_of(settings: Settings) -> dict[str, Any]:
    """All values by dotted key, those of each camera as they count for it."""
    groups: dict[str, Any] = {"": settings} | {f"{name}.": getattr(settings, name) for name in TABLES}
    groups |= {f"cameras.{name}.": camera for name, camera in settings.cameras.items()}
    return {
        f"{prefix}{name}": getattr(group, name) for prefix, group in groups.items() for name in settings_of(type(group))
    }


def with_changes(
    saved: Saved, changes: Mapping[str, Any], present: Mapping[str, Any], below: Mapping[str, Any]
) -> Saved:
    """The values with `changes` laid over them: by dotted key, None to take one back to what the other layers say.

    `present` are the values that count now, by dotted key: secrets that come back hidden stay what they are; `below`
    are those that would count if nothing were saved. ConfigError, with one `Problem` per mistake, where something may
    not be changed so; what the table says of values is for the loader to check.
    """
    result = copy.deepcopy(saved)
    problems: list[Problem] = []
    for key, value in changes.items():
        try:
            checked = _checked(key, value, present)
            if checked is None and key.endswith(".source") and key not in below:
                raise ValueError("a camera needs a source; or delete the camera")
        except ValueError as error:
            problems.append(Problem.of("web page", key, str(error)))
            continue
        *tables, name = key.split(".")
        if checked is None:
            _take(result, tables, name)
        else:
            target = result
            for table in tables:
                target = target.setdefault(table, {})
            target[name] = checked
    problems += _token_problems(result, changes, present, below)
    if problems:
        raise ConfigError(list(problems))
    return result


def with_camera(saved: Saved, name: str, values: Mapping[str, Any], taken: frozenset[str]) -> Saved:
    """The values with another camera; `taken` are the names of those there are. ConfigError as above."""
    problem = ""
    if not CAMERA_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        problem = f"must be a-z, 0-9 and -, start with a letter or digit, and have at most {LONGEST_NAME} characters"
    elif name in RESERVED:
        problem = "a page of the settings has this name; choose another one"
    elif name in taken:
        problem = "there is a camera with this name already; choose another one"
    elif not str(values.get("source", "")).strip():
        raise ConfigError([Problem.of("web page", f"cameras.{name}.source", "say where the picture comes from")])
    if problem:
        raise ConfigError([Problem.of("web page", f"cameras.{name}", problem)])
    empty = copy.deepcopy(saved)
    empty.setdefault("cameras", {})[name] = {}
    if values.get("settings_url") and not values.get("settings_token"):
        values = {**values, "settings_token": ""}  # not the one that config.txt has for all cameras
    changes = {f"cameras.{name}.{key}": value for key, value in values.items()}
    return with_changes(empty, changes, {f"cameras.{name}.source": ""}, {})


def without_camera(saved: Saved, name: str) -> Saved:
    """The values without a camera and all that was set of it."""
    result = copy.deepcopy(saved)
    result.get("cameras", {}).pop(name, None)
    if not result.get("cameras", True):
        del result["cameras"]
    return result


def _checked(key: str, value: Any, counting: Mapping[str, Any]) -> Any:
    """The value to save; ValueError where a page may not save it, whatever the table says."""
    found, present = setting_of(key), counting.get(key)
    table, _, name = key.rpartition(".")
    if found is None:
        raise ValueError(f"there is no such setting{nearest(name, settings_of(CameraSettings))}")
    if table.startswith("cameras.") and f"{table}.source" not in counting:
        raise ValueError("there is no such camera; it may have been deleted meanwhile")
    if key in ONLY_IN_FILE or (table == "camera" and name in (*_TOKENS, *_TOKENS.values())):
        raise ValueError("is set in config.txt alone")
    _, setting, _ = found
    if isinstance(value, str):
        value = value.strip()
        if not value.isprintable() or len(value) > LONGEST_TEXT:
            raise ValueError(f"must be one line of at most {LONGEST_TEXT} characters")
        if setting.secret:
            value = present if value == MARK and present else restore(value, str(present or ""))
        if setting.form == "source" and value != present:
            _check_source(value)
    elif isinstance(value, int | float) and abs(value) > _LARGEST:
        raise ValueError("out of range")
    elif isinstance(value, list) and sum(len(area) for area in value if isinstance(area, list)) > MOST_CORNERS:
        raise ValueError(f"at most {MOST_CORNERS} corners in all")
    return value


def _token_problems(
    result: Saved, changes: Mapping[str, Any], present: Mapping[str, Any], below: Mapping[str, Any]
) -> list[Problem]:
    """A token is sent only where it was typed for: another host needs it typed again, as passwords in addresses do."""
    pairs = {}
    for key in changes:
        for address, token in _TOKENS.items():
            for end in (address, token):
                if key == end or (key.startswith("cameras.") and key.endswith(f".{end}") and "." not in end):
                    before = key.removesuffix(end)
                    pairs[f"{before}{address}"] = f"{before}{token}"
    problems = []
    for address, token in pairs.items():
        typed = isinstance(changes.get(token), str) and changes[token].strip() != MARK
        host, secret = (_counting(result, below, key) for key in (address, token))
        if typed or not secret or _stays_here(address, host):
            continue
        if not any(secret == layer.get(token) and _same(host, layer.get(address)) for layer in (present, below)):
            problems.append(Problem.of("web page", token, "the address leads elsewhere now; type the token again"))
    return problems


def _counting(saved: Saved, below: Mapping[str, Any], key: str) -> str:
    value: Any = saved
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return str(below.get(key) or "") if value is None else str(value)


def _stays_here(key: str, host: str) -> bool:
    return key == "settings_server.host" and (host in ("", "0.0.0.0", "::") or is_loopback(host))


def _same(one: str, other: Any) -> bool:
    try:
        return one == other or ("://" in one and place(one) == place(str(other)))
    except ValueError:
        return False


def _check_source(text: str) -> None:
    """A page names no file of this machine: whoever may write config.txt does."""
    device = text.startswith("/dev/video") and text[10:].isdigit()
    if text not in ("", "demo") and "://" not in text and not PI_CAMERA.fullmatch(text) and not device:
        raise ValueError(
            'must be an address (rtsp://user:password@host/path), a device (/dev/video0), "picamera" or "demo"; '
            "a video file can be named in config.txt alone"
        )
    if "://" in text:
        check_encoded(text)


def _take(values: Saved, tables: list[str], name: str) -> None:
    """Take a value out, and tables that are empty then."""
    path = [values]
    for table in tables:
        if not isinstance(inner := path[-1].get(table), dict):
            return
        path.append(inner)
    path[-1].pop(name, None)
    for outer, table in reversed(list(zip(path, tables, strict=False))):
        if not outer[table]:
            del outer[table]
