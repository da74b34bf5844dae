"""Passwords inside addresses: hidden wherever one is shown, and kept where a form sends back what it was shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MARK = "***"
"""What stands in the place of a password."""

_PARAMETER = re.compile(
    # Cheap cameras want it behind the host: /user=admin_password=..., ?user=admin&pwd=...; SRT has ?passphrase=...
    r"(?:(?<=[?&;/_])(?:(?:user|login|admin|api|access|secret|private|stream|auth|session)[_-]?)?"
    r"(?:password|passwd|passwort|passphrase|passcode|pass|pas|pwd|psw|pw|secret|token|auth|key|credentials?|signature"
    r"|sig)|(?<=[?&;])p)"
    r"=([^&;\s]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
_UNENCODED = re.compile(r"[/?#][^@]*@|\s")


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


def check_encoded(address: str) -> None:
    """ValueError where nobody can tell how far the password of an address goes, which ffmpeg would cut short."""
    if _UNENCODED.search(address.partition("://")[2].strip()):
        raise ValueError(
            "a password stands encoded in an address: write / as %2F, ? as %3F, # as %23, a space as %20, and an @ "
            "behind the host as %40"
        )


def _secrets(text: str) -> list[str]:
    return [text[begin:end] for begin, end in _spans(text)]


def _replaced(text: str, secrets: list[str]) -> str:
    """`text` with other secrets, as many as it has."""
    parts, at = [], 0
    for (begin, end), secret in zip(_spans(text), secrets, strict=True):
        parts += [text[at:begin], secret]
        at = end
    return "".join([*parts, text[at:]])


def _spans(text: str) -> list[tuple[int, int]]:
    """Where passwords stand in a text, in order."""
    found = [match.span(1) for match in _PARAMETER.finditer(text)]
    if "://" in text and "@" in text:
        found += [span for word in _WORD.finditer(text) if (span := _before_host(word[0], word.start()))]
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if spans and begin < spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((begin, end))
    return spans


def _before_host(word: str, offset: int) -> tuple[int, int] | None:
    """What stands before the host, up to the last @: also where it holds a / that should have been encoded."""
    scheme, end = word.find("://"), word.rfind("@")
    colon = word.find(":", scheme + 3, max(end, 0))
    return (offset + colon + 1, offset + end) if scheme >= 0 and 0 <= colon < end - 1 else None


def place(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. ValueError where there are none."""
    try:
        parts = urlsplit(address)
        return parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("this is no address; it looks like rtsp://user:password@host/path") from None
