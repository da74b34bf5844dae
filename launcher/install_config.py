"""The configuration file of a new installation: config_default.txt with what was found out, the rest as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

HEADER = """\
# The settings of this BirbCam. What stands here without a # is set; the rest are the defaults, and what they mean.
# Programs never change this file; what the pages of settings save goes over it. A change counts at once, one of ports,
# addresses and folders after: sudo systemctl restart birbcam-recorder birbcam-web
"""
_TABLE = re.compile(r"\[(?P<name>[a-z]+)\]")
_VALUE = re.compile(r"(?P<key>[a-z_]+) = .*")

Value = str | int | float | bool


def make_config(default: str, wanted: Mapping[tuple[str, str], Value], cameras: Mapping[str, str]) -> str:
    """The file's text.

    `default` is that of config_default.txt; `wanted` are the values that are set, by table ("" is the top) and key;
    `cameras` are sources by camera.
    """
    lines, table, left = [HEADER], "", dict(wanted)
    for line in default.splitlines()[1:]:
        if match := _TABLE.fullmatch(line):
            table = match["name"]
        if match := _VALUE.fullmatch(line):
            lines.append(f"#{line}")
            if (value := left.pop((table, match["key"]), None)) is not None:
                lines.append(f"{match['key']} = {json.dumps(value)}")
        else:
            lines.append(line)
    assert not left, f"no such settings: {left}"
    for name, source in cameras.items():
        lines += ["", f"[cameras.{name}]", f"source = {json.dumps(source)}"]
    return "\n".join(lines) + "\n"
