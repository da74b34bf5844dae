"""What sources mean, what ffprobe says of them, and the ffmpeg commands made of both."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camera import probe as probing
from camera.command import build_command
from camera.probe import RAW, Probe, probe_source, read_probe
from camera.reasons import last_reason, source_away
from camera.sources import Feed, Source, demo_command, feeds
from config.errors import CameraError
from config.settings import CameraSettings
from mediamtx.names import Stream

FRONT, FRONT_DETECT = Stream("front"), Stream("front", detect=True)
MAIN, DETECT = "rtsp://127.0.0.1:8554/front", "rtsp://127.0.0.1:8554/front_detect"
H264 = Probe(container="rtsp", video="h264", width=1920, height=1080, fps=25.0)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("demo", "demo", "pipe:0"),
        ("rtsp://u:p@cam:554/live?x=1", "rtsp", "rtsp://u:p@cam:554/live?x=1"),
        (" RTSPS://cam/live ", "rtsp", "RTSPS://cam/live"),
        ("http://cam/video.mjpg", "url", "http://cam/video.mjpg"),
        ("srt://cam:9000", "url", "srt://cam:9000"),
        ("/dev/video0", "device", "/dev/video0"),
        ("/dev/v4l/by-id/usb-cam", "device", "/dev/v4l/by-id/usb-cam"),
        ("/films/a b.mp4", "file", "file:/films/a b.mp4"),
        ("/films/-x:y.mp4", "file", "file:/films/-x:y.mp4"),
    ],
)
def test_source_kinds(text: str, kind: str, address: str) -> None:
    assert Source.parse(text) == Source(kind, address)  # type: ignore[arg-type]


def test_relative_and_home_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert Source.parse("x.mp4").address == f"file:{tmp_path}/x.mp4"
    assert Source.parse("~/x.mp4").address == "file:/home/someone/x.mp4"


def test_no_source_names_the_cure() -> None:
    with pytest.raises(CameraError, match="no source is set; set source to"):
        Source.parse("  ")


def test_a_sub_stream_is_a_feed_of_its_own() -> None:
    camera = CameraSettings(source="rtsp://cam/1")
    assert feeds("front", camera) == (Feed("rtsp://cam/1", FRONT, FRONT_DETECT),)
    main, detect = feeds("front", replace(camera, detect_url="rtsp://cam/2"))
    assert (main.source, main.streams, main.label) == ("rtsp://cam/1", (FRONT,), "camera front")
    assert (detect.source, detect.streams) == ("rtsp://cam/2", (FRONT_DETECT,))
    assert detect.label == "camera front, detect stream"


def test_the_demo_camera_draws_even_sizes() -> None:
    command = demo_command(CameraSettings(width=641, height=361, fps=10, demo_seed=7), "Europe/Berlin")
    assert " ".join(command[1:]) == (
        "-m camera.demo --seed 7 --width 640 --height 360 --fps 10 --time-zone Europe/Berlin"
    )


def options(command: list[str], url: str) -> dict[str, str]:
    """The options of one output, by name."""
    end = command.index(url)
    previous = [i for i, word in enumerate(command[:end]) if word.startswith("rtsp://127.0.0.1:8554/")]
    words = command[max(previous, default=command.index("-i") + 1) + 1 : end]
    found, i = {}, 0
    while i < len(words):
        flag = i + 1 == len(words) or words[i] in ("-shortest", "-copyinkf:v", "-copyinkf:a")
        found[words[i]] = "" if flag else words[i + 1]
        i += 1 if flag else 2
    return found


def command_of(source: str, probe: Probe, camera: CameraSettings | None = None, **urls: str | None) -> list[str]:
    addresses: dict[str, str | None] = {"main": MAIN, "detect": DETECT} | urls
    return build_command(camera or CameraSettings(), Source.parse(source), probe, **addresses)


@pytest.mark.parametrize(
    ("source", "probe", "video", "audio"),
    [
        ("demo", RAW, "libx264", "aac"),
        ("rtsp://cam/1", H264, "copy", "aac"),
        ("rtsp://cam/1", replace(H264, video="hevc"), "copy", "aac"),
        ("rtsp://cam/1", replace(H264, video="mjpeg"), "libx264", "aac"),
        ("rtsp://cam/1", replace(H264, audio="pcm_alaw", channels=1), "copy", "aac"),
        ("rtsp://cam/1", replace(H264, audio="aac", channels=1, audio_configured=True), "copy", "copy"),
        ("http://cam/live.ts", replace(H264, audio="aac", channels=2), "copy", "aac"),  # ADTS: RTSP cannot carry it
        ("/films/x.mp4", replace(H264, audio="aac", channels=2, audio_configured=True), "copy", "copy"),
        ("/films/x.avi", replace(H264, video="mpeg4", audio="mp3", channels=6), "libx264", "aac"),
        ("/dev/video0", replace(H264, video="mjpeg", input_format="mjpeg"), "libx264", "aac"),
    ],
)
def test_what_is_copied_and_what_is_encoded(source: str, probe: Probe, video: str, audio: str) -> None:
    command = command_of(source, probe)
    main, detect = options(command, MAIN), options(command, DETECT)
    assert (main["-c:v"], main["-c:a"]) == (video, audio)
    assert detect["-c:v"] == "libx264" and "-c:a" not in detect
    for output in (main, detect):
        assert output["-f"] == "rtsp" and output["-rtsp_transport"] == "tcp"
        assert output["-max_interleave_delta"] == "50000"
    assert command.count("-map") == 3  # one picture and one sound, and one picture
    assert ("anullsrc" in " ".join(command)) == ("-shortest" in command) == (probe.audio is None)


def test_what_waited_is_not_sent_but_a_copied_loop_stays_unfiltered() -> None:
    aac = replace(H264, audio="aac", channels=1, audio_configured=True)
    for source, probe in (("demo", RAW), ("rtsp://c/1", aac), ("rtsp://c/1", H264)):
        main = options(command_of(source, probe), MAIN)
        assert main["-bsf:v"].startswith("noise=drop=") and main["-bsf:a"].startswith("noise=drop=")
        assert ("setts" in main["-bsf:v"]) == (probe == H264)  # in step with the silence
    loop = options(command_of("/x.mp4", aac), MAIN)
    assert "-bsf:v" not in loop and "-bsf:a" not in loop
    assert "-bsf:v" not in options(command_of("/x.mp4", H264, main=None), DETECT)


def test_sound_does_not_wait_for_the_graph_of_the_picture() -> None:
    command = command_of("rtsp://c/1", replace(H264, audio="pcm_alaw", channels=1))
    assert "aresample" not in command[command.index("-filter_complex") + 1]
    assert options(command, MAIN)["-af"] == "aresample=async=1000"


def test_aac_from_rtsp_is_taken_without_key_frames() -> None:
    assert "-copyinkf:a" in options(command_of("rtsp://c/1", replace(H264, audio="aac", audio_configured=True)), MAIN)


def test_encoding_follows_the_settings() -> None:
    camera = CameraSettings(
        fps=20, bit_rate=1000, keyframe_interval=2.0, audio_bit_rate=64, detect_width=321, detect_fps=4,
        detect_keyframe_interval=3.0,
    )  # fmt: skip
    command = command_of("demo", RAW, camera)
    main, detect = options(command, MAIN), options(command, DETECT)
    assert (main["-b:v"], main["-g"], main["-b:a"], main["-tune"]) == ("1000k", "40", "64k", "zerolatency")
    assert (detect["-crf"], detect["-g"], detect["-tune"], detect["-sc_threshold"]) == ("26", "12", "zerolatency", "0")
    assert command[command.index("-filter_complex") + 1] == "[0:V:0]fps=4[s0];[s0]scale=320:-2:flags=area[s1]"


def test_a_slow_source_is_not_sped_up_nor_a_small_one_enlarged() -> None:
    command = command_of("/films/x.avi", replace(H264, video="mpeg4", fps=12.5), CameraSettings(width=640, height=480))
    graph = command[command.index("-filter_complex") + 1]
    assert "fps=12.5" in graph and "min(iw\\,640)" in graph and "min(ih\\,480)" in graph
    assert options(command, MAIN)["-g"] == "12"


@pytest.mark.parametrize(
    ("source", "probe", "present", "absent"),
    [
        ("demo", RAW, ["-f nut", "-fflags nobuffer", "-probesize 32"], ["-re", "stream_loop"]),
        ("rtsp://c/1", H264, ["-rtsp_transport tcp", "-timeout 5000000", "-fflags nobuffer", "-threads 1"], ["-re"]),
        ("rtsp://c/1", replace(H264, width=3840, height=2160), ["-threads 4"], []),
        ("rtsp://c/1", replace(H264, look=8_000_000), ["-analyzeduration 8000000"], []),
        ("/x.mp4", H264, ["-re", "-stream_loop -1"], ["nobuffer"]),
        ("http://c/v", replace(H264, container="mpjpeg"), ["-use_wallclock_as_timestamps 1", "-rw_timeout"], ["-re"]),
        ("http://c/v.m3u8", replace(H264, container="hls"), ["-re"], ["nobuffer"]),
        ("http://c/v.mp4", replace(H264, duration=9.0), ["-re"], ["nobuffer"]),
        (
            "/dev/video0",
            replace(H264, input_format="mjpeg"),
            ["-f v4l2", "-video_size 1280x720", "-framerate 25", "-input_format mjpeg"],
            ["-re"],
        ),
    ],
)
def test_how_sources_are_opened(source: str, probe: Probe, present: list[str], absent: list[str]) -> None:
    command = command_of(source, probe)
    opening = " ".join(command[: command.index("-i")]) + " "
    assert all(f"{option} " in opening for option in present), opening
    assert not any(option in opening for option in absent), opening


def test_a_sub_stream_is_copied_where_it_can_be() -> None:
    copied = command_of("rtsp://c/2", H264, main=None)
    assert options(copied, DETECT)["-c:v"] == "copy" and MAIN not in copied and "-filter_complex" not in copied
    encoded = command_of("rtsp://c/2", replace(H264, video="mjpeg"), main=None)
    assert options(encoded, DETECT)["-crf"] == "26"
    alone = command_of("rtsp://c/1", H264, detect=None)
    assert options(alone, MAIN)["-c:v"] == "copy" and DETECT not in alone


VIDEO: dict[str, Any] = {
    "codec_type": "video", "codec_name": "h264", "width": 640, "height": 360,
    "avg_frame_rate": "0/0", "r_frame_rate": "30000/1001",
}  # fmt: skip
AAC: dict[str, Any] = {"codec_type": "audio", "codec_name": "aac", "channels": 2, "extradata_size": 2}


def test_reading_what_ffprobe_says() -> None:
    cover = {"codec_type": "video", "codec_name": "png", "disposition": {"attached_pic": 1}}
    data = {"codec_type": "data"}
    streams = [data, cover, VIDEO, AAC]
    found = read_probe({"streams": streams, "format": {"format_name": "rtsp", "duration": "7.5"}}, look=1)
    assert found == Probe(
        container="rtsp", duration=7.5, video="h264", width=640, height=360, fps=30000 / 1001,
        audio="aac", channels=2, audio_configured=True, look=1,
    )  # fmt: skip
    clock_for_a_rate = VIDEO | {"r_frame_rate": "90000/1"}
    assert read_probe({"streams": [clock_for_a_rate]}, look=1).fps is None
    assert read_probe({"streams": [VIDEO, {"codec_type": "audio"}]}, look=1).audio is None


@pytest.mark.parametrize("streams", [[], [AAC], [{"codec_type": "video", "disposition": {"attached_pic": 1}}, AAC]])
def test_a_source_without_a_picture(streams: list[dict[str, Any]]) -> None:
    with pytest.raises(CameraError, match="has no picture that ffmpeg can read; point it at"):
        read_probe({"streams": streams}, look=1)


def test_the_reason_is_the_last_line_that_says_why() -> None:
    lines = [
        "[tcp @ 0x557e465c8d40] Connection to tcp://127.0.0.1:8554?timeout=0 failed: Connection refused",
        "Could not write header for output file #0 (incorrect codec parameters ?): Connection refused",
        "Error initializing output stream 0:1 -- ",
        "",
    ]
    assert last_reason(lines) == lines[1]
    assert last_reason(["[out#0 @ 0x5581] Conversion failed!"]) == "Conversion failed!"
    assert last_reason(["rtsp://joe:secret@cam/1: Connection refused"]) == "rtsp://joe:***@cam/1: Connection refused"
    assert last_reason([]) == "ffmpeg gave no reason"


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("Server returned 401 Unauthorized (authorization failed)", "put user and password into the source"),
        ("Server returned 404 Not Found", "check the path"),
        ("rtsp://c/1: Connection refused", "is the camera switched on"),
        (
            "[tcp @ 0x1] Failed to resolve hostname c: Name or service not known\nrtsp://c: Input/output error",
            "host name",
        ),
        ("file:/x.mp4: No such file or directory", "check the path"),
        ("file:/x.mp4: Permission denied", "give BirbCam's user the right"),
        ("file:/x.mp4: Invalid data found when processing input", "no video that ffmpeg can read"),
        ("/dev/video0: Device or resource busy", "another program uses the device"),
    ],
)
def test_a_source_that_is_away_names_the_cure(line: str, cure: str) -> None:
    message = source_away(line.splitlines())
    assert message.startswith("source away (") and cure in message.partition("); ")[2]


@pytest.fixture
def film(ffmpeg: str, tmp_path: Path) -> Path:
    """A second of H.264 with AAC, under a name that is trouble for a careless caller."""
    path = tmp_path / "-a film: 100%.mp4"
    command = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10", "-f", "lavfi", "-i", "sine"]
    subprocess.run([*command, "-t", "1", "-c:v", "libx264", "-c:a", "aac", f"file:{path}"], check=True)
    return path


@pytest.mark.slow
def test_probing_a_file(film: Path) -> None:
    found = probe_source(Source.parse(str(film)), threading.Event())
    assert (found.video, found.width, found.height, found.fps) == ("h264", 320, 180, 10.0)
    assert (found.audio, found.channels, found.audio_configured) == ("aac", 1, True)


@pytest.mark.slow
def test_probing_what_cannot_be_opened(ffmpeg: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").touch()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for source, message in {
            str(tmp_path / "none.mp4"): "No such file or directory.*check the path",
            str(tmp_path / "text.mp4"): "Invalid data.*no video that ffmpeg can read",
            str(tmp_path / "empty.mp4"): "source",
            str(tmp_path): "Is a directory",
            f"rtsp://joe:secret@127.0.0.1:{port}/1": r"joe:\*\*\*@.*Connection refused.*is the camera switched on",
            f"http://127.0.0.1:{port}/": "Connection refused.*is the camera switched on",
            "gopher-x://nowhere": "Protocol not found.*addresses start with",
        }.items():
            with pytest.raises(CameraError, match=message):
                probe_source(Source.parse(source), threading.Event())


@pytest.mark.slow
def test_a_camera_that_never_answers_is_given_up(ffmpeg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        source = Source.parse(f"rtsp://127.0.0.1:{mute.getsockname()[1]}/1")
        with pytest.raises(CameraError, match=r"source away \(no answer within 0.5 s\); is the camera switched on"):
            probe_source(source, threading.Event())
        stop = threading.Event()
        stop.set()
        with pytest.raises(CameraError, match="stopped while the source was opened"):
            probe_source(source, stop)


def test_without_ffmpeg_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("ffprobe") is None
    with pytest.raises(CameraError, match="ffprobe not found; install it with: sudo apt install ffmpeg"):
        probe_source(Source.parse("/x.mp4"), threading.Event())
