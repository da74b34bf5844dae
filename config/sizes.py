"""Amounts of storage as people write them: "200 GB", "1.5 TiB" or "80 %" of the disk."""

from __future__ import annotations

import re

_UNITS = {
    "B": 1,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(%|[KMGT]?I?B)", re.IGNORECASE)
ALLOWED = 'a size ("200 GB", "512 MiB"), a fraction of the disk ("80 %"), or "" for no limit'


def parse_amount(text: str, disk_total: int) -> int | None:
    """Bytes meant by `text` on a disk of `disk_total` bytes; None for "" (no limit).

    Raises ValueError, with what is allowed, for anything else.
    """
    if not text.strip():
        return None
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"allowed is {ALLOWED}")
    number, unit = float(match[1]), match[2].upper()
    if unit == "%":
        if number > 100:
            raise ValueError("a fraction of the disk is at most 100 %")
        return int(disk_total * number / 100)
    return int(number * _UNITS[unit])
