"""A camera module of a Pi, run by picamera2; imported only by `python -m camera.picamera`.

Everything here that picamera2 calls runs in the thread that runs the camera, and must not wait. What it raises ends
that thread for good, after which `stop()` would hang for ever: so nothing here is ever stopped, the process ends.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import av
import libcamera
from picamera2 import MappedArray, Picamera2
from picamera2.encoders import H264Encoder, LibavH264Encoder, LibavMjpegEncoder, MJPEGEncoder
from picamera2.outputs import Output

from camera.pi_clock import ClockOverlay
from camera.pi_controls import offered_controls, wanted_controls
from camera.pi_detect import DetectEncoder, Due, ForcedKeys, KeyFrames, Picture, compact, mean_luma
from camera.pi_modes import choose_mode, detect_size, read_modes
from camera.pi_output import US, Packet, Packets
from config.errors import CameraError
from config.settings import CameraSettings

_HARDWARE_WIDTH = 1920  # px; what the encoder of a Pi 4 takes at most
_OTHER_CLOCK = 2_000_000  # us between a picture and our clock from which on it is of another clock


class _ToPackets(Output):  # type: ignore[misc]
    """picamera2's way out of an encoder."""

    def __init__(self, put: Callable[[bytes, bool, int], None]) -> None:
        super().__init__()
        self._put = put

    def outputframe(self, frame: Any, keyframe: bool = True, timestamp: int | None = None, *_: Any, **__: Any) -> None:
        self._put(bytes(frame), keyframe, timestamp or 0)


class SoftwareH264Encoder(LibavH264Encoder):  # type: ignore[misc]
    """picamera2's, whose own way to a key frame fails with the PyAV of trixie, and ends the camera's thread."""

    _stream: Any

    def _start(self) -> None:
        super()._start()
        self._stream = ForcedKeys(self._stream)

    def force_key_frame(self) -> None:
        """Make the next picture a key frame."""
        self._stream.force()


