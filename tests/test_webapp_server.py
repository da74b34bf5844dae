"""The real server process: who stalls harms nobody else, time-outs, ranges, ports, and a clean end."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import RecorderError
from config.settings import Settings
from conftest import Running, write_settings
from media import write_segments
from mediamtx.addresses import publish_url
from mediamtx.layout import Layout
from mediamtx.names import Stream
from waiting import wait_until
from webapp.passwords import verify_password
from webapp.users import UserFile
from website import publish_clip

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
BIG = 64 * 1024 * 1024  # bytes

SHORT_TIMEOUTS = """
import sys
import webapp.app, webapp.server, webapp.worker
webapp.worker.Worker.send_timeout = 1.5
webapp.server.HEADER_TIMEOUT = 1
webapp.app.BODY_TIMEOUT = 1.0
from config.errors import run_main
from webapp.__main__ import main
sys.exit(run_main(main))
"""


@dataclass
class Site:
    """A web server that runs, and the one big clip it has."""

    running: Running
    port: int
    clip: str  # address
    home: Path

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer, answer.read()

    def asker(self, path: str, headers: str = "") -> socket.socket:
        """Asks for something and reads nothing of it yet."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        return sock

    def answers(self) -> bool:
        if self.running.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.running.output}")
        try:
            return self.get("/healthz")[0].status == 200
        except OSError:
            return False


@pytest.fixture
def big_clip(settings: Settings, tmp_path: Path) -> str:
    big = tmp_path / "big.mp4"
    with big.open("wb") as file:
        file.write(b"\0\0\0\x18ftypmp42")
        file.truncate(BIG)
    clip = publish_clip(Layout.of(settings), START, data=big)
    return f"/clips/front/{clip.day}/{clip.name.stem}.mp4"


@pytest.fixture
def start(
    settings: Settings, big_clip: str, tmp_path: Path, run_process: Callable[..., Running]
) -> Callable[..., Site]:
    """`start()` starts the server and waits until it answers."""

    def run(*program: str, on: Settings = settings) -> Site:
        home = tmp_path / "home"
        home.mkdir()
        config = write_settings(on, tmp_path / "config.txt")
        environment = {"HOME": str(home), "PYTHONPATH": str(ROOT), "BIRBCAM_CONFIG": str(config)}
        command = [sys.executable, *(program or ("-m", "webapp"))]
        site = Site(run_process(command, **environment), on.web.port, big_clip, home)
        wait_until(site.answers, 20, "the web server answers")
        return site

    return run


@pytest.fixture
def site(start: Callable[..., Site]) -> Site:
    return start()


@pytest.fixture
def hasty_site(start: Callable[..., Site]) -> Site:
    """With time-outs of a second."""
    return start("-c", SHORT_TIMEOUTS)


def ended(running: Running, timeout: float = 15) -> tuple[int, list[str]]:
    """The exit code and all that it said."""
    code = running.wait(timeout)
    running.close()
    return code, running.lines


def test_forty_stalled_readers_leave_a_viewer_untouched(
    site: Site, settings: Settings, run_python: Callable[..., Running], publish: Callable[..., Running]
) -> None:
    """The test that chose the worker: see webapp/worker.py."""
    run_python(settings, "mediamtx")
    publish(wait_until(lambda: _publish_url(settings), 20, "the recorder runs"))
    playlist = wait_until(lambda: _media_playlist(site), 30, "the picture is live")
    with contextlib.ExitStack() as stack:
        for number in range(40):
            headers = "Range: bytes=0-\r\n" if number % 2 else ""
            stalled = stack.enter_context(site.asker(site.clip, headers))
        wait_until(lambda: stalled.recv(1, socket.MSG_PEEK), 10, "the last of them has its first byte waiting")
        for _ in range(5):
            for path in ("/", "/api/v1/status", site.clip.replace(".mp4", ".jpg"), "/api/v1/cameras/front/clips"):
                assert site.get(path)[0].status == 200, path
            answer, part = site.get(site.clip, {"Range": "bytes=1000000-"})
            assert (answer.status, len(part)) == (206, 4 * 1024 * 1024)
        later = wait_until(
            lambda: (text := _media_playlist(site)) != playlist and text, 10, "the live picture moves on"
        )
        answer, part = site.get(f"/live/front/{_files(later)[-1]}")
        assert (answer.status, len(part) > 1000) == (200, True)


def _publish_url(settings: Settings) -> str | None:
    try:
        return publish_url(settings, Stream("front"))
    except RecorderError:
        return None


def _media_playlist(site: Site) -> str:
    """The playlist that names the segments; "" while there is none."""
    answer, text = site.get("/live/front/index.m3u8")
    while answer.status == 200 and b"#EXT-X-STREAM-INF" in text:
        answer, text = site.get(f"/live/front/{_files(text.decode())[0]}")
    return text.decode() if answer.status == 200 else ""


