"""Slows down the guessing of passwords: each wrong one doubles the pause.

One throttle counts by address, one by user, so that many addresses guessing one password are slowed down as well. That
must not keep the user out: who is logged in as this user from an address has a count of its own there (`user_key`).
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

FREE = 3  # wrong passwords of an address without a pause, for people who mistype
FREE_OF_USER = 10  # and for a user, from all addresses
LONGEST = 60.0  # s
FORGET = 3600.0  # s after which an address starts anew
MOST = 1000  # addresses remembered; the oldest go first


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """Remembers wrong passwords by address or user; `now` is a monotonic time in seconds."""

    def __init__(self, free: int = FREE) -> None:
        self._free = free
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def pause(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        failures = self._failures.get(_key(address))
        if failures is None or failures.count < self._free or now - failures.last > FORGET:
            return 0.0
        length: float = min(LONGEST, 2.0 ** min(failures.count - self._free, 10))
        return max(0.0, failures.last + length - now)

    def failed(self, address: str, now: float) -> None:
        """A wrong password came from this address."""
        key = _key(address)
        before = self._failures.pop(key, None)
        count = before.count + 1 if before and now - before.last <= FORGET else 1
        self._failures[key] = _Failures(count, now)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """The right password came from this address."""
        self._failures.pop(_key(address), None)


def user_key(user: str, address: str, known: bool) -> str:
    """What a user's wrong passwords are counted by; `known`: the user is logged in from this address."""
    return f"{user} at {_key(address)}" if known else f"{user} anywhere"


def _key(address: str) -> str:
    """The address, or its network where one machine has very many (IPv6)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address
