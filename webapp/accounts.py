"""The users of the web app and the tokens of programs, as values; what may be changed is decided here, purely."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from config.errors import AccountError
from webapp.passwords import hash_password

Role = Literal["admin", "viewer"]
"""An admin does everything; a viewer watches live pictures and clips, and changes nothing."""
ROLES: tuple[Role, ...] = get_args(Role)

FIRST = "admin"
"""The name, and the key, of the user that the first password belongs to."""
LONGEST_NAME = 40  # characters
MOST = 100  # users, and as many tokens
TOKEN_PREFIX = "birbcam_"  # by which people, and programs that look for lost secrets, know what it is


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who logs in."""

    key: str  # stands in addresses, and never for anybody else
    name: str
    role: Role
    password: str = field(repr=False)  # argon2 hash
    made: int  # Unix time, s

    @property
    def stamp(self) -> str:
        """Changes with the password; sessions carry it, so that they end with the password that began them."""
        return digest_of(self.password)[:32]


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows instead of a password."""

    key: str
    name: str
    role: Role
    digest: str = field(repr=False)  # SHA-256 of the token, which is as random as any key: nothing slower is needed
    made: int  # Unix time, s
    maker: str = ""  # key of the user who made it; "" for those of earlier releases, which keep nobody's


@dataclass(frozen=True, slots=True)
class Accounts:
    """All users and tokens; with a `problem` the file cannot be used, and nobody comes in (`damaged`: for good)."""

    users: tuple[User, ...] = ()
    tokens: tuple[Token, ...] = ()
    problem: str = ""
    damaged: bool = False

    @property
    def closed(self) -> bool:
        """Whether a log-in is needed."""
        return bool(self.users or self.problem)

    def user(self, key: str) -> User | None:
        """The user with this key."""
        return next((user for user in self.users if user.key == key), None)

    def named(self, name: str) -> User | None:
        """The user with this name, in small or large letters; where there is one only, the name does not matter."""
        if len(self.users) == 1:
            return self.users[0]
        return next((user for user in self.users if plain(user.name) == plain(name)), None)

    def admins(self) -> list[str]:
        """Their names."""
        return [user.name for user in self.users if user.role == "admin"]

    def token(self, secret: str) -> Token | None:
        """The token that a program shows, where it counts."""
        digest = digest_of(secret)
        found = next((token for token in self.tokens if secrets.compare_digest(token.digest, digest)), None)
        return found if found is not None and self.counts(found) else None

    def counts(self, token: Token) -> bool:
        """Whether whoever made the token, if that is known, is still there and may do as much."""
        maker = self.user(token.maker)
        return not token.maker or (maker is not None and maker.role in ("admin", token.role))

    def tokens_of(self, key: str) -> list[Token]:
        """The tokens that this user made; they go with the user."""
        return [token for token in self.tokens if token.maker == key]

    def with_user(self, user: User) -> Accounts:
        """One more. Raises AccountError where the name will not do."""
        if any(plain(other.name) == plain(user.name) for other in self.users):
            raise AccountError(f"There is a user {user.name} already; take another name.")
        if len(self.users) >= MOST:
            raise AccountError(f"There are {MOST} users already; delete one first.")
        return replace(self, users=(*self.users, user))

    def with_changed(self, key: str, **changes: Any) -> Accounts:
        """Another role or password for one. Raises AccountError where no admin would be left."""
        users = tuple(replace(user, **changes) if user.key == key else user for user in self.users)
        return replace(self, users=users).checked()._without_lost_tokens()

    def without_user(self, key: str) -> Accounts:
        """One less, and the tokens that were made by this one. Raises AccountError where no admin would be left."""
        users = tuple(user for user in self.users if user.key != key)
        return replace(self, users=users).checked()._without_lost_tokens()

    def with_token(self, token: Token) -> Accounts:
        """One more. Raises AccountError where there are too many, or one of this name."""
        if any(plain(other.name) == plain(token.name) for other in self.tokens):
            raise AccountError(f"There is a token {token.name} already; take another name, or revoke it first.")
        if len(self.tokens) >= MOST:
            raise AccountError(f"There are {MOST} tokens already; revoke one first.")
        return replace(self, tokens=(*self.tokens, token))

    def without_token(self, key: str) -> Accounts:
        """One less."""
        return replace(self, tokens=tuple(token for token in self.tokens if token.key != key))

    def checked(self) -> Accounts:
        """The accounts. Raises AccountError where there is no admin."""
        if not self.admins():
            raise AccountError("This is the last admin; make somebody else an admin first.")
        return self

    def _without_lost_tokens(self) -> Accounts:
        return replace(self, tokens=tuple(token for token in self.tokens if self.counts(token)))


def clean_name(text: str) -> str:
    """A name as it is kept. Raises AccountError where it will not do."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise AccountError("A name is needed.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise AccountError(f"A name has at most {LONGEST_NAME} characters, all of them visible.")
    return name


def known_role(text: str) -> Role:
    """The role called so. Raises AccountError."""
    for role in ROLES:
        if role == text:
            return role
    raise AccountError(f"A role is one of: {', '.join(ROLES)}.")


def new_user(name: str, role: Role, password: str, now: float) -> User:
    """A user with this password. Slow: it is hashed. Raises AccountError."""
    return User(secrets.token_hex(8), clean_name(name), role, hash_password(password), int(now))


def new_token(name: str, role: Role, now: float, maker: str = "") -> tuple[Token, str]:
    """A token of the user with the key `maker`, and what the program shows, kept nowhere. Raises AccountError."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return Token(secrets.token_hex(8), clean_name(name), role, digest_of(secret), int(now), maker), secret


def plain(name: str) -> str:
    """A name as names are compared: small and large letters, and spaces, make no other name."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def digest_of(text: str) -> str:
    """What is kept of a secret as random as a key."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
