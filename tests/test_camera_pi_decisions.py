"""What is decided for a Pi's camera: sensor modes, controls, day and night, what is sent and what is left out."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camera.backlog import STUCK, Backlog, stuck_sockets
from camera.command import build_command
from camera.daynight import PATIENCE, DayNight, brightness, open_pin
from camera.pi_clock import ClockOverlay
from camera.pi_controls import LIVE, REBUILT, frame_durations, offered_controls, wanted_controls
from camera.pi_detect import Due, ForcedKeys, KeyFrames, compact, mean_luma
from camera.pi_modes import Mode, choose_mode, detect_size, read_modes
from camera.pi_output import US, Packet, Packets
from camera.probe import own_probe
from camera.progress import START_TIMEOUT, start_timeout
from camera.sources import Source, picamera_command
from config.settings import CameraSettings

# --- sensor modes: what the modules' drivers tell ---

IMX708 = [
    Mode(1536, 864, 10, 120.13, (768, 432, 3072, 1728)),
    Mode(2304, 1296, 10, 56.03, (0, 0, 4608, 2592)),
    Mode(4608, 2592, 10, 14.35, (0, 0, 4608, 2592)),
]
IMX219 = [
    *(Mode(640, 480, depth, 103.33, (1000, 752, 1280, 960)) for depth in (8, 10)),
    *(Mode(1640, 1232, depth, 41.85, (0, 0, 3280, 2464)) for depth in (8, 10)),
    *(Mode(1920, 1080, depth, 47.57, (680, 692, 1920, 1080)) for depth in (8, 10)),
    *(Mode(3280, 2464, depth, 21.19, (0, 0, 3280, 2464)) for depth in (8, 10)),
]
OV5647 = [
    Mode(640, 480, 10, 58.92, (16, 0, 2560, 1920)),
    Mode(1296, 972, 10, 46.34, (0, 0, 2592, 1944)),
    Mode(1920, 1080, 10, 32.81, (348, 434, 1928, 1080)),
    Mode(2592, 1944, 10, 15.63, (0, 0, 2592, 1944)),
]
IMX477 = [
    Mode(1332, 990, 10, 120.05, (696, 528, 2664, 1980)),
    Mode(2028, 1080, 12, 50.03, (0, 440, 4056, 2160)),
    Mode(2028, 1520, 12, 40.01, (0, 0, 4056, 3040)),
    Mode(4056, 3040, 12, 10.0, (0, 0, 4056, 3040)),
]


@pytest.mark.parametrize(
    ("modes", "size", "fps", "wanted", "chosen", "warning"),
    [
        (IMX708, (1280, 720), 25, "", "2304x1296", ""),
        (IMX708, (1920, 1080), 30, "", "2304x1296", ""),
        (IMX708, (4608, 2592), 10, "", "4608x2592", ""),
        (IMX708, (3840, 2160), 30, "", "2304x1296", ""),  # enlarged, but fast enough
        (IMX708, (1280, 720), 100, "", "2304x1296", "at most 56.03 pictures a second there, not 100"),
        (IMX708, (1280, 720), 100, "1536x864", "1536x864", ""),
        (IMX708, (1280, 720), 25, "4608x2592", "4608x2592", "at most 14.35 pictures a second there, not 25"),
        (
            IMX708,
            (1280, 720),
            25,
            "1x1",
            "2304x1296",
            "the sensor has no mode 1x1; it has 1536x864, 2304x1296, 4608x2592",
        ),
        (IMX219, (1280, 720), 25, "", "1640x1232", ""),
        (IMX219, (1920, 1080), 30, "", "1640x1232", ""),
        (IMX219, (1920, 1080), 20, "", "3280x2464", ""),
        (OV5647, (1280, 720), 25, "", "1296x972", ""),
        (OV5647, (640, 480), 25, "", "1296x972", ""),  # the small one sees a little less
        (IMX477, (1920, 1080), 25, "", "2028x1520", ""),
        ([], (1280, 720), 25, "", None, ""),
        ([], (1280, 720), 25, "640x480", None, "sensor_mode 640x480 is left alone: this camera has no sensor modes"),
    ],
)
def test_the_sensor_mode(
    modes: list[Mode], size: tuple[int, int], fps: float, wanted: str, chosen: str | None, warning: str
) -> None:
    mode, said = choose_mode(modes, size, fps, wanted)
    assert (f"{mode.width}x{mode.height}" if mode is not None else None) == chosen
    assert warning in (said or "") and bool(said) == bool(warning)
    if mode is not None:
        assert mode.bit_depth == max(other.bit_depth for other in modes if other.area == mode.area)


def test_sensor_modes_are_read_from_what_picamera2_says() -> None:
    mode = {"size": (640, 480), "bit_depth": 10, "fps": 58.92, "crop_limits": (16, 0, 2560, 1920), "unpacked": "x"}
    assert read_modes([mode, {"format": "YUYV"}]) == [OV5647[0]]


def test_the_detect_stream_has_the_main_ones_proportions() -> None:
    assert detect_size((1280, 720), 320) == (320, 180)
    assert detect_size((1640, 1232), 320) == (320, 240)
    assert detect_size((240, 180), 320) == (240, 180)  # never larger
    assert detect_size((1920, 1080), 321) == (320, 180)


# --- controls ---

OFFERS: dict[str, tuple[Any, Any, Any]] = {  # as a Camera Module 3 on a Pi 5 has them
    "AeEnable": (False, True, True),
    "AeExposureMode": (0, 3, 0),
    "AfMode": (0, 2, 0),
    "AfTrigger": (0, 1, 0),
    "AnalogueGain": (1.1228070259094238, 16.0, 1.0),
    "AwbEnable": (False, True, None),
    "AwbMode": (0, 7, 0),
    "Brightness": (-1.0, 1.0, 0.0),
    "ColourGains": (0.0, 32.0, None),
    "Contrast": (0.0, 32.0, 1.0),
    "ExposureTime": (26, 112015443, 20000),
    "ExposureValue": (-8.0, 8.0, 0.0),
    "FrameDurationLimits": (17849, 112015443, 33333),
    "HdrMode": (0, 4, 0),
    "LensPosition": (0.0, 15.0, 1.0),
    "NoiseReductionMode": (0, 4, 0),
    "Saturation": (0.0, 32.0, 1.0),
    "Sharpness": (0.0, 16.0, 1.0),
}
CAMERA = CameraSettings(source="picamera", fps=25)


def controls(night: bool = False, running: bool = False, **values: Any) -> dict[str, Any]:
    camera = replace(CAMERA, **values)
    taken, warnings = offered_controls(wanted_controls(camera, night, running), OFFERS, camera)
    assert warnings == []
    return taken


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"AeEnable": True, "AwbEnable": True, "AwbMode": 0, "FrameDurationLimits": (40000, 40000), "AfMode": 2}),
        ({"brightness": 0.25, "contrast": 1.5}, {"Brightness": 0.25, "Contrast": 1.5}),
        (
            {"exposure": "manual", "exposure_time": 8.0, "gain": 2.0},
            {"AeEnable": False, "ExposureTime": 8000, "AnalogueGain": 2.0, "FrameDurationLimits": (40000, 40000)},
        ),
        ({"exposure": "manual", "exposure_time": 100.0}, {"FrameDurationLimits": (40000, 100000)}),
        (
            {"exposure": "night", "slowest_fps": 2.0},
            {"AeEnable": True, "AeExposureMode": 2, "FrameDurationLimits": (40000, 500000)},
        ),
        ({"exposure_value": -1.0}, {"ExposureValue": -1.0}),
        ({"white_balance": "cloudy"}, {"AwbEnable": True, "AwbMode": 6}),
        (
            {"white_balance": "manual", "red_gain": 2.0, "blue_gain": 1.5},
            {"AwbEnable": False, "ColourGains": (2.0, 1.5)},
        ),
        ({"noise_reduction": "high"}, {"NoiseReductionMode": 2}),
        ({"hdr": True}, {"HdrMode": 3}),
        ({"focus": "manual", "focus_distance": 0.5}, {"AfMode": 0, "LensPosition": 2.0}),
        ({"focus": "manual", "focus_distance": 0.0}, {"AfMode": 0, "LensPosition": 0.0}),
        ({"focus": "auto"}, {"AfMode": 1, "AfTrigger": 0}),
        ({"night": True}, {"Saturation": 0.0}),
        ({"running": True}, {"ExposureTime": 0, "AnalogueGain": 0.0, "NoiseReductionMode": 1}),
        ({}, {"ExposureTime": None, "NoiseReductionMode": 1}),
    ],
)
def test_settings_become_controls(values: dict[str, Any], expected: dict[str, Any]) -> None:
    taken = controls(**values)
    assert {name: taken.get(name) for name in expected} == expected
    assert {"LensPosition", "ColourGains", "HdrMode"} & taken.keys() <= expected.keys()


def test_only_what_the_camera_offers_is_set_and_a_wish_that_is_left_out_is_said() -> None:
    few = {"Contrast": (0.5, 2.0, 1.0), "FrameDurationLimits": (66666, 66666, None)}
    taken, warnings = offered_controls(wanted_controls(CAMERA), few, CAMERA)
    assert (taken, warnings) == ({"Contrast": 1.0, "FrameDurationLimits": (66666, 66666)}, [])
    wish = replace(CAMERA, contrast=3.0, white_balance="cloudy", exposure="manual", gain=4.0, focus="manual")
    taken, warnings = offered_controls(wanted_controls(wish), few, wish)
    assert taken["Contrast"] == 2.0
    assert warnings == [
        "contrast 3 is beyond this camera's 0.5 to 2",
        "exposure is left alone: this camera has no AeEnable",
        "gain is left alone: this camera has no AnalogueGain",
        "white_balance is left alone: this camera has no AwbEnable, AwbMode",
        "focus is left alone: this camera has no AfMode",
    ]


def test_a_setting_is_either_live_or_needs_a_new_pipeline() -> None:
    assert not LIVE & REBUILT
    assert frame_durations(replace(CAMERA, exposure="night", slowest_fps=60.0)) == (40000, 40000)


# --- day and night ---


def switches(daynight: DayNight, *course: tuple[float, float]) -> list[tuple[float, bool]]:
    """When it switches, and to what, in a course of (time, brightness)."""
    return [(now, daynight.night) for now, bright in course if daynight.update(bright, now)]


def test_it_switches_beyond_the_limits_after_the_dwell_time() -> None:
    daynight = DayNight(night_below=3, day_above=10, dwell=30)
    course = [(0.0, 50.0), (10.0, 2.0), (39.0, 2.0), (40.0, 2.0), (41.0, 5.0), (1000.0, 9.0), (1001.0, 11.0)]
    course += [(1020.0, 9.0), (1021.0, 11.0), (1050.0, 11.0), (1051.0, 11.0)]
    assert switches(daynight, *course) == [(40.0, True), (1051.0, False)]


def test_what_it_is_at_the_start_counts_at_once() -> None:
    assert switches(DayNight(3, 10, 30), (0.0, 1.0)) == [(0.0, True)]
    assert switches(DayNight(3, 10, 30), (0.0, 5.0), (1.0, 1.0)) == []


def test_a_lamp_that_lights_up_its_own_picture_does_not_make_it_flicker() -> None:
    daynight = DayNight(3, 10, 10)
    times = [now for now in range(7200) if daynight.update(100.0 if daynight.night else 1.0, float(now))]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps[0] <= 20 and gaps == sorted(gaps) and gaps[-1] >= 10 * PATIENCE
    assert len(times) < 40


def test_a_limit_of_day_below_that_of_night_does_not_flicker() -> None:
    assert switches(DayNight(10, 3, 1), *((float(now), 5.0) for now in range(100))) == [(0.0, True)]


def test_brightness_is_lux_where_the_camera_tells_it() -> None:
    assert brightness({"Lux": 12.5}, 100.0) == (12.5, "lux")
    assert brightness({}, 51.0) == (pytest.approx(20.0), "%")


def test_no_pin_needs_nothing() -> None:
    assert open_pin(-1, False) == (None, None)
    lamp, warning = open_pin(17, False)
    assert lamp is not None or (warning or "").startswith("night_pin")


# --- pictures ---


@pytest.mark.parametrize("stride", [8, 16])
def test_a_small_picture_loses_what_pads_its_rows(stride: int) -> None:
    luma, u, v = (np.arange(n, dtype=np.uint8) + first for n, first in ((8 * 4, 0), (4 * 2, 100), (4 * 2, 200)))
    padded = np.full((4 * stride * 3 // 2,), 9, np.uint8)
    padded[: 4 * stride].reshape(4, stride)[:, :8] = luma.reshape(4, 8)
    colour = padded[4 * stride :].reshape(4, stride // 2)
    colour[:, :4] = np.concatenate([u, v]).reshape(4, 4)
    picture = compact(padded.reshape(6, stride), (8, 4), stride)
    assert picture.shape == (6, 8) and picture.reshape(-1).tolist() == [*luma, *u, *v]
    assert mean_luma(np.full((6, 8), 77, np.uint8), (8, 4)) == 77


@pytest.mark.parametrize(
    ("camera_fps", "fps", "count"), [(30, 5, 50), (25, 5, 50), (24, 5, 48), (5, 5, 50), (2, 5, 20)]
)
def test_every_nth_picture_is_taken_whatever_the_camera_s_rate(camera_fps: int, fps: int, count: int) -> None:
    due = Due(fps)
    taken = [n for n in range(10 * camera_fps) if due.take(round(n * 1e6 / camera_fps) + n % 3 * 1000)]
    assert abs(len(taken) - count) <= 2


def test_key_frames_are_asked_for_where_pictures_come_slowly() -> None:
    keys, asked = KeyFrames(1.0), []
    keys.came(0.0)
    for n in range(1, 60):  # five pictures a second, the key frame two pictures after it was asked for
        if keys.due(n / 5):
            asked.append(n)
        if asked and asked[-1] == n - 2:
            keys.came(n / 5)
    assert asked[:3] == [6, 15, 24]
    keys = KeyFrames(1.0)
    assert not any(keys.due(n / 25) or (n % 25 == 0 and keys.came(n / 25)) for n in range(100))


def test_the_clock_is_written_into_the_corner() -> None:
    luma = np.full((360, 640), 128, np.uint8)
    overlay = ClockOverlay(360)
    overlay.draw(luma, datetime(2026, 11, 20, 18, 3, 7))  # noqa: DTZ001
    changed = np.argwhere(luma != 128)
    assert changed[:, 0].min() > 320 and changed[:, 1].max() < 320
    assert luma.max() > 220 and luma[:, :200].min() < 60
    other = np.full((360, 640), 128, np.uint8)
    overlay.draw(other, datetime(2026, 11, 20, 18, 3, 8))  # noqa: DTZ001
    assert (luma != other).any()


# --- what waits to be sent ---


def video(time: float, key: bool, size: int = 1000) -> Packet:
    return Packet("main", bytes(size), int(time * 1e6), key)


def test_whole_groups_of_pictures_are_left_out_when_nobody_takes_them() -> None:
    packets = Packets(bit_rate=1000)
    for n in range(300):  # 10 s
        packets.put(video(n / 30, n % 30 == 0))
        packets.put(Packet("sound", b"\0\0", int(n / 30 * 1e6), samples=1))
    waiting = packets.take(0)
    assert waiting[-1].time <= 4_000_000 and packets.dropped == 300 - 121
    packets.put(video(10.0, False))
    assert packets.take(0) == []  # it refers to one that was left out
    packets.put(video(10.1, True))
    packets.put(video(10.2, False))
    assert len(packets.take(0)) == 2 and packets.take(0.01) == []


def test_bytes_are_bounded_too() -> None:
    packets = Packets(bit_rate=8)  # 8 s of it are 8 kB
    for n in range(20):
        packets.put(video(n / 30, True))
    assert sum(len(packet.data) for packet in packets.take(0)) == 8000


# --- connections that nobody answers ---

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2070 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000034ec8a51 100 0 0
   1: 0100007F:2071 0100007F:A001 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0000000034ec8a51 20 4 30
   2: 0100007F:2072 0100007F:A002 01 00001000:00000000 01:00000014 00000000     0        0 3 1 0000000034ec8a51 20 4 30
   3: 0100007F:2073 0100007F:A003 01 00001000:00000000 01:00000014 00000002     0        0 4 1 0000000034ec8a51 20 4 30
   4: 0100007F:2074 0100007F:A004 01 00200000:00000000 04:00000014 00000000     0        0 5 1 0000000034ec8a51 20 4 30
"""


