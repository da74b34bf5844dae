"""Passwords: what may be one, how they are hashed, and the key that signs the cookies."""

from __future__ import annotations

import secrets
from base64 import b64encode
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from config.errors import StorageError, WebError
from mediamtx.files import replace_file
from mediamtx.layout import Layout

SHORTEST, LONGEST = 8, 256  # characters
COMMON = Path(__file__).parent / "common_passwords.txt"

_hasher = PasswordHasher()


def password_problem(password: str, name: str = "") -> str | None:
    """Why this cannot be the password of the user `name`, as a sentence for people; None when it can.

    Any letters do, and no kinds of them are asked for: length and being uncommon are what helps.
    """
    if len(password) < SHORTEST:
        return f"A password needs at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    plain = password.casefold()
    if plain in _common() or len(set(plain)) < 3 or plain.strip() in (name.casefold(), "birbcam1", "birbcam123"):
        return "This is one of the first passwords that somebody would try; a few words together make a better one."
    return None


def hash_password(password: str) -> str:
    """The argon2 hash to keep. Slow on purpose (about 0.1 s, 64 MiB): call it in a thread."""
    return _hasher.hash(password)


def is_hash(text: str) -> bool:
    """Whether this is a hash as `hash_password` makes them, so that a password can be compared with it."""
    try:
        _hasher.check_needs_rehash(text)
        return True
    except InvalidHashError:
        return False


def is_weak_hash(text: str) -> bool:
    """Whether a hash was made with less work than hashes are made with today."""
    return _hasher.check_needs_rehash(text)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether this is the password; as slow as `hash_password`, also for None: nobody has it, and takes as long.

    Raises WebError where `stored` is no hash.
    """
    if len(password) > LONGEST:
        return False
    try:
        return _hasher.verify(stored or _nobodys(), password) and stored is not None
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError) as error:
        raise WebError(f"A password's hash is damaged ({error}); set a new one with: ./birbcam password") from error


def _nobodys() -> str:
    """A hash that no password has, as much work as a real one."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, _hasher.hash_len))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def session_secret(layout: Layout) -> bytes:
    """The key that signs cookies; made on the first start. Raises StorageError where it cannot be kept."""
    path = layout.web_secret
    secret = _read_secret(path)
    if secret is None:
        replace_file(path, secrets.token_hex(32) + "\n", 0o600)
        secret = _read_secret(path)
    if secret is None:
        raise StorageError(f"{path}: cannot be kept; delete it and start again")
    return secret


def _read_secret(path: Path) -> bytes | None:
    try:
        text = path.read_text(encoding="ascii").strip()
        return bytes.fromhex(text) if len(text) == 64 else None
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror}); run this as BirbCam's own user") from error
