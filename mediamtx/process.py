"""MediaMTX as a child process: started once its ports are free, restarted when it dies, ended with its files closed."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.addresses import (
    RecorderInfo,
    mediamtx_headers,
    remove_recorder_info,
    webrtc_udp_host,
    write_recorder_info,
)
from mediamtx.api import fetch_states
from mediamtx.config_file import child_environment, write_mediamtx_config
from mediamtx.find import mediamtx_version, version_text

PATIENCE = 20.0  # s that MediaMTX has to answer
CHECK_INTERVAL = 5.0  # s between two looks whether it still does
GRACE = 10.0  # s that it has to close its files
RESTART_PAUSE = 1.0  # s
REPEAT_AFTER = 600.0  # s during which a line that says the same is not forwarded again

_POLL = 0.1  # s
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_LINE = re.compile(r"\S+ \S+ (DEB|INF|WAR|ERR) (.*)")
_DISK_FULL = re.compile(r".*\bwrite (/.+\.mp4): no space left on device")
# MediaMTX's "info" tells of every viewer that comes and goes: that is our "debug".
_USUAL = re.compile(r"\[WebRTC\] .*skipping track \d+ \(MPEG-4 Audio\)")  # AAC, as all our cameras' sound is
_LEVELS = {"DEB": logging.DEBUG, "INF": logging.DEBUG, "WAR": logging.WARNING, "ERR": logging.ERROR}

log = logging.getLogger(__name__)


def run_mediamtx(settings: Settings, binary: Path, stop: threading.Event) -> None:
    """Run MediaMTX until `stop` is set; while it answers, `layout.recorder_file` says so. For the main thread.

    Raises RecorderError where it cannot be run or does not start, StorageError where its configuration cannot be
    written. Once it has answered, a MediaMTX that dies is started again, for ever.
    """
    version = mediamtx_version(binary)
    check_ports(settings)
    config = write_mediamtx_config(settings, binary, version)
    info = recorder_info(settings)
    lines = LineForwarder()
    child = Child(binary, config, lines)
    heard = time.monotonic()  # of it last: it was started, or it answered
    answers = answered_once = False
    try:
        while not stop.wait(_POLL):
            if not child.running:
                if not answered_once:
                    raise RecorderError(f"MediaMTX ended at its start ({child.exit_text()}): {lines.last()}")
                if answers:  # said once, not each time
                    log.warning("MediaMTX ended (%s); starting it again", child.exit_text())
                    remove_recorder_info(settings)
                    answers = False
                child.end()
                if stop.wait(RESTART_PAUSE):
                    break
                child = Child(binary, config, lines)
                heard = time.monotonic()
            elif answers and time.monotonic() - heard < CHECK_INTERVAL:
                continue
            elif _answers(settings, info):
                heard = time.monotonic()
                if not answers:
                    answers = answered_once = True
                    write_recorder_info(settings, info)
                    log.info("MediaMTX %s answers; cameras publish to %s", version_text(version), info.rtsp_base)
            elif time.monotonic() - heard > PATIENCE:
                log.warning("MediaMTX has not answered for %g s; starting it again", PATIENCE)
                remove_recorder_info(settings)
                answers = False
                child.end()
    finally:
        remove_recorder_info(settings)
        child.end()


def recorder_info(settings: Settings) -> RecorderInfo:
    """What a MediaMTX that runs with these settings, as our child, is to the other processes."""
    ports = settings.mediamtx
    return RecorderInfo(
        kind="mediamtx",
        pid=os.getpid(),
        started=datetime.now(UTC),
        rtsp_base=f"rtsp://127.0.0.1:{ports.rtsp_port}",
        hls_base=f"http://127.0.0.1:{ports.hls_port}",
        api_base=f"http://127.0.0.1:{ports.api_port}",
        webrtc_base=f"http://127.0.0.1:{ports.webrtc_port}",
        has_hls_js=True,
    )


def check_ports(settings: Settings) -> None:
    """RecorderError, naming port and setting, where one of MediaMTX's ports cannot be listened on."""
    ports = settings.mediamtx
    with contextlib.ExitStack() as held:  # all at once, so that two settings with one port are found too
        for name in ("rtsp_port", "hls_port", "webrtc_port", "webrtc_udp_port", "api_port", "metrics_port"):
            port = getattr(ports, name)
            try:
                if name == "webrtc_udp_port":
                    held.enter_context(_listen_udp(webrtc_udp_host(settings), port))
                else:
                    held.enter_context(_listen(port, everywhere=name == "rtsp_port"))
            except OSError as error:
                raise RecorderError(
                    f"port {port} (setting mediamtx.{name}) cannot be listened on ({os.strerror(error.errno or 0)}); "
                    "end the program that holds it, or set another port"
                ) from error