def test_connections_that_are_not_answered_are_told_from_the_kernel_s_table() -> None:
    assert [stuck_sockets(TABLE, {inode}) for inode in "123456"] == [False, False, False, True, True, None]
    assert stuck_sockets(TABLE, {"2", "5", "77"})


# --- the source ---


@pytest.mark.parametrize(
    ("text", "module"),
    [("picamera", 0), ("picamera:", 0), ("picamera:1", 1), ("picamera:x", None), ("/picamera", None)],
)
def test_a_pi_s_camera_is_a_source(text: str, module: int | None) -> None:
    source = Source.parse(text)
    assert (source.kind == "picamera") == (module is not None)
    assert source.module == (module or 0)


def test_nothing_long_or_secret_goes_to_the_camera_s_process() -> None:
    camera = CameraSettings(source="picamera", detect_url="rtsp://user:secret@c/2", ignore=(((0, 0), (1, 0), (1, 1)),))
    command = picamera_command(camera, 1, "Europe/Berlin")
    assert "secret" not in "".join(command) and command[-6:-4] + command[-2:] == [
        "--module",
        "1",
        "--time-zone",
        "Europe/Berlin",
    ]
    told = json.loads(command[-3])
    assert CameraSettings(**told) == CameraSettings()


def test_both_streams_of_a_pi_are_copied() -> None:
    source, camera = Source.parse("picamera"), CameraSettings(source="picamera")
    probe = own_probe(source, camera)
    assert probe is not None
    command = " ".join(build_command(camera, source, probe, "rtsp://r/front", "rtsp://r/front_detect"))
    assert "libx264" not in command and command.count("-c:v copy") == 2 and "-c:a aac" in command
    assert "-map 0:V:0" in command and "-map 0:V:1" in command
    camera = replace(camera, encoder="mjpeg")
    probe = own_probe(source, camera)
    assert probe is not None
    command = " ".join(build_command(camera, source, probe, "rtsp://r/front", "rtsp://r/front_detect"))
    assert command.count("libx264") == 1 and command.count("-c:v copy") == 1


