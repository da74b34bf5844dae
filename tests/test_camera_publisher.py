"""The publisher: real ffmpeg, both recorders, real RTSP cameras, and everything that can break."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from camera.progress import STALL_TIMEOUT, START_TIMEOUT, STEADY, Progress, Status, Story
from camera.publisher import Publisher
from camera.sources import Feed, feeds
from config.errors import RecorderError
from config.settings import CameraSettings, Settings
from conftest import Running, free_ports
from mediamtx.addresses import running_recorder
from mediamtx.api import StreamState, stream_states
from mediamtx.layout import Layout
from mediamtx.mp4 import movie_duration
from mediamtx.names import Stream
from mediamtx.segments import list_segments
from waiting import wait_until

FILM = 2.2  # s
FRONT, FRONT_DETECT = Stream("front"), Stream("front", detect=True)

# --- what is told, and when ---


def test_progress_counts_pictures_and_notices_a_stall() -> None:
    progress = Progress(grown=100.0)
    for line in ("frame=0", "fps=0.0", "out_time=N/A", "progress=continue", "frame=1"):
        progress.read(line, 101.0)
    assert not progress.flowing
    assert progress.stalled(101.0 + START_TIMEOUT) is None
    assert progress.stalled(101.1 + START_TIMEOUT) == "no picture within 20 s"
    progress.read("frame=  14", 102.0)
    progress.read("frame=14", 107.0)
    assert progress.flowing and progress.frames == 14
    assert progress.stalled(102.0 + STALL_TIMEOUT) is None
    assert progress.stalled(102.1 + STALL_TIMEOUT) == "no new picture for 6 s"


def story() -> Story:
    return Story("camera front", Status("starting", 0.0))


def test_each_change_is_told_once() -> None:
    tale = story()
    assert tale.lost("recorder away (refused)", 1.0) == "camera front: recorder away (refused); retrying"
    assert [tale.lost("recorder away (refused)", 1.0 + i) for i in range(1, 1000)] == [None] * 999
    assert tale.lost("source away (404)", 1001.0) == "camera front: source away (404); retrying"
    assert tale.lost("recorder away (refused)", 1002.0) is None
    assert tale.status == Status("waiting", 1.0, 0, "recorder away (refused)")
    assert tale.publishing(1013.0) == "camera front: publishing again after 1012 s"
    assert tale.publishing(1014.0) is None
    assert tale.status == Status("publishing", 1013.0, 0)


def test_a_good_start_is_told() -> None:
    tale = story()
    assert tale.publishing(1.0) == "camera front: publishing"
    assert tale.lost("ffmpeg was killed (SIGKILL)", 90.0) is not None
    assert tale.status == Status("waiting", 90.0, 1, "ffmpeg was killed (SIGKILL)")


def test_what_comes_and_goes_is_told_every_ten_minutes() -> None:
    tale = story()
    lines = []
    for i in range(300):  # it never publishes for more than 4 s
        now = 5.0 * i
        lines += [tale.publishing(now), tale.lost("the source ended", now + 4.0)]
    assert len([line for line in lines if line]) == 1 + 2 * 3  # at the start, after ten minutes and after twenty
    assert tale.status.restarts == 300


def test_after_a_steady_time_trouble_is_new() -> None:
    tale = story()
    for begin in (0.0, 100.0, 200.0):
        tale.publishing(begin)
        assert tale.lost("the source ended", begin + STEADY) is not None


# --- against real recorders ---


@pytest.fixture(scope="session")
def film(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """`film(video, audio)` makes a few seconds of footage once; "" for no sound."""
    folder = tmp_path_factory.mktemp("films")

    def make(video: str = "libx264", audio: str = "aac") -> Path:
        path = folder / f"{video}-{audio}.mkv"
        if not path.exists():
            sound = ["-f", "lavfi", "-i", "sine=sample_rate=8000"] if audio else []
            codecs = ["-c:v", video, "-g", "10", *(["-c:a", audio] if audio else [])]
            quiet = ["-x265-params", "log-level=error"] if video == "libx265" else []
            picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=10"]
            command = [ffmpeg, "-v", "error", *picture, *sound, "-t", str(FILM), "-pix_fmt", "yuv420p", *codecs, *quiet]
            subprocess.run([*command, str(path)], check=True)
        return path

    return make


class Bench:
    """A recorder in a process of its own, and publishers in threads of this one."""

    def __init__(self, settings: Settings, run_python: Callable[..., Running]) -> None:
        self.settings = settings
        self.running: Running | None = None
        self._run_python = run_python
        self._publishers: list[tuple[Publisher, threading.Thread]] = []

    def start_recorder(self) -> Running:
        self.running = self._run_python(self.settings, "mediamtx")
        wait_until(self._answers, 20, "the recorder answers")
        return self.running

    def _answers(self) -> bool:
        try:
            return bool(running_recorder(self.settings))
        except RecorderError:
            return False

    def publish(self, source: str, detect_url: str = "", **camera: object) -> list[Publisher]:
        """Publish a source as camera front; a publisher for each feed."""
        values = CameraSettings(source=source, detect_url=detect_url, **camera)  # type: ignore[arg-type]
        return [self.start(values, feed) for feed in feeds("front", values)]

    def start(self, camera: CameraSettings, feed: Feed) -> Publisher:
        publisher = Publisher(self.settings, camera, feed)
        thread = threading.Thread(target=publisher.run)
        thread.start()
        self._publishers.append((publisher, thread))
        return publisher

    def stop(self) -> float:
        """Stop all publishers; the seconds it took."""
        begin = time.monotonic()
        for publisher, _ in self._publishers:
            publisher.stop()
        for _, thread in self._publishers:
            thread.join(10)
            assert not thread.is_alive()
        self._publishers.clear()
        return time.monotonic() - begin

    def state(self, stream: Stream) -> StreamState | None:
        try:
            state = stream_states(self.settings).get(stream)
        except RecorderError:
            return None
        return state if state is not None and state.ready else None

    def wait_for(self, *streams: Stream, after: object = None) -> None:
        """Wait until the recorder has the streams and gets data, from a session other than `after`."""

        for stream in streams:
            wait_until(lambda s=stream: self.received(s, after), 30, f"the recorder gets {stream.path}")

    def wait_publishing(self, publisher: Publisher) -> None:
        """Wait until pictures go out."""
        wait_until(lambda: publisher.status.state == "publishing", 20, "it publishes")

    def received(self, stream: Stream, after: object = None) -> int:
        """Bytes of the stream's session, 0 where it has none other than `after`."""
        state = self.state(stream)
        return state.bytes_received if state is not None and state.since != after else 0

    def since(self, stream: Stream) -> object:
        state = self.state(stream)
        assert state is not None
        return state.since


