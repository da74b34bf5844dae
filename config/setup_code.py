"""The one-time code that an installation prints, with which the first visitor sets the password of the page."""

from __future__ import annotations

import hmac
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0 and O, 1 and I: it is read off a screen and typed into a phone."""
HALF = 4  # letters before and after the dash; 40 bits in all, tried a few times a minute


def new_code() -> str:
    """A new code, as `K7QM-2RTX`."""
    halves = ("".join(secrets.choice(ALPHABET) for _ in range(HALF)) for _ in range(2))
    return "-".join(halves)


def same_code(given: str, code: str) -> bool:
    """Whether somebody who typed `given` means `code`: small letters, spaces and a missing dash do not matter."""
    return hmac.compare_digest(_letters(given).encode(), _letters(code).encode())


def _letters(text: str) -> str:
    return "".join(letter for letter in text.upper() if not letter.isspace() and letter != "-")