def _listen(port: int, everywhere: bool) -> socket.socket:
    """A socket that holds the port in the way MediaMTX will."""
    if everywhere and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("" if everywhere else "127.0.0.1", port))


def _listen_udp(host: str, port: int) -> socket.socket:
    """As `_listen`, of the port that WebRTC's pictures leave from."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _answers(settings: Settings, info: RecorderInfo) -> bool:
    try:
        fetch_states(info.api_base, mediamtx_headers(settings))  # its API is the last thing that MediaMTX opens
    except RecorderError:
        return False
    return True


class LineForwarder:
    """Passes MediaMTX's lines to our log; one that says the same again within ten minutes is left out."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._recent: deque[str] = deque(maxlen=3)

    def forward(self, line: str, now: float) -> None:
        """Log one line; `now` in seconds of any clock that only goes forward."""
        self._recent.append(line)
        match = _LINE.fullmatch(line)
        level, text = (_LEVELS[match[1]], match[2]) if match else (logging.WARNING, line)
        if _USUAL.fullmatch(text):
            level = logging.DEBUG
        alike = re.sub(r"[0-9a-f]*\d[0-9a-f]*", "#", text)  # numbers, times and identifiers aside
        if now < self._said.get(alike, now):
            return
        if len(self._said) > 1000:
            self._said.clear()
        self._said[alike] = now + REPEAT_AFTER
        log.log(level, "%s", text)

    def last(self) -> str:
        """The last few lines, in one."""
        return " / ".join(self._recent) or "it said nothing"


class Child:
    """One run of MediaMTX; it ends, with its files closed, when we do."""

    def __init__(self, binary: Path, config: Path, lines: LineForwarder) -> None:
        reading, writing = os.pipe()
        # It gets the reading end too: if we are killed, what it then says must not kill it (SIGPIPE) before its
        # files are closed.
        self._process = subprocess.Popen(
            [binary, config],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            pass_fds=[reading],
            preexec_fn=_end_with(os.getpid()),
        )
        os.close(writing)
        self._reader = threading.Thread(target=_read_lines, args=(reading, lines), daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process.poll() is None

    def exit_text(self) -> str:
        """How it ended: `exit code 1` or `SIGKILL`."""
        code = self._process.returncode
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"

    def end(self) -> None:
        """SIGTERM, then SIGKILL where it has not closed its files within the grace time."""
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            log.warning("MediaMTX did not end within %g s; killed: each stream may lose its last second", GRACE)
            self._process.kill()
            self._process.wait()
        self._reader.join()


def _end_with(parent: int) -> Callable[[], None]:
    """What a child does before it becomes MediaMTX: ask the kernel for a SIGTERM when we die (prctl(2))."""

    def ask() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # we died before that
            os._exit(1)

    return ask


def remove_empty_segment(line: str) -> None:
    """Remove the file that MediaMTX says it could not write, if there is nothing in it.

    On a full disk it goes on trying, every few seconds, and leaves an empty file each time: thousands in a night.
    """
    if match := _DISK_FULL.match(line):
        path = Path(match[1])
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size == 0:
                path.unlink()


def _read_lines(reading: int, lines: LineForwarder) -> None:
    with open(reading, encoding="utf-8", errors="replace") as file:
        for line in file:
            lines.forward(line.rstrip("\n"), time.monotonic())
            remove_empty_segment(line)
