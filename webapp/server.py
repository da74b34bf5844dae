"""The web server: gunicorn with one worker process, on a socket that is opened before anything else is tried."""

from __future__ import annotations

import errno
import logging
import os
import socket
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from config.errors import WebError
from config.settings import Settings
from mediamtx.layout import Layout
from webapp.access import check_exposure
from webapp.passwords import session_secret
from webapp.users import UserFile
from webapp.worker import QuietLogger, Worker

HEADER_TIMEOUT = 15  # s for the next request on a connection to be there with all its headers
CONNECTIONS = 400  # at once; each may need two file descriptors, of which a process has 1,024 unless told otherwise
BACKLOG = 128
SEND_BUFFER = 256 * 1024
"""Bytes that Linux keeps for a connection, doubled; left alone it keeps 4 MB, and 40 stalled readers take 150 MB."""

log = logging.getLogger(__name__)


def run_server(settings: Settings) -> int:
    """Serve the web app until SIGTERM or SIGINT; does not return, but ends the process as gunicorn does.

    Raises WebError where it may not be reached from the network without a password, or where the port is taken;
    StorageError where the state cannot be written.
    """
    layout = Layout.of(settings)
    check_exposure(settings, UserFile(layout))
    session_secret(layout)  # made here, where an error is told in one line, and before the worker needs it
    listener = open_listener(settings.web.host, settings.web.port)
    log.info("web app at %s", address_of(listener))
    _Arbiter(_Server(settings, listener)).run()
    return 0


def open_listener(host: str, port: int) -> socket.socket:
    """The listening socket. Raises WebError, naming the setting, where the address or the port cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        dual = family == socket.AF_INET6 and host in ("", "::") and socket.has_dualstack_ipv6()
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=dual)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # handed on to each connection
        return listener
    except (OSError, UnicodeError) as error:
        raise WebError(_cannot_listen(host, port, error)) from error


def address_of(listener: socket.socket) -> str:
    """The address to type into a browser on this computer."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _cannot_listen(host: str, port: int, error: OSError | UnicodeError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} is taken by another program; end that one, or set web.port to another port"
    if number == errno.EACCES:
        return f"port {port} is for programs of the system only; set web.port to one from 1024 on"
    return f'web.host = "{host}" is no address of this computer ({error}); correct it'


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's master process."""

    def handle_hup(self) -> None:
        """The terminal was closed: end, instead of loading a configuration file that there is none of."""
        raise StopIteration


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn, told everything here: it reads no configuration file and leaves none of its own."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._descriptor = listener.detach()
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"fd://{self._descriptor}",
            "workers": 1,  # sessions, throttle and status live in one process
            "worker_class": Worker,
            "worker_connections": CONNECTIONS,
            "keepalive": HEADER_TIMEOUT,
            "graceful_timeout": 3,  # longer than the worker gives its requests
            "timeout": 60,  # s after which a worker that hangs is replaced
            "sendfile": False,  # files are read in threads: see webapp.files
            # What proxies say is read in webapp.proxies; gunicorn would believe anybody on the loopback.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "logger_class": QuietLogger,
            "control_socket_disable": True,
            # Its heartbeat touches a file each second, which must not wear out an SD card.
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """In the worker process."""
        import gevent

        from webapp.app import create_app

        app = create_app(self._settings, os.environ)
        gevent.spawn(app.extensions["birbcam"].manual.run)  # recordings that ended while no web app ran, too
        return app
