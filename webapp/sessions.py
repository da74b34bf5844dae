"""Who is logged in: kept here and not in the cookie, so that a session can be ended from elsewhere.

The cookie carries a random secret; what is kept is its digest, in a small file in the state folder. It is written when
a session begins or ends, at most once a minute while addresses change, and otherwise once an hour, for SD cards. A
session counts only while its user exists with the password that began it, so that what changes the users' file ends
sessions at once, whatever stands here.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from config.errors import StorageError
from mediamtx.files import replace_file
from webapp.accounts import Accounts, User, digest_of
from webapp.threads import Threads

REST = 3600.0  # s between two writes of nothing but when somebody was last seen
MOVED = 60.0  # s between two writes of nothing but from where: a phone may have two addresses, and use both in turn
MOST_OF_ONE = 50  # sessions of one user; the one unseen for longest goes first
HANDLE = 16  # letters of a digest by which a page calls a session

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is logged in."""

    digest: str  # of the secret in the cookie
    user: str  # key
    stamp: str  # of the user's password when it began
    made: float  # Unix time, s
    seen: float = field(compare=False)
    address: str = field(compare=False)  # the last one
    device: str  # "Firefox on Linux"

    @property
    def handle(self) -> str:
        """By which pages call it; nobody can log in with it."""
        return self.digest[:HANDLE]


class Sessions:
    """All sessions, and when each token was last used."""

    def __init__(self, path: Path, lifetime: float, threads: Threads) -> None:
        """`lifetime` is that of a session, in seconds, however often it is used."""
        self._path = path
        self._lifetime = lifetime
        self._threads = threads
        self._writing = threading.Lock()
        self._sessions, self._used = _read(path)
        self._written = max([session.seen for session in self._sessions.values()], default=0.0)
        self._moved = False  # whether somebody was seen elsewhere since

    def begin(self, user: User, address: str, device: str, now: float) -> str:
        """Begin a session; the secret for its cookie. Where the disk is full it lasts until the web app restarts."""
        secret = secrets.token_urlsafe(32)
        session = Session(digest_of(secret), user.key, user.stamp, now, now, address, device)
        mine = sorted((other for other in self._sessions.values() if other.user == user.key), key=lambda s: s.seen)
        for other in mine[: max(0, len(mine) + 1 - MOST_OF_ONE)]:
            del self._sessions[other.digest]
        self._sessions[session.digest] = session
        self._try_to_write(now)
        return secret

    def find(self, secret: str, accounts: Accounts, now: float) -> Session | None:
        """The session that this secret belongs to, where it still counts."""
        session = self._sessions.get(digest_of(secret))
        return session if session is not None and self._counts(session, accounts, now) else None

    def of(self, user: User, accounts: Accounts, now: float) -> list[Session]:
        """The sessions of a user, those last used first."""
        found = [s for s in self._sessions.values() if s.user == user.key and self._counts(s, accounts, now)]
        return sorted(found, key=lambda session: session.seen, reverse=True)

    def end(self, ended: Iterable[Session], now: float) -> None:
        """End these sessions, at once. Raises StorageError."""
        for session in ended:
            self._sessions.pop(session.digest, None)
        self._write(now)

    def seen(self, session: Session, address: str, now: float) -> None:
        """The session is being used, from this address."""
        self._sessions[session.digest] = replace(session, seen=now, address=address)
        self._moved |= address != session.address
        self._write_seldom(now)

    def token_used(self, key: str, now: float) -> None:
        """A program shows the token with this key."""
        first = key not in self._used
        self._used[key] = now
        self._write_seldom(now, at_once=first)

    def last_used(self, key: str) -> float | None:
        """When a program last showed the token with this key: Unix time."""
        return self._used.get(key)

    def tidy(self, accounts: Accounts, now: float) -> None:
        """Forget what counts no more. Raises StorageError."""
        self._sessions = {d: s for d, s in self._sessions.items() if self._counts(s, accounts, now)}
        self._used = {token.key: self._used[token.key] for token in accounts.tokens if token.key in self._used}
        self._write(now)

    def _counts(self, session: Session, accounts: Accounts, now: float) -> bool:
        user = accounts.user(session.user)
        return user is not None and user.stamp == session.stamp and now - session.made <= self._lifetime

    def _write_seldom(self, now: float, at_once: bool = False) -> None:
        if at_once or abs(now - self._written) > (MOVED if self._moved else REST):
            self._try_to_write(now)

    def _try_to_write(self, now: float) -> None:
        """Who wants to make room on a full disk must be able to come in."""
        try:
            self._write(now)
        except StorageError as error:
            log.warning("%s", error)

    def _write(self, now: float) -> None:
        self._written, self._moved = now, False
        with self._writing:  # one after the other, each with all that is known when its turn comes
            content = {"version": 1, "sessions": [asdict(s) for s in self._sessions.values()], "tokens": self._used}
            self._threads.disk(replace_file, self._path, json.dumps(content, indent=1) + "\n", 0o600)


def device_of(agent: str) -> str:
    """What a browser calls itself, for people: "Firefox on Linux"."""
    browsers = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "FxiOS": "Firefox", "Chrom": "Chrome"}
    systems = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "a Mac"}
    browser = _first(agent, browsers | {"CriOS": "Chrome", "Safari/": "Safari"}, "A browser")
    system = _first(agent, systems | {"CrOS": "a Chromebook", "Linux": "Linux"}, "")
    return f"{browser} on {system}" if system else browser


def _first(text: str, known: dict[str, str], otherwise: str) -> str:
    return next((name for part, name in known.items() if part in text), otherwise)


def _read(path: Path) -> tuple[dict[str, Session], dict[str, float]]:
    """What the file says; nothing where it is damaged, as all it costs is to log in again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        sessions = [Session(**item) for item in content["sessions"]]
        for session in sessions:
            if {type(session.digest), type(session.user), type(session.stamp)} != {str}:
                raise TypeError(session.handle)
            if not {type(session.made), type(session.seen)} <= {int, float}:
                raise TypeError(session.made)
        used = {str(key): float(when) for key, when in content["tokens"].items()}
        return {session.digest: session for session in sessions}, used
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("%s cannot be read (%r); everybody has to log in again", path, error)
        return {}, {}
