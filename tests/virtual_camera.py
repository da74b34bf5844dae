"""Lets the real picamera2 0.3.38 run on the virtual camera of the real libcamera 0.4 (Debian trixie, x86_64).

It is put into a machine of the tests and imported there as soon as picamera2 is (`HOOK`). The virtual camera needs
help: it gives NV12 where a Pi gives YUV420, knows no pace, never says whether a frame is good, has no raw modes, and
wants buffers of a kind that needs devices. What it cannot know (light, exposure) comes from `CONTROL`, a JSON object
that a test writes: metadata by its names ("Lux": 4), "fps", "stalled": true (no more frames), "broken": true (no frame
is good), "flash": 2.0 (black, but for a white frame every 2 s of the frames' clock, darker by a level for each ms that
it is late).
"""

from __future__ import annotations

import json
import mmap
import os
import queue
import threading
import time
import types
from pathlib import Path
from typing import Any

CONTROL = Path(os.environ.get("VIRTUAL_CAMERA_CONTROL", "/run/virtual_camera.json"))
LIGHT = {"Lux": 400.0, "ExposureTime": 10000, "AnalogueGain": 1.0, "ColourGains": (1.8, 1.6), "ColourTemperature": 5000}
HOOK = """\
import importlib.machinery, sys
class AfterPicamera2:
    def find_spec(self, name, path=None, target=None):
        if name != "picamera2":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module
        def load_both(module):
            load(module)
            __import__("virtual_camera").prepare()
        spec.loader.exec_module = load_both
        return spec
sys.meta_path.insert(0, AfterPicamera2())
"""
MODES = [  # as a Camera Module 3 has them: full field of view binned, the middle binned faster, everything
    {"size": (1536, 864), "fps": 120.13, "crop_limits": (768, 432, 3072, 1728)},
    {"size": (2304, 1296), "fps": 56.03, "crop_limits": (0, 0, 4608, 2592)},
    {"size": (4608, 2592), "fps": 14.35, "crop_limits": (0, 0, 4608, 2592)},
]


class Wishes:
    """What the control file says; read again when it has changed."""

    def __init__(self) -> None:
        self._stamp = 0
        self._values: dict[str, Any] = {}

    def get(self) -> dict[str, Any]:
        try:
            stamp = CONTROL.stat().st_mtime_ns
            if stamp != self._stamp:
                self._values, self._stamp = json.loads(CONTROL.read_text()), stamp
        except (FileNotFoundError, json.JSONDecodeError):
            pass  # none, or half written: the next frame looks again
        return self._values

    def light(self) -> dict[str, Any]:
        return LIGHT | {name: value for name, value in self.get().items() if name[0].isupper()}


wishes = Wishes()


class Pace:
    """Hands requests on to the camera at a frame rate, as a sensor does."""

    def __init__(self, queue_request: Any) -> None:
        self._queue: queue.Queue[Any] = queue.Queue()
        self._queue_request = queue_request
        threading.Thread(target=self._run, daemon=True, name="virtual camera").start()

    def put(self, camera: Any, request: Any) -> None:
        self._queue.put((camera, request))

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            camera, request = self._queue.get()
            while wishes.get().get("stalled"):
                time.sleep(0.05)
            interval = 1 / wishes.get().get("fps", 30)
            due = max(due + interval, time.monotonic() - interval)
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                self._queue_request(camera, request)
            except RuntimeError:
                pass  # the camera was stopped meanwhile