class PiCamera:
    """One camera module with its two encoders."""

    def __init__(
        self, settings: CameraSettings, module: int, zone: tzinfo, packets: Packets, say: Callable[[str], None]
    ) -> None:
        """Opens and configures it; CameraError where it is not there. `say` takes warnings, a line each."""
        self.settings = settings
        self.night = False
        self.requests = 0
        self.seen_at = time.monotonic()  # s, when the last picture came from the sensor
        self.encoded_at = self.seen_at  # s, when the last one came from the encoder
        self.metadata: dict[str, Any] = {}
        self.mean = 0.0  # of the picture, 0 to 255
        self.detect_dropped = 0
        self._packets, self._say, self._zone = packets, say, zone
        self._shift: int | None = None  # us from the pictures' clock to ours
        self._still: Picture | None = None
        self._still_wanted = threading.Event()
        self._still_taken = threading.Event()
        self._sensor_hdr = False
        self._camera = self._open(module)
        self._sent: dict[str, Any] = {}
        self._warned: set[str] = set()
        self._configure()
        self.main: dict[str, Any] = self._camera.camera_configuration()["main"]
        self.lores: dict[str, Any] = self._camera.camera_configuration()["lores"]
        self._overlay = ClockOverlay(self.main["size"][1])
        self._keys = KeyFrames(settings.keyframe_interval)
        self._due = Due(settings.detect_fps)
        self.detect = DetectEncoder(packets, self.lores["size"], settings.detect_fps, settings.detect_keyframe_interval)
        self._encoder = self._make_encoder()
        self._can_force = hasattr(self._encoder, "force_key_frame")

    def start(self) -> None:
        """Let pictures come."""
        threading.Thread(target=self.detect.run, name="detect encoder", daemon=True).start()
        for warning in self._set_controls(running=False):
            self._say(warning)
        self._camera.pre_callback = self._before_encoding
        self._camera.post_callback = self._after_jobs
        self._camera.start_encoder(self._encoder, _ToPackets(self._encoded), name="main")
        self.seen_at = self.encoded_at = time.monotonic()
        self._camera.start()

    def adjust(self, settings: CameraSettings) -> list[str]:
        """Take over settings of `pi_controls.LIVE`; what to say of those that the camera does not take."""
        self.settings = settings
        return self._set_controls(running=True)

    def set_night(self, night: bool) -> None:
        """Grey, or in colour."""
        self.night = night
        self._set_controls(running=True)

    def offers(self) -> dict[str, Any]:
        """What the camera says of itself."""
        properties, given = self._camera.camera_properties, self._camera.camera_configuration()
        return {
            "model": str(properties.get("Model", "")),
            "modes": [dataclasses.asdict(mode) for mode in self.modes],
            "mode": None if self.mode is None else f"{self.mode.width}x{self.mode.height}",
            "controls": {name: [_plain(v) for v in limits] for name, limits in self._camera.camera_controls.items()},
            "size": self.main["size"],
            "detect_size": self.lores["size"],
            "flips": [name for name in ("hflip", "vflip") if getattr(given["transform"], name)],
            "encoder": type(self._encoder).__name__,
        }

    def still(self, timeout: float) -> bytes:
        """The next picture as a JPEG; CameraError where none comes within `timeout` s."""
        self._still_taken.clear()
        self._still_wanted.set()
        if not self._still_taken.wait(timeout) or self._still is None:
            raise CameraError(f"no picture within {timeout:g} s")
        context = av.CodecContext.create("mjpeg", "w")
        context.width, context.height = self.main["size"]
        context.pix_fmt, context.time_base = "yuvj420p", US
        frame = av.VideoFrame.from_ndarray(self._still, format="yuvj420p")
        return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])

    def _open(self, module: int) -> Any:
        known = Picamera2.global_camera_info()
        if module >= len(known):
            seen = ", ".join(f"{number} is {info.get('Model', '?')}" for number, info in enumerate(known)) or "none"
            raise CameraError(
                f"there is no camera module {module} (seen: {seen}); check its cable with the power off, then: "
                "rpicam-hello --list-cameras"
            )
        if str(known[module].get("Model", "")).startswith("imx708"):
            self._sensor_hdr = self._set_sensor_hdr(known[module]["Num"])
        try:
            return Picamera2(module)
        except RuntimeError as error:
            raise CameraError(
                f"camera module {module} cannot be opened ({error.__cause__ or error}); does another program use it?"
            ) from error

    def _set_sensor_hdr(self, number: int) -> bool:
        """The sensor of a Camera Module 3 has HDR of its own, which is set before it is opened; whether that is on."""
        try:
            from picamera2.devices.imx708 import IMX708

            with IMX708(number) as sensor:
                sensor.set_sensor_hdr_mode(self.settings.hdr)
        except (ImportError, OSError, RuntimeError):
            return False  # HDR is then up to libcamera, which says so where it has none
        return self.settings.hdr

    def _configure(self) -> None:
        wanted = self.settings
        size = (wanted.width // 2 * 2, wanted.height // 2 * 2)
        self.modes = _modes(self._camera)
        self.mode, warning = choose_mode(self.modes, size, wanted.fps, wanted.sensor_mode)
        if warning:
            self._say(warning)
        more: dict[str, Any] = {}
        if self.mode is not None:
            more["sensor"] = {"output_size": (self.mode.width, self.mode.height), "bit_depth": self.mode.bit_depth}
        configuration = self._camera.create_video_configuration(
            main={"size": size, "format": "YUV420"},
            lores={"size": detect_size(size, wanted.detect_width), "format": "YUV420"},
            transform=libcamera.Transform(hflip=wanted.hflip, vflip=wanted.vflip),
            display=None,
            **more,
        )
        configuration["controls"] = {}  # ours come later: only now the camera knows what it offers
        try:
            self._camera.configure(configuration)
        except RuntimeError as error:
            raise CameraError(f"the camera module cannot give {size[0]}x{size[1]} ({error})") from error
        given = self._camera.camera_configuration()["transform"]
        if (bool(given.hflip), bool(given.vflip)) != (wanted.hflip, wanted.vflip):
            self._say("hflip and vflip are left alone: this camera cannot turn its picture")

    def _make_encoder(self) -> Any:
        wanted = self.settings
        bit_rate, fps = wanted.bit_rate * 1000, wanted.fps
        software = wanted.encoder == "software"
        if wanted.encoder == "mjpeg":
            # Hardware, too, ends at that width.
            kind = LibavMjpegEncoder if self.main["size"][0] > _HARDWARE_WIDTH else MJPEGEncoder
            encoder = kind(bitrate=bit_rate * 4)  # each picture on its own
            encoder.framerate = fps
            return encoder
        if not software and self.main["size"][0] > _HARDWARE_WIDTH and H264Encoder is not LibavH264Encoder:
            self._say(
                f"the hardware encoder takes pictures up to {_HARDWARE_WIDTH} px wide; this one is encoded in software"
            )
            software = True
        software |= H264Encoder is LibavH264Encoder
        kind = SoftwareH264Encoder if software else H264Encoder
        if wanted.encoder == "hardware" and H264Encoder is LibavH264Encoder:
            self._say("this machine has no H.264 encoder in hardware; software does it")
        profile = wanted.profile
        if profile == "auto":
            profile = "" if software else "high"
        return kind(
            bitrate=bit_rate,
            repeat=True,
            iperiod=max(1, round(fps * wanted.keyframe_interval)),
            framerate=fps,
            profile=profile or None,
        )

    def _set_controls(self, running: bool) -> list[str]:
        wanted = wanted_controls(self.settings, self.night, running)
        controls, warnings = offered_controls(wanted, self._camera.camera_controls, self.settings)
        if self._sensor_hdr:
            controls.pop("HdrMode", None)
        changed = {name: value for name, value in controls.items() if self._sent.get(name) != value}
        self._sent |= changed
        self._camera.set_controls(changed)
        new = [warning for warning in warnings if warning not in self._warned]
        self._warned.update(new)
        return new

    def _before_encoding(self, request: Any) -> None:
        if self.settings.show_clock:
            with MappedArray(request, "main") as mapped:
                height, width = self.main["size"][1], self.main["size"][0]
                self._overlay.draw(mapped.array[:height, :width], datetime.now(self._zone))

    def _after_jobs(self, request: Any) -> None:
        self.requests += 1
        self.seen_at = time.monotonic()
        if self._still_wanted.is_set():
            self._still_wanted.clear()
            self._still = _copy(request, "main", self.main)
            self._still_taken.set()
        if self._can_force and self._keys.due(self.seen_at):
            self._encoder.force_key_frame()
        if self._due.take(time.monotonic_ns() // 1000):
            self.metadata = request.get_metadata()
            picture = _copy(request, "lores", self.lores)
            self.mean = mean_luma(picture, self.lores["size"])
            if not self.detect.put(self._ours(self.metadata["SensorTimestamp"] // 1000), picture):
                self.detect_dropped += 1

    def _encoded(self, data: bytes, key: bool, time_: int) -> None:
        self.encoded_at = time.monotonic()
        if key:
            self._keys.came(self.encoded_at)
        # An encoder counts from its first picture.
        self._packets.put(Packet("main", data, self._ours(self._encoder.firsttimestamp + time_), key))

    def _ours(self, stamp: int) -> int:
        """A picture's time (us) by the monotonic clock: a Pi's have it already, other cameras a clock of their own."""
        if self._shift is None:
            age = time.monotonic_ns() // 1000 - stamp
            self._shift = 0 if 0 <= age < _OTHER_CLOCK else age
        return stamp + self._shift


def _modes(camera: Any) -> Any:
    try:
        return read_modes(camera.sensor_modes)
    except (AttributeError, KeyError, RuntimeError):
        return []  # no sensor of a Pi: picamera2 looks for raw pictures, and finds none


def _copy(request: Any, name: str, configuration: dict[str, Any]) -> Picture:
    with MappedArray(request, name, write=False) as mapped:
        return compact(mapped.array, configuration["size"], configuration["stride"])


def _plain(value: Any) -> Any:
    """A limit of a control as JSON has it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return str(value)