@pytest.fixture(params=["embedded", "mediamtx"])
def bench(
    request: pytest.FixtureRequest, settings: Settings, ffmpeg: str, run_python: Callable[..., Running]
) -> Iterator[Bench]:
    if request.param == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    bench = Bench(replace(settings, recorder=request.param), run_python)
    yield bench
    bench.stop()
    assert ffmpegs() == []


only_embedded = pytest.mark.parametrize("bench", ["embedded"], indirect=True)
only_mediamtx = pytest.mark.parametrize("bench", ["mediamtx"], indirect=True)


def children(name: str) -> list[int]:
    """Our own children whose program is called `name`, without those that have ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" (", 1)
        except OSError:
            continue  # it ended meanwhile
        program, _, fields = rest.rpartition(") ")
        state, parent = fields.split()[:2]
        if program == name and int(parent) == os.getpid() and state != "Z":
            found.append(int(pid))
    return found


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the camera package has logged."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("camera")]


def ffmpegs() -> list[int]:
    """The publishers' ffmpeg processes."""
    return [pid for pid in children("ffmpeg") if b"-progress" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_a_film_is_published_in_a_loop_as_both_streams(bench: Bench, film: Callable[..., Path]) -> None:
    bench.start_recorder()
    (publisher,) = bench.publish(str(film()))
    bench.wait_for(FRONT, FRONT_DETECT)
    main, detect = bench.state(FRONT), bench.state(FRONT_DETECT)
    assert main is not None and main.tracks == ("H264", "MPEG-4 Audio")
    assert detect is not None and detect.tracks == ("H264",)
    bench.wait_publishing(publisher)
    since = bench.since(FRONT)
    for _ in range(2):
        begin = time.monotonic()
        wait_until(lambda begin=begin: time.monotonic() > begin + FILM, 10, "the film began again")
        received = bench.received(FRONT)
        wait_until(lambda received=received: bench.received(FRONT) > received, 2, "more is received")
    assert bench.since(FRONT) == since and publisher.status.restarts == 0

    assert bench.stop() < 2
    layout = Layout.of(bench.settings)
    for stream in (FRONT, FRONT_DETECT):
        newest = layout.segment_path(list_segments(layout, stream)[-1])
        wait_until(lambda path=newest: movie_duration(path) != 0, 1.5, "the recorder closed its file at once")


@pytest.mark.slow
@only_embedded
def test_ffmpeg_killed_or_frozen_is_replaced(
    bench: Bench, film: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "camera")
    bench.start_recorder()
    (publisher,) = bench.publish(str(film()))
    for number, reason in ((signal.SIGKILL, "ffmpeg was killed (SIGKILL)"), (signal.SIGSTOP, "no new picture for 6 s")):
        bench.wait_publishing(publisher)
        (victim,) = ffmpegs()
        os.kill(victim, number)
        wait_until(lambda: publisher.status.state == "waiting", 9, "it notices")
        assert publisher.status.reason == reason
        wait_until(lambda: publisher.status.state == "publishing", 8, "it is back")  # 5, and some for a busy machine
        assert victim not in ffmpegs()
    assert publisher.status.restarts == 2
    assert [re.sub(r"\d+ s$", "N s", line) for line in told(caplog)] == [
        "camera front: publishing",
        "camera front: ffmpeg was killed (SIGKILL); retrying",
        "camera front: publishing again after N s",
        "camera front: no new picture for 6 s; retrying",
        "camera front: publishing again after N s",
    ]


@pytest.mark.slow
def test_a_recorder_that_is_away_and_killed(
    bench: Bench, film: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "camera")
    (publisher,) = bench.publish(str(film()))
    wait_until(lambda: publisher.status.state == "waiting", 5, "it misses the recorder")
    assert "the recorder is not running; start it with: ./birbcam recorder" in publisher.status.reason
    recorder = bench.start_recorder()
    bench.wait_publishing(publisher)

    recorder.kill_all()
    wait_until(lambda: publisher.status.state == "waiting", 9, "it notices")
    assert publisher.status.reason.startswith("recorder away (")
    bench.start_recorder()
    bench.wait_for(FRONT, FRONT_DETECT)
    bench.wait_publishing(publisher)
    assert len(told(caplog)) == 4
    assert bench.stop() < 2


@pytest.mark.slow
@only_mediamtx
def test_a_frozen_recorder_does_not_hold_up_the_end(bench: Bench, film: Callable[..., Path]) -> None:
    recorder = bench.start_recorder()
    (publisher,) = bench.publish(str(film()))
    bench.wait_for(FRONT, FRONT_DETECT)
    bench.wait_publishing(publisher)
    os.killpg(recorder.process.pid, signal.SIGSTOP)
    assert bench.stop() < 2.5
    os.killpg(recorder.process.pid, signal.SIGCONT)


@pytest.fixture
def ip_camera(
    mediamtx_binary: Path, tmp_path: Path, ffmpeg: str, run_process: Callable[..., Running]
) -> Callable[[Path, str], str]:
    """`ip_camera(film, name)` plays a film as an RTSP camera and returns its address, user and password in it."""
    (port,) = free_ports(1)
    config = tmp_path / "ip_camera.yml"
    config.write_text(
        f"""
rtspAddress: 127.0.0.1:{port}
rtspTransports: [tcp]
rtmp: false
srt: false
hls: false
webrtc: false
moq: false
authInternalUsers:
  - user: joe
    pass: secret
    permissions: [{{action: publish}}, {{action: read}}]
paths:
  all_others: {{}}
"""
    )
    run_process([str(mediamtx_binary), str(config)])
    base = f"rtsp://joe:secret@127.0.0.1:{port}"

    def play(film: Path, name: str) -> str:
        address = f"{base}/{name}"
        send = [ffmpeg, "-v", "error", "-re", "-stream_loop", "-1", "-i", str(film), "-c", "copy", "-f", "rtsp"]
        look = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", address]
        playing: list[Running] = []

        def plays() -> bool:
            if not playing or playing[-1].process.poll() is not None:  # the camera was still starting
                playing.append(run_process([*send, "-rtsp_transport", "tcp", address]))
            return subprocess.run(look, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

        wait_until(plays, 20, "the camera plays")
        return address

    return play


@pytest.mark.slow
@only_mediamtx
@pytest.mark.parametrize(
    ("video", "audio", "tracks"),
    [
        ("libx264", "pcm_alaw", ("H264", "MPEG-4 Audio")),
        ("libx265", "", ("H265", "MPEG-4 Audio")),
    ],
)
def test_rtsp_cameras_are_copied_and_always_have_sound(
    bench: Bench,
    film: Callable[..., Path],
    ip_camera: Callable[..., str],
    video: str,
    audio: str,
    tracks: tuple[str, ...],
) -> None:
    bench.start_recorder()
    bench.publish(ip_camera(film(video, audio), "live"))
    bench.wait_for(FRONT, FRONT_DETECT)
    main, detect = bench.state(FRONT), bench.state(FRONT_DETECT)
    assert main is not None and main.tracks == tracks
    assert detect is not None and detect.tracks == ("H264",)


@pytest.mark.slow
@only_mediamtx
def test_a_sub_stream_and_the_main_stream_do_not_need_each_other(
    bench: Bench, film: Callable[..., Path], ip_camera: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    bench.start_recorder()
    main_url = ip_camera(film("libx264", "aac"), "live")
    main, detect = bench.publish(main_url, detect_url=main_url.replace("/live", "/small"))
    wait_until(lambda: detect.status.state == "waiting", 20, "it misses the sub-stream")
    assert "404 Not Found); check the path in the source" in detect.status.reason
    assert "secret" not in detect.status.reason + caplog.text and "joe:***@" in detect.status.reason
    bench.wait_for(FRONT)
    wait_until(lambda: main.status.state == "publishing", 5, "the main stream is there")

    ip_camera(film("libx265", ""), "small")
    bench.wait_for(FRONT_DETECT)
    state = bench.state(FRONT_DETECT)
    assert state is not None and state.tracks == ("H265",)  # as the camera sends it
    assert main.status.restarts == 0


@pytest.mark.slow
@only_mediamtx
def test_a_camera_that_goes_and_comes_back(
    bench: Bench, film: Callable[..., Path], publish: Callable[..., Running], ip_camera: Callable[..., str]
) -> None:
    bench.start_recorder()
    address = ip_camera(film("libx264", "aac"), "other").replace("/other", "/live")
    playing = publish(address, sound=False)
    (publisher,) = bench.publish(address)
    bench.wait_publishing(publisher)
    bench.wait_for(FRONT)
    since = bench.since(FRONT)
    playing.terminate()
    wait_until(lambda: publisher.status.state == "waiting", 15, "it notices")
    wait_until(lambda: "source away" in publisher.status.reason, 10, "it says why")
    publish(address)  # as another model would
    bench.wait_for(FRONT, FRONT_DETECT, after=since)
    state = bench.state(FRONT)
    assert state is not None and state.tracks == ("H264", "MPEG-4 Audio")


@pytest.mark.slow
@only_mediamtx
def test_other_codecs_are_encoded(bench: Bench, film: Callable[..., Path]) -> None:
    bench.start_recorder()
    bench.publish(str(film("mpeg4", "libmp3lame")), width=160, height=120)
    bench.wait_for(FRONT, FRONT_DETECT)
    state = bench.state(FRONT)
    assert state is not None and state.tracks == ("H264", "MPEG-4 Audio")


@pytest.mark.slow
@only_embedded
def test_a_source_that_appears_later(bench: Bench, film: Callable[..., Path], tmp_path: Path) -> None:
    bench.start_recorder()
    (publisher,) = bench.publish(str(tmp_path / "later.mkv"))
    wait_until(lambda: publisher.status.state == "waiting", 10, "it misses the file")
    assert "No such file or directory); check the path in the source" in publisher.status.reason
    (tmp_path / "later.mkv").symlink_to(film())
    bench.wait_publishing(publisher)


@pytest.mark.slow
@only_embedded
def test_a_demo_camera_that_hangs_is_replaced_and_ends_with_us(bench: Bench) -> None:
    bench.start_recorder()
    (publisher,) = bench.publish("demo", width=320, height=180, fps=10)
    bench.wait_publishing(publisher)
    (demo,) = demos()
    os.kill(demo, signal.SIGSTOP)
    wait_until(lambda: publisher.status.state == "waiting", 9, "it notices")
    bench.wait_publishing(publisher)
    assert demo not in demos()
    assert bench.stop() < 2
    assert demos() == []


def demos() -> list[int]:
    """The demo camera's processes."""
    pids = [pid for name in ("python", "python3") for pid in children(name)]
    return [pid for pid in pids if b"camera.demo" in Path(f"/proc/{pid}/cmdline").read_bytes()]
