"""Passwords inside addresses: hidden wherever one is shown, and kept where a form sends back what it was shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MARK = "***"
"""What stands in the place of a password."""

_SECRET = re.compile(
    # What stands before the host, up to the last @, as ffmpeg splits it.
    r"(?<=://)[^/\s:@]*:(?P<user>[^/?#\s]+)(?=@)"
    # Cheap cameras want it behind the host: /user=admin_password=..., ?user=admin&pwd=...
    r"|(?<=[?&;/_])(?:password|passwd|passwort|pass|pwd|psw|secret|token|auth)=(?P<parameter>[^&;#\s]+)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with the passwords inside addresses replaced by ***."""
    return _replaced(text, [MARK] * len(_secrets(text)))


def restore(text: str, old: str) -> str:
    """An address that came back from a form: where *** stands, the password that `old` has there.

    ValueError where there is none, or where the address leads to another machine: a password goes only to the one that
    it was given for.
    """
    found, kept = _secrets(text), _secrets(old)
    if MARK not in found:
        return text
    if len(found) != len(kept) or place(text) != place(old):
        raise ValueError("the address leads elsewhere now; type the password again")
    return _replaced(text, [before if now == MARK else now for now, before in zip(found, kept, strict=True)])


def _secrets(text: str) -> list[str]:
    return [match[match.lastgroup or 0] for match in _SECRET.finditer(text)]


def _replaced(text: str, secrets: list[str]) -> str:
    """`text` with other secrets, as many as it has."""
    parts, end = [], 0
    for match, secret in zip(_SECRET.finditer(text), secrets, strict=True):
        begin = match.start(match.lastgroup or 0)
        parts += [text[end:begin], secret]
        end = match.end(match.lastgroup or 0)
    return "".join([*parts, text[end:]])


def place(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. ValueError where there are none."""
    try:
        parts = urlsplit(address)
        return parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("this is no address; it looks like rtsp://user:password@host/path") from None
