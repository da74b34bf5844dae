"""Which ports are free, and for whom they are asked."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable

from config.errors import ConfigError

EVERYWHERE = "0.0.0.0"
EVERYWHERE_HOSTS = (EVERYWHERE, "::")
PORT_HOSTS = {"rtsp_port": EVERYWHERE}
"""The addresses that the recorder's ports are bound to, by setting; the others are on the loopback."""


def is_free(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether `port` of `host` can be listened on; ConfigError where `host` is no address of this machine."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
            probe.bind(address)
    except socket.gaierror as error:
        raise ConfigError(f"--host {host}: not an address ({error.strerror}); 0.0.0.0 is the whole network") from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError(f"--host {host}: not an address of this machine; 0.0.0.0 is the whole network") from error
        return False
    return True


def free_port(setting: str, host: str, wanted: int, used: Iterable[int], say: Callable[[str], None]) -> int:
    """The first free port from `wanted` on that is not in `used`; another one than `wanted` is said."""
    for port in range(wanted, min(wanted + 200, 65536)):
        if port not in used and is_free(host, port):
            if port != wanted:
                say(f"port {wanted} ({setting}) is taken; using {port}")
            return port
    raise ConfigError(f"no free port from {wanted} on for {setting}; end the programs that hold them")


def free_ports(count: int) -> list[int]:
    """TCP ports of the loopback that nobody listens on; found together, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
