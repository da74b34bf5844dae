"""The embedded recorder as a process: what is its own besides the contract of both recorders."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import av
import ffmpeg as ffmpeg_python
import pytest

from config.errors import RecorderError
from config.settings import CameraSettings, Settings
from conftest import Running
from mediamtx.addresses import hls_url, publish_url, running_recorder
from mediamtx.api import stream_states
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import inspect, list_segments
from waiting import wait_until

pytestmark = pytest.mark.slow

FRONT, DETECT = Stream("front"), Stream("front", detect=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mediamtx=replace(settings.mediamtx, segment=2, detect_segment=2))


@pytest.fixture
def record(run_python: Callable[..., Running]) -> Callable[[Settings], Running]:
    """`record(settings)` starts the recorder and waits until it answers."""

    def start(settings: Settings) -> Running:
        running = run_python(settings, "mediamtx")

        def answers() -> bool:
            assert running.process.poll() is None, running.output
            try:
                return running_recorder(settings).kind == "embedded"
            except RecorderError:
                return False

        wait_until(answers, 20, "the recorder answers")
        return running

    return start


def segments(settings: Settings, stream: Stream = FRONT) -> list[Segment]:
    return list_segments(Layout.of(settings), stream)


def path_of(settings: Settings, segment: Segment) -> Path:
    return Layout.of(settings).segment_path(segment)


def ready(settings: Settings, stream: Stream = FRONT) -> bool:
    return stream_states(settings)[stream].ready


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def listens(port: int) -> bool:
    """Whether a TCP port is listened on, without connecting to it (a listener takes one visitor)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in lines)


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Somebody else listens on the port."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_taken_ports_are_stepped_over_and_said(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    with taken(settings.mediamtx.embedded_port), taken(settings.mediamtx.hls_port):
        running = record(settings)
        info = running_recorder(settings)
        ports = {port_of(url) for url in info.rtsp.values()} | {port_of(info.hls_base)}
        assert len(ports) == 3
        assert not ports & {settings.mediamtx.embedded_port, settings.mediamtx.hls_port}
        assert f"port {settings.mediamtx.embedded_port}: Address already in use" in running.output
        assert f"port {settings.mediamtx.hls_port}: Address already in use" in running.output
        publish(publish_url(settings, FRONT))
        wait_until(lambda: segments(settings), 20, "a segment")


def test_all_that_it_listens_on_is_the_loopback(settings: Settings, record: Callable[[Settings], Running]) -> None:
    record(settings)
    info = running_recorder(settings)
    for url in [*info.rtsp.values(), info.hls_base]:
        wait_until(lambda url=url: listens(port_of(url)), 5, f"a listener at {url}")
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    lines += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    for url in [*info.rtsp.values(), info.hls_base]:
        hosts = {line[1].partition(":")[0] for line in lines if line[1].endswith(f":{port_of(url):04X}")}
        assert hosts == {"0100007F"}


def test_sigterm_ends_idle_listeners_at_once(settings: Settings, record: Callable[[Settings], Running]) -> None:
    cameras = {name: CameraSettings() for name in ("front", "garden", "shed")}
    running = record(replace(settings, cameras=cameras))
    begin = time.monotonic()
    assert running.terminate(signal.SIGTERM) == 0
    assert time.monotonic() - begin < 5  # 2 s, on a machine that is not busy
    assert "Traceback" not in running.output


