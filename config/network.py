"""Whether an address is this computer's own."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(address: str) -> bool:
    """Whether an IP address is this computer's own, also as `::ffff:127.0.0.1`."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_local_name(host: str) -> bool:
    """Whether a Host header names this computer as its own user would: `localhost:8080`, `127.0.0.1`, `[::1]:8080`.

    A foreign page can make its own name point to 127.0.0.1 (DNS rebinding), but then its name stands here.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or is_loopback(name)