def prepare() -> None:
    """Change picamera2 and libcamera, which are imported by now."""
    import libcamera
    import numpy as np
    import picamera2.encoders as encoders
    import picamera2.picamera2 as module
    from picamera2.allocators.allocator import Allocator

    class Mapped:
        """The content of a buffer, made YUV420."""

        def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
            self._map = allocator.maps[buffer]

        def __enter__(self) -> Any:
            raw = np.frombuffer(self._map, np.uint8)
            luma = len(raw) * 2 // 3
            planar = raw.copy()
            planar[luma : luma * 5 // 4], planar[luma * 5 // 4 :] = raw[luma::2], raw[luma + 1 :: 2]
            return planar

        def __exit__(self, *reason: object) -> None:
            pass

    class MemfdAllocator(Allocator):  # type: ignore[misc]
        """Buffers in memory files, each with a plane of luma and one of colour."""

        def __init__(self) -> None:
            self.sync = Mapped
            self._buffers: dict[Any, list[Any]] = {}
            self.maps: dict[Any, mmap.mmap] = {}

        def allocate(self, configuration: Any, use_case: object) -> None:
            self._buffers, self.maps = {}, {}
            for stream in configuration:
                luma = stream.stride * stream.size.height
                buffers = []
                for number in range(stream.buffer_count):
                    fd = os.memfd_create(f"picamera2-{number}")
                    os.ftruncate(fd, stream.frame_size)
                    planes = []
                    for offset, length in ((0, luma), (luma, stream.frame_size - luma)):
                        plane = libcamera.FrameBuffer.Plane()
                        plane.fd, plane.offset, plane.length = fd, offset, length
                        planes.append(plane)
                    buffers.append(libcamera.FrameBuffer(planes))
                    self.maps[buffers[-1]] = mmap.mmap(fd, stream.frame_size)
                    os.close(fd)
                self._buffers[stream.stream] = buffers

        def buffers(self, stream: Any) -> list[Any]:
            return self._buffers[stream]

    def raw_modes(camera: Any) -> list[dict[str, Any]]:
        formats = camera.camera.generate_configuration([libcamera.StreamRole.Viewfinder]).at(0).formats
        return [
            {"format": str(pixels), "size": (size.width, size.height)}
            for pixels in formats.pixel_formats
            for size in formats.sizes(pixels)
        ]

    def sensor_modes(camera: Any) -> list[dict[str, Any]]:
        return [
            {"format": "SRGGB10_CSI2P", "unpacked": "SRGGB10", "bit_depth": 10, "exposure_limits": (9, 77208145)} | mode
            for mode in MODES
        ]

    def frame_metadata(buffer: Any) -> types.SimpleNamespace:
        status = libcamera.FrameMetadata.Status
        planes = [types.SimpleNamespace(bytes_used=plane.length) for plane in buffer.planes]
        good = status.Error if wishes.get().get("broken") else status.Success
        return types.SimpleNamespace(status=good, sequence=0, timestamp=0, planes=planes)

    update, metadata = module.Picamera2._update_stream_config, module.CompletedRequest.get_metadata
    complete = module.CompletedRequest.__init__

    def complete_with_flash(request: Any, frame: Any, camera: Any) -> None:
        if every := wishes.get().get("flash"):
            stamp = next(value for control, value in frame.metadata.items() if control.name == "SensorTimestamp")
            late = stamp / 1e9 % every
            level = bytes([235 - min(round(late * 1000), 100) if late < 1 / wishes.get().get("fps", 30) else 16])
            for buffer in frame.buffers.values():
                memory = camera.allocator.maps[buffer]
                memory[:] = level * (len(memory) * 2 // 3) + b"\x80" * (len(memory) - len(memory) * 2 // 3)
        complete(request, frame, camera)

    def update_stream_config(camera: Any, ours: Any, libcameras: Any) -> None:
        update(camera, ours, libcameras)
        ours["format"] = "YUV420"

    pace = Pace(libcamera.Camera.queue_request)
    libcamera.Camera.queue_request = lambda camera, request: pace.put(camera, request)
    libcamera.FrameBuffer.metadata = property(frame_metadata)
    module.DmaAllocator = MemfdAllocator
    module.Picamera2._get_raw_modes = raw_modes
    module.Picamera2.sensor_modes = property(sensor_modes)
    module.Picamera2._update_stream_config = update_stream_config
    module.CompletedRequest.__init__ = complete_with_flash
    module.CompletedRequest.get_metadata = lambda request: metadata(request) | wishes.light()
    encoders.H264Encoder = module.H264Encoder = encoders.LibavH264Encoder
    encoders.MJPEGEncoder = module.MJPEGEncoder = encoders.LibavMjpegEncoder
