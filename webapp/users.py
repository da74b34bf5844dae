"""The accounts on disk, in one small file that only its owner can read.

    web_users.json    {"version": 1, "users": [...], "tokens": [...]}; replaced as a whole, so it is the old or the new
    web_password      the one password of installations that have no users yet: it is that of the admin "admin"

`./birbcam password` may change it while the web app runs.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from config.errors import AccountError, StorageError, WebError
from mediamtx.files import make_folder, replace_file, sync_folder
from mediamtx.layout import Layout
from webapp.accounts import FIRST, ROLES, Accounts, Token, User, plain
from webapp.passwords import hash_password, is_hash

LOCK_TIMEOUT = 10.0  # s

log = logging.getLogger(__name__)


class UserFile:
    """The accounts on disk; `./birbcam password` may change them while the web app runs."""

    def __init__(self, layout: Layout) -> None:
        self._path, self._old = layout.web_users, layout.web_password
        self._aside = layout.web_users.with_suffix(".damaged.json")
        self._lock = layout.lock("users")
        self._read: tuple[tuple[Any, ...], Accounts] | None = None  # what the file was when read, and what it held

    def read(self) -> Accounts:
        """The accounts; read again only when the file has changed. Never raises: see `Accounts.problem`."""
        for path, parse in ((self._path, _parse), (self._old, _parse_old)):
            try:
                status = path.stat()
                stamp = (path, status.st_ino, status.st_mtime_ns, status.st_size)
                if self._read is None or self._read[0] != stamp:
                    self._read = stamp, parse(path, path.read_bytes())
                return self._read[1]
            except FileNotFoundError:
                continue
            except OSError as error:
                return Accounts(problem=f"{path}: cannot be read ({error.strerror}); run this as BirbCam's own user")
        return Accounts()

    def check(self) -> None:
        """Raises WebError where the file cannot be used: nobody could log in."""
        if problem := self.read().problem:
            raise WebError(problem)

    def change(self, change: Callable[[Accounts], Accounts]) -> Accounts:
        """Write what `change` makes of the accounts. Waits for another process: call it in a thread.

        Raises WebError where the file is damaged, AccountError as `change` does, StorageError.
        """
        make_folder(self._path.parent)
        try:
            with FileLock(self._lock, timeout=LOCK_TIMEOUT):
                self.check()
                accounts = change(self.read())
                self._write(accounts)
                return accounts
        except (Timeout, OSError) as error:
            raise StorageError(f"{self._path}: another process keeps it ({error}); try again") from error

    def set_password(self, password: str, name: str | None = None) -> User:
        """Set a password from outside: that of the user `name`, else of the only user or the first admin.

        Where there is nobody yet, "admin" is made. A damaged file is set aside, and "admin" is all there is. Every
        session of the user ends. Slow. Raises AccountError where nobody is called so, WebError, StorageError.
        """
        hashed = hash_password(password)
        if self.read().damaged:
            self._set_aside()
        self.check()
        if not self.read().users:
            if name not in (None, FIRST):
                raise AccountError(f'There are no users yet; set the password of "{FIRST}" first, and add {name} then.')
            first = User(FIRST, FIRST, "admin", hashed, int(time.time()))
            return self.change(lambda accounts: accounts.with_user(first)).users[0]
        found = _chosen(self.read(), name)
        changed = self.change(lambda accounts: accounts.with_changed(found.key, password=hashed)).user(found.key)
        assert changed is not None
        return changed

    def _write(self, accounts: Accounts) -> None:
        content = {
            "version": 1,
            "users": [asdict(user) for user in accounts.users],
            "tokens": [asdict(token) for token in accounts.tokens],
        }
        replace_file(self._path, json.dumps(content, ensure_ascii=False, indent=1) + "\n", 0o600)
        sync_folder(self._path.parent)
        with suppress(FileNotFoundError):  # only now: until the new file is there, this one counts
            self._old.unlink()

    def _set_aside(self) -> None:
        for path in (self._path, self._old):
            if path.exists():
                path.replace(self._aside)
                log.warning("the users' file was damaged; it is kept as %s", self._aside)
                return


def _chosen(accounts: Accounts, name: str | None) -> User:
    if name is None:
        admins = [user for user in accounts.users if user.role == "admin"]
        return next((user for user in admins if user.name == FIRST), admins[0])
    found = next((user for user in accounts.users if plain(user.name) == plain(name)), None)
    if found is None:
        known = ", ".join(user.name for user in accounts.users)
        raise AccountError(f"There is no user {name}; there are: {known}")
    return found


def _parse(path: Path, data: bytes) -> Accounts:
    try:
        content = json.loads(data)
        if content["version"] != 1:
            return Accounts(problem=f"{path}: written by a later version of BirbCam; update this one")
        users = tuple(User(**_strings(item, User)) for item in content["users"])
        tokens = tuple(Token(**_strings(item, Token)) for item in content["tokens"])
        names = [plain(user.name) for user in users]
        if len({*names}) < len(names) or not all(is_hash(user.password) for user in users):
            raise ValueError("two users of one name, or a password that is none")
        return Accounts(users, tokens).checked()
    except (ValueError, TypeError, KeyError, RecursionError, AccountError) as error:
        log.warning("%s: %r", path, error)
        return Accounts(problem=_damaged(path), damaged=True)


def _parse_old(path: Path, data: bytes) -> Accounts:
    stored = data.decode("utf-8", "replace").strip()
    if not is_hash(stored):
        return Accounts(problem=_damaged(path), damaged=True)
    return Accounts((User(FIRST, FIRST, "admin", stored, 0),))


def _damaged(path: Path) -> str:
    return f'{path}: damaged; set a new password with "./birbcam password": it keeps the file aside, and begins anew'


def _strings(item: Any, kind: type) -> dict[str, Any]:
    """The fields of one entry, if they are what they should be; ValueError, TypeError, KeyError."""
    item = {"maker": "", **item}  # earlier releases did not note who made a token
    fields = {name: item[name] for name in kind.__dataclass_fields__}  # type: ignore[attr-defined]
    if item["role"] not in ROLES or type(item["made"]) is not int:
        raise ValueError(f"role or time of {item.get('key')!r}")
    if not all(isinstance(value, str) for name, value in fields.items() if name != "made"):
        raise TypeError(f"fields of {item.get('key')!r}")
    return fields
