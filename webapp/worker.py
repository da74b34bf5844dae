"""gunicorn's gevent worker, with time-outs for who does not read or does not write, and a quick end.

Why gevent: a paused video and a viewer that went out of the Wi-Fi hold their connections. Measured with 40 readers that
stalled and one viewer on /api/v1/status (2 cores, x86):

    gthread, 8 or 40 threads    no answer within 5 s: every thread waits for a reader
    gthread, 64 threads         median 1.8 ms, until 64 readers stall
    gevent                      median 1.2 ms, 9 MB more memory; WebSockets come at the same price
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import gevent
from gevent import monkey
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.glogging import Logger
from gunicorn.workers.base_async import AsyncWorker
from gunicorn.workers.ggevent import GeventWorker

SEND_TIMEOUT = 30.0  # s within which a chunk must have been taken, or a piece of a request's body have come
END_TIMEOUT = 1.0  # s that running requests have after SIGTERM


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """One process for all connections."""

    send_timeout = SEND_TIMEOUT

    def patch(self) -> None:
        """Make sockets and locks cooperative; child processes are only started from native threads.

        There, gevent's `os.close` may put off closing a pipe until a loop runs that never does, and `subprocess` waits.
        """
        monkey.patch_all(subprocess=False, os=False, signal=False)
        listeners = [gevent.socket.socket(s.FAMILY, fileno=s.sock.detach()) for s in self.sockets]
        self.sockets: list[Any] = listeners
        self._ending = Event()
        self._busy = 0  # requests being answered, as opposed to connections that wait for the next one

    def run(self) -> None:
        """Serve until SIGTERM; who is then in the middle of an answer has `END_TIMEOUT`."""
        servers = [
            StreamServer(listener, handle=partial(self.handle, listener), spawn=Pool(self.worker_connections))
            for listener in self.sockets
        ]
        for server in servers:
            server.start()
        while self.alive:
            self.notify()
            self._ending.wait(1.0)
        for server in servers:
            server.close()
        with gevent.Timeout(END_TIMEOUT, False):
            while self._busy:
                gevent.sleep(0.05)
        for server in servers:
            server.stop(timeout=0)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM from the master process."""
        super().handle_exit(sig, frame)
        self._ending.set()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGINT, which Ctrl-C sends to all processes of a terminal, and SIGQUIT from the master for the same."""
        self.handle_exit(sig, frame)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection; every send and receive on it has the time-out."""
        client.settimeout(self.send_timeout)
        AsyncWorker.handle(self, listener, client, addr)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Serve one request; one whose browser stopped reading ends without a word in the log."""
        self._busy += 1
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            self.log.debug("%s took nothing for %g s", addr, self.send_timeout)
            raise StopIteration from None
        finally:
            self._busy -= 1
        if not self.alive:
            raise StopIteration  # ended in the middle: there is no next request on this connection

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is no request; a connection that is ended on SIGTERM is no error."""
        if not isinstance(exc, gevent.GreenletExit):
            super().handle_error(req, client, addr, exc)


class QuietLogger(Logger):  # type: ignore[misc]
    """gunicorn's messages through our own logging: its errors, and everything at the level "debug"."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn at start and reload."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        if not logging.getLogger().isEnabledFor(logging.DEBUG):
            self.error_log.setLevel(logging.ERROR)  # its warnings are of broken requests: anybody could fill the log