def test_without_picamera2_the_cure_is_named() -> None:
    command = [sys.executable, "-c", "import sys, runpy; sys.modules['picamera2'] = None; sys.argv = ['x']\n"]
    command[-1] += "sys.modules['libcamera'] = None; runpy.run_module('camera.picamera', run_name='__main__')"
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=Path(__file__).parent.parent, check=False
    )
    assert done.returncode == 1
    assert "install it with: sudo apt install python3-picamera2" in done.stderr.splitlines()[-1]


def test_software_makes_a_key_frame_when_asked() -> None:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 64, 48, "yuv420p", US
    context.gop_size, context.options = 1000, {"tune": "zerolatency"}
    keys = []
    stream = ForcedKeys(context)
    for number in range(6):
        frame = av.VideoFrame.from_ndarray(np.full((72, 64), 20, np.uint8), format="yuv420p")
        frame.pts, frame.time_base = number * 5_000_000, US
        if number == 3:
            stream.force()
        keys += [packet.is_keyframe for packet in stream.encode(frame)]
    assert keys == [True, False, False, True, False, False]
    assert stream.gop_size == 1000


def test_long_exposures_have_time_to_start() -> None:
    slow = CameraSettings(exposure="manual", exposure_time=5000)
    assert start_timeout("picamera", slow) == START_TIMEOUT + 30
    assert start_timeout("device", slow) == START_TIMEOUT


def test_a_connection_over_ipv6_is_seen_beside_one_over_ipv4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camera.backlog._PROC", tmp_path)
    (tmp_path / "7/fd").mkdir(parents=True)
    (tmp_path / "self/net").mkdir(parents=True)
    for inode in "15":
        (tmp_path / "7/fd" / inode).symlink_to(f"socket:[{inode}]")
    head, *lines = TABLE.splitlines(keepends=True)
    for name, inode in (("tcp", "1"), ("tcp6", "5")):
        text = head + "".join(line for line in lines if line.split()[9] == inode)
        (tmp_path / "self/net" / name).write_text(text)
    watched = Backlog(7)
    assert watched.stuck(10.0) is None
    assert watched.stuck(10.0 + STUCK) == f"the recorder has taken nothing for {STUCK:g} s"
