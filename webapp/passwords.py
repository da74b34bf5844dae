"""The one password of the web app, and the key that signs its sessions, as files that only their owner can read."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from config.errors import StorageError, WebError
from mediamtx.files import replace_file
from mediamtx.layout import Layout

SHORTEST, LONGEST = 8, 256  # characters
_CURE = "set a new one with: ./birbcam password"


def password_problem(password: str) -> str | None:
    """Why this cannot be a password, as a sentence for people; None when it can."""
    if len(password) < SHORTEST:
        return f"A password needs at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    return None


class PasswordFile:
    """The argon2 hash of the password; `./birbcam password` may change it while the web app runs."""

    def __init__(self, layout: Layout) -> None:
        self._path = layout.web_password
        self._hasher = PasswordHasher()
        self._read: tuple[tuple[int, int, int], str] | None = None  # what the file was when read, and what it held

    def hash(self) -> str | None:
        """The hash; None when no password is set. Raises WebError where the file cannot be read.

        Costs one look at the file's name: it is read again only when it has changed.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, self._path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise WebError(f"{self._path}: cannot be read ({error}); run this as BirbCam's own user") from error
        return self._read[1]

    def check(self) -> None:
        """Raises WebError where what the file holds is no hash: nobody could log in."""
        stored = self.hash()
        try:
            if stored is not None:
                self._hasher.check_needs_rehash(stored)
        except InvalidHashError as error:
            raise WebError(f"{self._path}: damaged; {_CURE}") from error

    def verify(self, password: str) -> bool:
        """Whether this is the password. Slow on purpose (about 0.1 s, 64 MiB): call it in a thread."""
        stored = self.hash()
        if stored is None or len(password) > LONGEST:
            return False
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise WebError(f"{self._path}: damaged ({error}); {_CURE}") from error

    def set(self, password: str) -> None:
        """Store a new password; every session ends. Slow as `verify`. Raises StorageError."""
        replace_file(self._path, self._hasher.hash(password) + "\n", 0o600)

    def fingerprint(self, secret: bytes) -> str:
        """What a session carries to belong to the present password; "" when none is set."""
        stored = self.hash()
        return hmac.new(secret, stored.encode(), hashlib.sha256).hexdigest() if stored is not None else ""


def session_secret(layout: Layout) -> bytes:
    """The key that signs sessions; made on the first start. Raises StorageError where it cannot be kept."""
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