def test_the_listener_is_back_as_soon_as_a_publisher_is_gone(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    running = record(settings)
    url = publish_url(settings, FRONT)
    publisher = publish(url)
    wait_until(lambda: segments(settings), 20, "a segment")
    publisher.kill_all()
    wait_until(lambda: listens(port_of(url)), 5, "the listener is back", pause=0.01)
    assert inspect(path_of(settings, segments(settings)[-1])).finished_by_header
    publish(url)
    wait_until(lambda: running.output.count("publisher there") == 2, 15, "the next publisher is taken")


def test_a_publisher_that_freezes_is_given_up(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    record(settings)
    url = publish_url(settings, FRONT)
    publisher = publish(url)
    other = publish(publish_url(settings, DETECT), size="160x90", fps=5, sound=False)
    wait_until(lambda: segments(settings), 20, "a segment")
    publisher.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: listens(port_of(url)), 20, "the listener is back")
    assert not ready(settings)
    assert inspect(path_of(settings, segments(settings)[-1])).finished_by_header
    count = len(segments(settings))
    publish(url)
    wait_until(lambda: len(segments(settings)) > count, 20, "another publisher is recorded")
    # the streams know nothing of one another
    assert other.process.poll() is None
    assert len(segments(settings, DETECT)) >= 5


VISITS = [
    b"",
    b"GET / HTTP/1.0\r\n\r\n",
    bytes(range(256)) * 20,
    b"ANNOUNCE rtsp://127.0.0.1/front RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n",
    b"ANNOUNCE rtsp://127.0.0.1/front RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: 20\r\n\r\nv=0\r\nm=video 0 RTP/AVP",
]


def test_visitors_that_talk_nonsense_are_survived(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    running = record(settings)
    url = publish_url(settings, FRONT)

    def visited(words: bytes) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port_of(url)), timeout=5) as visitor:
                visitor.sendall(words)
        except OSError:  # it is busy with the visitor before
            return False
        return True

    for words in VISITS * 2:
        wait_until(lambda words=words: visited(words), 5, "a visit")
    publisher = publish(url)

    def recorded() -> bool:
        nonlocal publisher
        if publisher.process.poll() is not None:  # it came while the listener was busy with the last visitor
            publisher = publish(url)
        return bool(segments(settings))

    wait_until(recorded, 20, "a segment", pause=0.5)
    assert "Traceback" not in running.output
    assert 1 <= running.output.count("no publisher at") <= len(VISITS) * 2


def send(run_process: Callable[..., Running], url: str, picture: str, sound: str | None = None) -> Running:
    """Publish a test picture, and a tone where `sound` names an encoder."""
    streams = [ffmpeg_python.input("testsrc2=size=320x180:rate=10", f="lavfi", re=None)]
    options: dict[str, object] = {"vcodec": picture, "g": 10, "pix_fmt": "yuv420p"}
    if picture.startswith("libx"):
        options |= {"preset": "ultrafast", "tune": "zerolatency"}
    if sound is not None:
        streams.append(ffmpeg_python.input("sine=sample_rate=8000", f="lavfi", re=None))
        options["acodec"] = sound
    output = ffmpeg_python.output(*streams, url, f="rtsp", rtsp_transport="tcp", **options)
    program = shutil.which("ffmpeg") or pytest.skip("ffmpeg not found; install it with: sudo apt install ffmpeg")
    return run_process(output.global_args("-nostdin", "-loglevel", "error").compile(cmd=program))


def test_h265_is_recorded_with_the_tag_that_browsers_play(
    settings: Settings, record: Callable[[Settings], Running], run_process: Callable[..., Running]
) -> None:
    record(settings)
    send(run_process, publish_url(settings, FRONT), "libx265")
    wait_until(lambda: len(segments(settings)) > 1, 40, "two segments")
    assert stream_states(settings)[FRONT].tracks == ("H265",)
    with av.open(str(path_of(settings, segments(settings)[0]))) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
        assert sum(1 for _ in container.decode(video=0)) == pytest.approx(20, abs=11)
    playlist = get(hls_url(settings, FRONT))[1].decode()
    init = playlist.partition('#EXT-X-MAP:URI="')[2].partition('"')[0]
    assert b"hvc1" in get(hls_url(settings, FRONT).replace("index.m3u8", init))[1]


def test_sound_that_mp4_cannot_carry_is_left_out(
    settings: Settings, record: Callable[[Settings], Running], run_process: Callable[..., Running]
) -> None:
    record(settings)
    send(run_process, publish_url(settings, FRONT), "libx264", "pcm_mulaw")
    wait_until(lambda: segments(settings), 20, "a segment")
    info = inspect(path_of(settings, segments(settings)[0]))
    assert (info.video, info.audio) == (True, False)


def test_a_picture_that_nobody_could_play_is_refused_and_said(
    settings: Settings, record: Callable[[Settings], Running], run_process: Callable[..., Running]
) -> None:
    running = record(settings)
    publisher = send(run_process, publish_url(settings, FRONT), "mpeg4")
    wait_until(lambda: "the publisher sends no H.264 or H.265 picture, but mpeg4" in running.output, 20, "the reason")
    assert publisher.wait(20) != 0
    assert not segments(settings)


