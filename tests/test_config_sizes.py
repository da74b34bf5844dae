"""Amounts of storage as people write them."""

from __future__ import annotations

import pytest

from config.sizes import parse_amount


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", None),
        ("  ", None),
        ("200 GB", 200 * 10**9),
        ("1.5 GiB", 3 * 2**29),
        ("512mib", 2**29),
        ("5 %", 50),
        ("0%", 0),
    ],
)
def test_parse_amount(text: str, size: int | None) -> None:
    assert parse_amount(text, 1000) == size


@pytest.mark.parametrize("text", ["five", "-1 GB", "5", "101 %", "1e3 MB", "GB"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"allowed is a size|at most 100 %"):
        parse_amount(text, 1000)