def _files(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def test_saving_goes_on_beside_the_rest(site: Site, settings: Settings) -> None:
    """Cutting runs in a native thread of a process whose sockets and locks are gevent's."""
    write_segments(Layout.of(settings), Stream("front"), datetime.now(UTC) - timedelta(seconds=12), [6, 6])
    answer, page = site.get("/")
    token = re.search(rb'name="csrf-token" content="([^"]+)"', page)
    assert token is not None
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    saving = [http.client.HTTPConnection("127.0.0.1", site.port, timeout=30) for _ in range(4)]
    for number, connection in enumerate(saving):
        headers = {"Content-Type": "application/json", "X-CSRFToken": token[1].decode(), "Cookie": cookie}
        connection.request("POST", "/api/v1/cameras/front/save", f'{{"seconds": {5 + number}}}', headers)
    assert site.get("/api/v1/status")[0].status == 200
    clips = []
    for connection in saving:
        with contextlib.closing(connection):
            answer = connection.getresponse()
            body = json.loads(answer.read())
        assert answer.status == 201, body
        clips.append(body["clip"])
    for clip in clips:
        assert site.get(clip["url"], {"Range": "bytes=4-7"})[1] == b"ftyp"
        assert site.get(clip["thumbnail_url"])[1].startswith(b"\xff\xd8")


def test_who_reads_nothing_is_cut_off(hasty_site: Site) -> None:
    with hasty_site.asker(hasty_site.clip) as stalled:
        wait_until(lambda: _is_cut_off(hasty_site), 15, "the server lets go of the reader that stalled")
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while chunk := stalled.recv(1 << 20):
                received += len(chunk)
    assert received < BIG
    assert "Traceback" not in hasty_site.running.output


def _is_cut_off(site: Site) -> bool:
    """Whether the server has let go of all its connections (proc(5), net/tcp: 01 is an established one)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return not any(row[1].endswith(f":{site.port:04X}") and row[3] == "01" for row in rows)


def test_who_reads_slowly_gets_everything(hasty_site: Site) -> None:
    """The time-out is for standing still, not for the whole answer."""
    with hasty_site.asker(hasty_site.clip) as slow:
        begun, received = time.monotonic(), 0
        while received < BIG:
            received += len(slow.recv(1024 * 1024, socket.MSG_WAITALL))
            time.sleep(0.03)  # the slowness that is the matter of this test
        assert time.monotonic() - begun > 1.5


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow"], ids=["nothing", "half a request"]
)
def test_who_never_finishes_a_request_is_cut_off(hasty_site: Site, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", hasty_site.port), timeout=10) as slow:
        slow.sendall(sent)
        assert slow.recv(1000) == b""


def test_who_drips_headers_is_cut_off(hasty_site: Site) -> None:
    """Each byte comes in time, the request never ends (slow loris)."""
    with socket.create_connection(("127.0.0.1", hasty_site.port), timeout=10) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        slow.settimeout(0.1)

        def closed() -> bool:
            try:
                slow.sendall(b"x")
                return slow.recv(100) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(closed, 10, "the connection is closed")


def test_who_drips_the_body_is_cut_off(hasty_site: Site) -> None:
    with socket.create_connection(("127.0.0.1", hasty_site.port), timeout=10) as slow:
        slow.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        slow.settimeout(0.1)
        answer = b""

        def refused() -> bool:
            nonlocal answer
            try:
                slow.sendall(b"x")
                answer += slow.recv(1000)
            except TimeoutError:
                return False
            except OSError:
                return True
            return b" 408 " in answer

        wait_until(refused, 10, "the request is refused")


def test_a_disk_that_hangs_holds_up_only_who_asked(site: Site, settings: Settings) -> None:
    clip = next(settings.output_dir.glob("front/*/*.mp4"))
    thumbnail = clip.with_suffix(".jpg")
    thumbnail.unlink()
    os.mkfifo(thumbnail)  # opening it waits for a writer, as a disk that spins up makes wait
    with site.asker(site.clip.replace(".mp4", ".jpg")), site.asker(site.clip.replace(".mp4", ".jpg")):
        for _ in range(5):
            assert site.get("/api/v1/status")[0].status == 200
            assert site.get(site.clip, {"Range": "bytes=0-99"})[0].status == 206
        assert site.running.terminate() == 0


def test_ranges(site: Site) -> None:
    answer, body = site.get(site.clip, {"Range": "bytes=4-11"})
    assert (answer.status, body) == (206, b"ftypmp42")
    assert answer.headers["Content-Range"] == f"bytes 4-11/{BIG}"
    answer, body = site.get(site.clip, {"Range": "bytes=0-"})
    assert (answer.status, len(body)) == (206, 4 * 1024 * 1024)
    assert answer.headers["Content-Range"] == f"bytes 0-{4 * 1024 * 1024 - 1}/{BIG}"
    answer, body = site.get(site.clip, {"Range": f"bytes={BIG}-"})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{BIG}"
    answer, body = site.get(site.clip)
    assert (answer.status, len(body)) == (200, BIG)


def test_sigterm_ends_it_at_once_and_cleanly(site: Site) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(site.asker(site.clip))
        idle = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        assert idle.fileno() > 0
        assert site.get("/healthz")[0].status == 200
        begun = time.monotonic()
        assert site.running.terminate() == 0
        assert time.monotonic() - begun < 5
    assert ended(site.running) == (0, [f"INFO webapp.server: web app at http://127.0.0.1:{site.port}/"])
    assert not _group_lives(site.running.process.pid)
    assert list(site.home.iterdir()) == []


def test_ctrl_c_ends_it_cleanly(site: Site) -> None:
    os.killpg(site.running.process.pid, signal.SIGINT)  # as a terminal sends it: to every process of the group
    assert site.running.wait() == 0
    assert "Traceback" not in site.running.output
    assert not _group_lives(site.running.process.pid)


def test_closing_the_terminal_ends_it(site: Site) -> None:
    os.killpg(site.running.process.pid, signal.SIGHUP)
    assert site.running.wait() == 0
    assert not _group_lives(site.running.process.pid)


def test_broken_requests_do_not_fill_the_log(site: Site) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 9000):
        with socket.create_connection(("127.0.0.1", site.port), timeout=10) as client, contextlib.suppress(OSError):
            client.sendall(nonsense)
            client.recv(1000)
    assert site.get("/healthz")[0].status == 200
    assert len(site.running.lines) == 1


def test_a_worker_that_was_killed_is_replaced(site: Site) -> None:
    children = Path(f"/proc/{site.running.process.pid}/task/{site.running.process.pid}/children")
    (worker,) = children.read_text().split()
    os.kill(int(worker), signal.SIGKILL)
    wait_until(lambda: children.read_text().split() not in ([worker], []), 20, "there is a new worker")
    wait_until(site.answers, 20, "it answers")


def test_the_worker_ends_when_its_master_was_killed(site: Site) -> None:
    site.running.process.kill()
    site.running.process.wait(10)
    wait_until(lambda: not _group_lives(site.running.process.pid), 20, "nothing is left of the server")


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def on_host(settings: Settings, host: str) -> Settings:
    return dataclasses.replace(settings, web=dataclasses.replace(settings.web, host=host))


def test_a_taken_port_is_named_with_its_setting(settings: Settings, run_python: Callable[..., Running]) -> None:
    port = settings.web.port
    with socket.create_server(("127.0.0.1", port)):
        code, lines = ended(run_python(settings, "webapp"))
    assert code == 1
    assert lines == [f"birbcam: port {port} is taken by another program; end that one, or set web.port to another port"]


def test_an_address_that_is_none_is_refused(settings: Settings, run_python: Callable[..., Running]) -> None:
    code, lines = ended(run_python(on_host(settings, "127.0.0.1.nowhere"), "webapp"), 30)
    assert code == 1
    assert len(lines) == 1
    assert "web.host" in lines[0]


def test_without_a_password_it_is_not_opened_to_the_network(
    settings: Settings, run_python: Callable[..., Running]
) -> None:
    code, lines = ended(run_python(on_host(settings, "0.0.0.0"), "webapp"))
    assert code == 1
    assert len(lines) == 1
    assert '"./birbcam password"' in lines[0]
    assert 'web.host to "127.0.0.1"' in lines[0]


def test_with_a_password_it_is_opened_to_the_network(settings: Settings, start: Callable[..., Site]) -> None:
    UserFile(Layout.of(settings)).set_password("a blue tit")
    site = start(on=on_host(settings, "0.0.0.0"))
    assert site.get("/api/v1/status")[0].status == 401
    assert site.running.lines == [f"INFO webapp.server: web app at http://localhost:{site.port}/"]


def set_password(settings: Settings, tmp_path: Path, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    config = write_settings(settings, tmp_path / "config.txt")
    command = [sys.executable, "-m", "webapp", "--set-password", "--config", str(config), *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environment, timeout=60)


def test_the_password_is_set_from_the_command_line(settings: Settings, tmp_path: Path) -> None:
    layout = Layout.of(settings)
    short = set_password(settings, tmp_path, "birb\n")
    assert short.returncode == 1
    assert "at least 8 characters" in short.stderr
    assert not layout.has_password()

    done = set_password(settings, tmp_path, "a blue tit\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert layout.web_users.stat().st_mode & 0o777 == 0o600
    assert "The password of admin is set" in done.stdout
    assert verify_password(UserFile(layout).read().users[0].password, "a blue tit")
    nobody = set_password(settings, tmp_path, "a coal tit\n", "--user", "Ben")
    assert (nobody.returncode, nobody.stderr) == (1, "birbcam: There is no user Ben; there are: admin\n")


def test_help_needs_no_web_server() -> None:
    code = "import sys, webapp.__main__; print({'flask', 'gunicorn', 'gevent', 'av'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
