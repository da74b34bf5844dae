"""The settings of one camera; the rest of the table of settings is `config.settings`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.fields import setting

Polygons = tuple[tuple[tuple[float, float], ...], ...]
"""Areas of the picture, each by its corners (x, y), relative: (0, 0) is top left, (1, 1) bottom right."""

PI_CAMERA = re.compile(r"picamera(?::(\d*))?")
"""A source that is a Pi's camera module, with its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """One camera; `[camera]` gives the common values, `[cameras.<name>]` those of one."""

    title: str = setting("", 'name shown on the pages; "" shows the camera\'s name')
    enabled: bool = setting(True, "publish this camera; its recordings stay visible when it is off")
    source: str = setting(
        "demo",
        'where the picture comes from: "demo", a Pi\'s camera module ("picamera"; "picamera:1" is the second), '
        "an address (rtsp://user:password@host/path), a device (/dev/video0) or a video file, which is played in a "
        "loop",
        secret=True,
        form="source",
    )
    detect_url: str = setting(
        "",
        "the camera's own small stream (about 320 px wide), used for motion instead of scaling the main one",
        secret=True,
        form="source",
    )
    width: int = setting(1280, "width of the picture, where we encode it", "px", low=160, high=7680)
    height: int = setting(720, "height of the picture, where we encode it", "px", low=120, high=4320)
    fps: int = setting(25, "frames per second, where we encode the picture", "1/s", low=1, high=120)
    bit_rate: int = setting(2500, "video bit rate, where we encode it", "kbit/s", low=100, high=50000)
    keyframe_interval: float = setting(
        1.0, "time between key frames, where we encode the picture", "s", low=0.2, high=10
    )
    audio_bit_rate: int = setting(96, "sound bit rate", "kbit/s", low=16, high=320)
    microphone: str = setting(
        "auto",
        "microphone of a Pi's camera: "
        '"auto" (the default one, the first at USB, the first at all), its name or a part of it, several such with '
        'semicolons between (the first that is there), or "off"',
    )
    microphone_stereo: bool = setting(False, "two channels instead of one")
    microphone_gain: float = setting(0.0, "makes the microphone louder (+) or softer (-)", "dB", low=-30, high=40)
    microphone_high_pass: float = setting(
        0.0, "sound below this frequency gets softer, against wind (about 150); 0 is none", "Hz", low=0, high=2000
    )
    microphone_delay: float = setting(
        0.0, "by how much the microphone's sound is later than the picture", "s", low=-1, high=1
    )
    detect_width: int = setting(320, "width of the detect stream", "px", low=160, high=1280)
    detect_fps: int = setting(5, "frames per second of the detect stream", "1/s", low=1, high=30)
    detect_keyframe_interval: float = setting(
        1.0, "time between key frames of the detect stream", "s", low=0.2, high=10
    )
    detect_offset: float = setting(
        0.0, "added to the times of the detect stream to get those of the main stream", "s", low=-30, high=30
    )
    main_decode: str = setting(
        "economical",
        'what is decoded of a large stream that motion is looked for in, as there is no detect stream: "economical", '
        'a third of the work or less, or "all", which finds more small and quick animals',
        choices=("economical", "all"),
    )
    motion: bool = setting(True, "look for motion and make event clips")
    sensitivity: int = setting(50, "how little motion makes an event: 0 (least) to 100 (most)", low=0, high=100)
    min_size: float = setting(
        3.0,
        "the smallest thing that counts: its area in a picture 320 px wide; 3 is a far bird, 500 a person near",
        "px",
        low=1,
        high=10000,
    )
    confirm_frames: int = setting(
        2, "frames in a row (of five a second) that something must move in before it counts", low=1, high=10
    )
    ignore: Polygons = setting(
        (),
        "areas in which motion does not count, each a list of corners [x, y] from [0, 0] top left to [1, 1] bottom "
        "right: [[[0, 0], [1, 0], [1, 0.2], [0, 0.2]]] leaves out the upper fifth",
        form="polygons",
    )
    pre: float = setting(3.0, "footage kept before the motion", "s", low=0, high=60)
    post: float = setting(3.0, "footage kept after the motion", "s", low=0, high=60)
    merge_gap: float = setting(
        6.0, "a pause up to this length does not end an event; never below pre + post", "s", low=0, high=300
    )
    max_event: float = setting(
        300.0, "an event longer than this goes on in parts that adjoin, each a clip", "s", low=10, high=3600
    )
    settings_url: str = setting(
        "",
        "where the settings server of this camera's machine is found by the web page, as "
        '"https://nest.local:8443"; "" is this machine\'s own, where it runs',
        form="http",
    )
    settings_token: str = setting(
        "",
        'the token of that settings server; for this machine\'s own, "" is the one in [settings_server]',
        secret=True,
    )
    demo_seed: int = setting(1, "the demo camera draws the same visits for the same seed", low=0, high=10**6)

    # Of a Pi's camera module (source "picamera"); what the module does not have is left alone.
    encoder: str = setting(
        "auto",
        '"hardware" (up to Pi 4, 1920 px wide), "software", "auto": the better of the two, or "mjpeg": single '
        "pictures, which ffmpeg makes H.264",
        choices=("auto", "hardware", "software", "mjpeg"),
    )
    profile: str = setting(
        "auto",
        'H.264 profile; "auto" is high in hardware, and the cheapest in software',
        choices=("auto", "baseline", "main", "high"),
    )
    hflip: bool = setting(False, "mirror the picture left to right; with vflip it is turned by 180 degrees")
    vflip: bool = setting(False, "mirror the picture top to bottom")
    sensor_mode: str = setting(
        "", 'how the sensor is read, as "2304x1296"; "" picks one that sees the whole field of view', form="mode"
    )
    brightness: float = setting(0.0, "added to the picture: -1 (black) to 1 (white)", low=-1, high=1)
    contrast: float = setting(1.0, "1 is normal", low=0, high=32)
    saturation: float = setting(1.0, "1 is normal, 0 is grey", low=0, high=32)
    sharpness: float = setting(1.0, "1 is normal, 0 none", low=0, high=16)
    exposure: str = setting(
        "auto",
        '"auto", "manual" (exposure_time and gain), or "night": longer in the dark, down to slowest_fps',
        choices=("auto", "manual", "night"),
    )
    exposure_time: float = setting(10.0, "manual exposure of a picture", "ms", low=0.01, high=200000)
    gain: float = setting(1.0, "manual gain of the sensor", low=1, high=64)
    exposure_value: float = setting(0.0, "makes automatic exposure brighter (+) or darker (-)", "EV", low=-8, high=8)
    slowest_fps: float = setting(
        5.0, 'frames per second that exposure "night" may go down to', "1/s", low=0.1, high=120
    )
    white_balance: str = setting(
        "auto",
        'light that is white; "manual" takes red_gain and blue_gain',
        choices=("auto", "incandescent", "tungsten", "fluorescent", "indoor", "daylight", "cloudy", "manual"),
    )
    red_gain: float = setting(1.8, "manual white balance", low=0, high=32)
    blue_gain: float = setting(1.6, "manual white balance", low=0, high=32)
    noise_reduction: str = setting("auto", "how much noise is smoothed away", choices=("auto", "off", "fast", "high"))
    hdr: bool = setting(False, "high dynamic range, where the module has it")
    focus: str = setting(
        "continuous",
        '"continuous", "auto" (once, at the start) or "manual" (focus_distance), where the module has autofocus',
        choices=("continuous", "auto", "manual"),
    )
    focus_distance: float = setting(1.0, "manual focus; 0 is infinity", "m", low=0, high=1000)
    show_clock: bool = setting(False, "write date and time into the main stream's picture")
    day_night: str = setting(
        "auto",
        'the picture is grey at "night", in colour by "day"; "auto" switches by brightness',
        choices=("auto", "day", "night"),
    )
    night_below: float = setting(
        3.0,
        "darker is night; where the camera does not tell lux, per cent of a white picture",
        "lux",
        low=0,
        high=100000,
    )
    day_above: float = setting(10.0, "brighter is day again, as night_below", "lux", low=0, high=100000)
    day_night_dwell: float = setting(30.0, "how long it must be so before it switches", "s", low=0, high=3600)
    night_pin: int = setting(
        -1, "GPIO (BCM number) that is high by night, for an IR lamp or filter; -1 is none", low=-1, high=27
    )
    night_pin_low: bool = setting(False, "that GPIO is low by night and high by day instead")
