"""How a setting is written down: its type and default are the dataclass field's, the rest stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting besides its type and default."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    form: str = ""
    """How a text is checked further: "amount", "zone", "path", "source", "mode", "http", "networks", "origins",
    "polygons"."""
    secret: bool = False  # may hold a password: redacted wherever it is printed


def setting(default: Any, help: str, unit: str = "", **more: Any) -> Any:
    """A field of a settings class, documented."""
    return field(default=default, metadata={"setting": Setting(help, unit, **more)})
