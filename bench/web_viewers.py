"""Viewers without a screen for bench/web.py: they ask as a player does, and note when it would have stood still."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urljoin

STARTUP = 1  # segments that a live player holds before it begins, besides those that it was late for
CHUNK = 64 * 1024  # bytes
AHEAD = 10.0  # s of film that a player of a recording loads ahead


@dataclass
class Seen:
    """What one viewer got."""

    stalls: int = 0
    stood: float = 0.0  # s that the picture stood still
    loaded: int = 0  # bytes
    answers: list[float] = field(default_factory=list)  # s until the first byte of each answer
    errors: list[str] = field(default_factory=list)


class Viewer(threading.Thread):
    """Watches until `stop`; what it saw stands in `seen`."""

    def __init__(self, port: int, path: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.seen = Seen()
        self._port, self._path, self._stop_watching = port, path, stop
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def run(self) -> None:
        """Until the end, or until the server says no."""
        try:
            self.watch()
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not self._stop_watching.is_set():
                self.seen.errors.append(f"{type(error).__name__}: {error}")
        finally:
            self._connection.close()

    def watch(self) -> None:
        """Overridden: ask as this kind of viewer does."""
        raise NotImplementedError

    def ask(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """A request that must be answered; its body is still to be read."""
        begin = time.perf_counter()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        self.seen.answers.append(time.perf_counter() - begin)
        if answer.status not in (200, 206):
            raise ValueError(f"{path}: {answer.status} {answer.read()[:200]!r}")
        return answer

    def read(self, path: str) -> bytes:
        """A whole answer."""
        body = self.ask(path).read()
        self.seen.loaded += len(body)
        return body

    @property
    def over(self) -> bool:
        """Whether to end."""
        return self._stop_watching.is_set()


class LiveViewer(Viewer):
    """Live HLS: the playlist once a second, each segment as it comes, played with what a player keeps in hand."""

    def watch(self) -> None:
        """A segment that comes after the picture before it has ended is a stall."""
        playlist = self._media_playlist()
        known: deque[str] = deque(maxlen=100)
        runs_out: float | None = None  # when the last picture that is loaded has been shown
        while not self.over:
            text = self.read(playlist).decode()
            new = [item for item in segments(text) if item[1] not in known]
            if runs_out is None:
                known.extend(uri for _, uri in new[: -STARTUP - 1])
                new = new[-STARTUP - 1 :]
            for length, uri in new:
                self.read(urljoin(playlist, uri))
                known.append(uri)
                now = time.monotonic()
                if runs_out is None:
                    runs_out = now
                elif now > runs_out:
                    self.seen.stalls += 1
                    self.seen.stood += now - runs_out
                    runs_out = now
                runs_out += length
            self._stop_watching.wait(0.5)

    def _media_playlist(self) -> str:
        path = self._path
        for _ in range(3):
            text = self.read(path).decode()
            if "#EXTINF" in text:
                return path
            lines = [line for line in text.splitlines() if line and not line.startswith("#")]
            path = urljoin(path, lines[0])
        raise ValueError(f"{self._path}: no playlist with segments behind it")


class RecordingViewer(Viewer):
    """A recorded clip, from its beginning, again and again: in ranges, ten seconds ahead of what is shown."""

    def __init__(self, port: int, path: str, stop: threading.Event, size: int, length: float) -> None:
        super().__init__(port, path, stop)
        self._size, self._rate = size, size / length

    def watch(self) -> None:
        """Bytes that are not there when their moment is shown are a stall."""
        while not self.over:
            begin, have = time.monotonic(), 0
            while have < self._size and not self.over:
                answer = self.ask(self._path, Range=f"bytes={have}-")
                while not self.over and (chunk := answer.read(CHUNK)):
                    if not have:
                        begin = time.monotonic()  # until then nothing was shown that could stand still
                    have += len(chunk)
                    self.seen.loaded += len(chunk)
                    late = time.monotonic() - begin - have / self._rate
                    if late > 0:
                        self.seen.stalls += 1
                        self.seen.stood += late
                        begin += late
                    elif late < -AHEAD:
                        self._stop_watching.wait(-AHEAD - late)


class StalledViewer(Viewer):
    """Asks for a whole large file, reads a little and then nothing more, as a laptop does whose lid was shut."""

    def watch(self) -> None:
        """Held until the end, or until the server has had enough."""
        self.ask(self._path, Range="bytes=0-99999999999").read(1000)
        self._stop_watching.wait()


class Asker(Viewer):
    """Asks for the same address again and again, as pages and programs do; its answers' times are what counts."""

    def watch(self) -> None:
        """Twice a second."""
        while not self.over:
            begin = time.perf_counter()
            self.read(self._path)
            self.seen.answers[-1] = time.perf_counter() - begin  # to the last byte
            self._stop_watching.wait(0.5)


def segments(playlist: str) -> list[tuple[float, str]]:
    """The lengths (s) and addresses in an HLS media playlist."""
    found, length = [], 0.0
    for line in playlist.splitlines():
        if line.startswith("#EXTINF:"):
            length = float(line.removeprefix("#EXTINF:").partition(",")[0])
        elif line and not line.startswith("#"):
            found.append((length, line))
    return found
