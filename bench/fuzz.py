"""Hostile requests to the running web app: `python bench/fuzz.py`, in the tests' environment; `--count`, `--seed`.

Each is written byte by byte on a connection of its own, so that it may be what no client sends: paths that climb, in
all encodings; methods, ranges, dates, cookies, tokens and headers that are wrong, huge or repeated; JSON that is
broken, deep or of the wrong types; bodies that are longer or shorter than said. A third comes with an admin's token, a
third with a viewer's, a third with none. A recorder runs, without a camera that sends.

Looked for: answers from 500 on, words from files outside of BirbCam's folders, files made or changed there, and memory.
Prints a Markdown table; bench/RESULTS.md keeps the latest.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

from fuzz_requests import Fuzzer  # noqa: E402
from report import machine, table  # noqa: E402

from config.errors import RecorderError  # noqa: E402
from config.settings import Settings  # noqa: E402
from conftest import Running, settings_in, write_settings  # noqa: E402
from mediamtx.addresses import running_recorder  # noqa: E402
from mediamtx.layout import Layout  # noqa: E402
from visiting import address_of  # noqa: E402
from waiting import wait_until  # noqa: E402
from webapp.accounts import Role, new_token  # noqa: E402
from webapp.app import create_app  # noqa: E402
from webapp.users import UserFile  # noqa: E402
from website import publish_clip, routes  # noqa: E402

CANARY = b"the-canary-sings-outside"
RIGHT = ("501", "503", "closed")
"""501 is for a Transfer-Encoding that nobody knows (RFC 9112), 503 for the picture of a camera that is to send soon."""
FORBIDDEN = (CANARY, b"root:x:0:0", b"daemon:x:1:1")
TIMEOUT = 20.0  # s
LARGEST = 400_000  # bytes of an answer that are read
WARM = 0.2  # of the requests, after which memory is looked at for the first time
SLOW = ("/settings/doctor", "/cameras/test", "/clips/deletion", "/system/requests", "/settings/restart")
"""What starts programs, or asks for a restart, is left out of the addresses; its bodies are the tests' business."""


@dataclass
class Outcome:
    """What came of it."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # requests that were answered as none may be
    grown: float = 0.0  # MB of memory, from after the first fifth on
    memory: float = 0.0  # MB at the end


def ask(host: str, port: int, request: bytes) -> bytes:
    """The answer, or as much of it as counts; empty where the connection was closed without a word."""
    answer = b""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
            connection.sendall(request)
            with suppress(OSError):  # it may have been closed already
                connection.shutdown(socket.SHUT_WR)
            while len(answer) < LARGEST and (chunk := connection.recv(65536)):
                answer += chunk
    except ConnectionError:
        pass  # it did not want all of it
    return answer


def status_of(answer: bytes) -> str:
    """`404`, or what came instead."""
    line = answer.split(b"\r\n", 1)[0].split(b" ")
    return line[1].decode("latin-1") if len(line) > 1 and line[0].startswith(b"HTTP/") else "closed"


def fuzz(address: str, fuzzer: Fuzzer, count: int, process: int) -> Outcome:
    """Send so many requests to the web app, whose master has this process number."""
    parts, outcome, before = urlsplit(address), Outcome(), 0.0
    for number in range(count):
        request = fuzzer.request()
        answer = ask(parts.hostname or "", parts.port or 0, request)
        status = status_of(answer)
        outcome.statuses[status] += 1
        if (status >= "500" and status not in RIGHT) or any(word in answer for word in FORBIDDEN):
            outcome.wrong.append(f"{status}: {request[:300]!r} -> {answer[-300:]!r}")
        if number == int(count * WARM):
            before = memory_of(process)
    outcome.memory = memory_of(process)
    outcome.grown = outcome.memory - before
    return outcome


def memory_of(process: int) -> float:
    """MB that the web app's worker has for itself."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    lines = Path(f"/proc/{children[0]}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def outside(folder: Path) -> dict[str, bytes]:
    """All files that nobody may change."""
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def fuzz_an_app(folder: Path, count: int, seed: int) -> Outcome:
    """Start recorder and web app over a folder, and send so many requests; what was changed outside is wrong, too."""
    (folder / "outside").mkdir()
    (folder / "outside/secret.txt").write_bytes(CANARY)
    ours = folder / "birbcam"
    ours.mkdir()
    settings = replace(settings_in(ours), log_file=str(ours / "log.txt"))
    users = UserFile(Layout.of(settings))
    users.set_password("a blue tit")
    tokens = ["", *(_token(users, role) for role in ("viewer", "admin"))]
    for minutes in range(0, 60, 5):
        publish_clip(Layout.of(settings), datetime(2026, 11, 20, 18, tzinfo=UTC) + timedelta(minutes=minutes))
    with ExitStack() as stack:
        for process in _programs(settings, write_settings(settings, folder / "config.txt")):
            stack.callback(process.close)
        before = outside(folder / "outside")
        paths = [(method, path) for method, path, rule in _routes(settings) if not rule.endswith(SLOW)]
        outcome = fuzz(address_of(process), Fuzzer(seed, paths, tokens), count, process.process.pid)
        if outside(folder / "outside") != before or {one.name for one in folder.iterdir()} != {
            *("outside", "birbcam", "config.txt"),
        }:
            outcome.wrong.append("files outside were made or changed")
        if any("Traceback" in line for line in process.lines):
            outcome.wrong.append("\n".join(process.lines[-60:]))
    return outcome


def _token(users: UserFile, role: Role) -> str:
    token, secret = new_token(role, role, 0)
    users.change(lambda accounts: accounts.with_token(token))
    return secret


def _routes(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for method, path, rule in routes(create_app(settings)):
        yield method, path, rule.rule


def _programs(settings: Settings, config: Path) -> Iterator[Running]:
    environment = {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    yield Running([sys.executable, "-m", "mediamtx"], environment)
    wait_until(lambda: _answers(settings), 30, "the recorder")
    yield Running([sys.executable, "-m", "webapp"], environment)


def _answers(settings: Settings) -> bool:
    try:
        return bool(running_recorder(settings))
    except RecorderError:
        return False


def main() -> None:
    """Run it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="birbcam-fuzz-") as folder:
        outcome = fuzz_an_app(Path(folder), options.count, options.seed)
    for line in outcome.wrong[:20]:
        print(line, file=sys.stderr)
    print(machine())
    found = ", ".join(f"{status}: {number:,}" for status, number in sorted(outcome.statuses.items()))
    rows = [
        ["requests", f"{options.count:,}"],
        ["answers by status", found],
        ["500, 502 and the like, words of foreign files, files changed, tracebacks", str(len(outcome.wrong))],
        ["memory of the web app at the end", f"{outcome.memory:.0f} MB"],
        ["of that, grown in the last four fifths", f"{outcome.grown:+.1f} MB"],
    ]
    print(table(["", ""], rows))
    sys.exit(1 if outcome.wrong else 0)


if __name__ == "__main__":
    main()