def test_files_that_may_not_grow_are_cut_short_and_recording_goes_on(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    settings = replace(settings, mediamtx=replace(settings.mediamtx, segment=3600))
    running = record(settings)
    limit = 300_000
    subprocess.run(["prlimit", f"--fsize={limit}", "--pid", str(running.process.pid)], check=True)
    publish(publish_url(settings, FRONT), size="640x360", fps=25)
    wait_until(lambda: len(segments(settings)) >= 3, 60, "three segments")
    for segment in segments(settings)[:2]:
        info = inspect(path_of(settings, segment))
        assert info.finished_by_header
        assert 0 < info.size <= limit
        assert info.duration > 0.5
    assert running.output.count("File too large") <= running.output.count("recording again") + 1
    assert running.process.poll() is None


def test_a_recordings_folder_that_is_in_the_way_is_waited_for(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    folder = Layout.of(settings).stream_dir(FRONT)
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder belongs")
    running = record(settings)
    publish(publish_url(settings, FRONT))
    wait_until(lambda: "recording interrupted" in running.output, 20, "it is said")
    wait_until(lambda: get(hls_url(settings, FRONT))[0] == 200, 20, "the live picture goes on")
    folder.unlink()
    wait_until(lambda: "recording again" in running.output, 20, "it records again")
    assert segments(settings)
    assert running.output.count("recording interrupted") == 1


def get(url: str, path: str | None = None) -> tuple[int, bytes, str]:
    """Status, body and type of what a server answers; `path` goes out as it is."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.putrequest("GET", parts.path if path is None else path, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers["Content-Type"]
    finally:
        connection.close()


def test_the_live_server_knows_its_files_and_nothing_else(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    record(settings)
    base = running_recorder(settings).hls_base
    assert get(hls_url(settings, FRONT))[0] == 404  # nobody publishes yet
    publisher = publish(publish_url(settings, FRONT))
    wait_until(lambda: get(hls_url(settings, FRONT))[0] == 200, 20, "a live playlist")
    for path in (
        "/",
        "/front",
        "/front/",
        "/front/nothing.m4s",
        "/nobody/index.m3u8",
        "/front_detect/index.m3u8",  # nobody watches it
        "/front/../front/index.m3u8",
        "/../../../etc/passwd",
        "/front/../../../../etc/passwd",
        "/front/%2e%2e/%2e%2e/etc/passwd",
        "/front/..%2findex.m3u8",
        "//etc/passwd",
        "/front/\\..\\index.m3u8",
        "/v3/paths",
        "/front/" + "a" * 5000,
    ):
        assert get(base, path)[0] == 404, path
    status, body, kind = get(base, "/front/index.m3u8?cookieCheck=1")
    assert (status, kind) == (200, "application/vnd.apple.mpegurl")
    names = [line for line in body.decode().splitlines() if not line.startswith("#")]
    assert names
    for name in names:
        status, body, kind = get(base, f"/front/{name}")
        assert (status, kind) == (200, "video/mp4")
        assert body[4:8] in (b"styp", b"moof")
    listing = json.loads(get(base, "/v3/paths/list?itemsPerPage=1000")[1])
    assert listing["itemCount"] == 2
    assert [item["name"] for item in listing["items"]] == ["front", "front_detect"]
    assert [item["ready"] for item in listing["items"]] == [True, False]
    assert listing["items"][0]["tracks"] == ["H264", "MPEG-4 Audio"]
    publisher.kill_all()
    wait_until(lambda: get(hls_url(settings, FRONT))[0] == 404, 10, "the live picture ends with its publisher")


def test_live_numbers_grow_from_publisher_to_publisher(
    settings: Settings, record: Callable[[Settings], Running], publish: Callable[..., Running]
) -> None:
    record(settings)
    seen = []
    for _ in range(2):
        publisher = publish(publish_url(settings, FRONT))
        wait_until(lambda: get(hls_url(settings, FRONT))[0] == 200, 20, "a live playlist")
        text = get(hls_url(settings, FRONT))[1].decode()
        tags = dict(line[1:].split(":", 1) for line in text.splitlines() if line.startswith("#EXT-X-") and ":" in line)
        seen.append((int(tags["EXT-X-MEDIA-SEQUENCE"]), int(tags["EXT-X-DISCONTINUITY-SEQUENCE"]), tags["EXT-X-MAP"]))
        publisher.kill_all()
        wait_until(lambda: not ready(settings), 10, "the publisher is gone")
    (number, discontinuity, init), (later, other, other_init) = seen
    assert number < later
    assert discontinuity < other
    assert init != other_init
