"""Lists of addresses and networks in a setting."""

from __future__ import annotations

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a list as "127.0.0.1, 192.168.1.0/24"; an address is a network of one. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",")) if text.strip() else ()
