"""The process that runs a Pi's camera: the real picamera2 on libcamera's virtual camera, in a trixie root."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from pi import PiProcess

from config.errors import CameraError
from trixie import Chroot
from waiting import wait_until

pytestmark = pytest.mark.slow

AFTER_A_SECOND = """
import threading
def break_it():
    {what}
threading.Timer(1.5, break_it).start()
"""


@pytest.fixture(scope="module")
def inside() -> Iterator[Chroot]:
    with Chroot() as chroot:
        yield chroot


@pytest.fixture(autouse=True)
def whole_again(inside: Chroot) -> None:
    """Each test begins with one camera in good light."""
    inside.camera_control()
    inside.cameras("imx708_wide")


def film(path: Path, seconds: float) -> dict[int, list[av.Packet]]:
    """The packets of each stream of what was sent, as soon as the picture is that long."""

    def read() -> dict[int, list[av.Packet]] | None:
        found: dict[int, list[av.Packet]] = {}
        try:
            with av.open(str(path), format="nut") as container:
                for packet in container.demux():
                    if packet.pts is not None:
                        found.setdefault(packet.stream.index, []).append(packet)
        except (av.InvalidDataError, av.EOFError):
            return None  # it has hardly begun
        return found if found.get(0) and found[0][-1].pts * found[0][-1].time_base >= seconds else None

    return wait_until(read, 40, f"{seconds} s of film")


def times(packets: list[av.Packet], keys: bool = False) -> list[float]:
    return [float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe or not keys]


def test_main_stream_sound_and_detect_stream_have_one_clock(inside: Chroot, tmp_path: Path) -> None:
    path = tmp_path / "film.nut"
    with PiProcess(inside, path, keyframe_interval=0.5, detect_keyframe_interval=2.0) as pi:
        packets = film(path, 4.0)
        camera = pi.link.camera
    assert camera["model"] == "imx708_wide" and camera["controls"]["FrameDurationLimits"][:2] == [16666, 33333]
    assert camera["mode"] == "2304x1296"  # all that the sensor sees, at 30 pictures a second
    main, sound, detect = (packets[index] for index in range(3))
    assert main[0].stream.codec_context.name == "h264" and (main[0].stream.width, main[0].stream.height) == (640, 360)
    assert (detect[0].stream.width, detect[0].stream.height) == (320, 180)
    assert sound[0].stream.codec_context.name == "pcm_s16le" and sound[0].stream.codec_context.sample_rate == 48000
    assert times(main)[0] == times(detect)[0] == 0
    pace = [b - a for a, b in itertools.pairwise(times(main)[30:])]
    assert 1 / 35 < sum(pace) / len(pace) < 1 / 8  # 30 a second, on a busy machine fewer
    assert len(detect) == pytest.approx(times(detect)[-1] * 5, abs=3)
    keys = [b - a for a, b in itertools.pairwise(times(main, True))]
    assert sum(keys) / len(keys) == pytest.approx(0.5, abs=0.15)
    assert len(times(detect, True)) < len(detect) / 4  # each 2 s, and one after a second
    # Sound without a gap once both streams have begun, which ends where the picture does.
    heard = [packet for packet in sound if packet.pts is not None and packet.pts * packet.time_base > 2]
    counted = [packet.size / 2 / 48000 for packet in heard]
    assert times(heard)[-1] - times(heard)[0] == pytest.approx(sum(counted[:-1]), abs=0.001)
    assert times(sound)[-1] == pytest.approx(times(main)[-1], abs=0.5)


def test_pictures_that_come_slower_than_asked_for_have_key_frames_in_time(inside: Chroot, tmp_path: Path) -> None:
    path = tmp_path / "film.nut"
    with PiProcess(inside, path, fps=120, keyframe_interval=1.0, encoder="software") as pi:
        main = film(path, 4.0)[0]
    assert pi.link.camera["encoder"] == "SoftwareH264Encoder"
    at = [number for number, packet in enumerate(main) if packet.is_keyframe]
    assert len(at) >= 3 and max(b - a for a, b in itertools.pairwise(at)) < 100  # its own would be the 120th


def test_what_a_pi_cannot_do_is_said_once_and_left_alone(inside: Chroot, tmp_path: Path) -> None:
    wishes = {"sharpness": 2.0, "focus": "manual", "sensor_mode": "9x9", "night_pin": 4, "hdr": True}
    with PiProcess(
        inside, tmp_path / "film.nut", encoder="hardware", width=1920, height=1080, vflip=True, **wishes
    ) as pi:
        assert pi.status()["fps"] > 0
        # The virtual camera takes flips, and does nothing: that libcamera has them is all that can be seen.
        assert pi.link.camera["size"] == [1920, 1080] and pi.link.camera["flips"] == ["vflip"]
        pi.link.adjust({"contrast": 3.0, "saturation": 0.5})
        wait_until(lambda: len(pi.said) >= 9, 5, f"all is said: {pi.said}")
        said = "\n".join(sorted(pi.said))
    for part in (
        "contrast is left alone: this camera has no Contrast",
        "focus is left alone: this camera has no AfMode",
        "hdr is left alone: ",
        "night_pin is left alone: gpiozero not found; install it with: sudo apt install python3-gpiozero",
        "saturation is left alone: this camera has no Saturation",
        "sharpness is left alone: this camera has no Sharpness",
        "the sensor has no mode 9x9; it has 1536x864, 2304x1296, 4608x2592",
        "this machine has no H.264 encoder in hardware; software does it",
    ):
        assert said.count(part) == 1, part


def test_a_still_picture_is_the_size_of_the_main_stream(inside: Chroot, tmp_path: Path) -> None:
    with PiProcess(inside, tmp_path / "film.nut") as pi:
        pi.status()
        (tmp_path / "still.jpg").write_bytes(pi.link.still())
        inside.camera_control(stalled=True)
        with pytest.raises(CameraError, match=r"no picture within 2 s|the camera does not run|no answer"):
            while pi.link.still():
                pass  # some were under way
    with av.open(str(tmp_path / "still.jpg")) as container:
        picture = next(container.decode(video=0))
    assert (picture.width, picture.height) == (640, 360)
    assert picture.to_ndarray(format="gray").std() > 20  # bars


def test_the_second_module_and_single_pictures(inside: Chroot, tmp_path: Path) -> None:
    inside.cameras("imx708_wide", "imx219")
    models = set()
    for module in (0, 1):
        with PiProcess(inside, tmp_path / f"{module}.nut", module, encoder="mjpeg") as pi:
            packets = film(tmp_path / f"{module}.nut", 0.5)
            models.add(pi.link.camera["model"])
    assert models == {"imx708_wide", "imx219"}
    assert packets[0][0].stream.codec_context.name == "mjpeg" and all(packet.is_keyframe for packet in packets[0])
    with PiProcess(inside, tmp_path / "none.nut", 2) as pi:
        assert "there is no camera module 2 (seen: 0 is imx" in pi.reason()


def test_night_falls_and_day_breaks(inside: Chroot, tmp_path: Path) -> None:
    with PiProcess(inside, tmp_path / "film.nut", day_night_dwell=0.3) as pi:
        assert pi.status({"night": False})["lux"] == 400
        inside.camera_control(Lux=1.0)
        pi.status({"night": True})
        inside.camera_control(Lux=5.0)  # neither
        pi.status({"lux": 5.0, "night": True})
        inside.camera_control(Lux=50.0)
        pi.status({"night": False})
        switches = [line for line in pi.said if "night" in line or "day" in line]
    assert switches == ["night, the picture is grey (1 lux)", "day, the picture has its colours (50 lux)"]


RAISING = "raise ValueError('no such thing')"


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("picamera2.encoders.LibavH264Encoder._encode = broken", "ValueError: no such thing, in "),
        ("picamera2.request.CompletedRequest.get_metadata = broken", "ValueError: no such thing, in "),
        ("import camera.pi_output; camera.pi_output.Packets.put = broken", "ValueError: no such thing, in "),
        ("picamera2.encoders.LibavH264Encoder._encode = quiet", "the encoder gave no picture for 3 s"),
    ],
    ids=["encoder", "event loop", "output", "encoder stops"],
)
def test_what_would_end_a_thread_of_picamera2_ends_the_process(
    inside: Chroot, tmp_path: Path, what: str, reason: str
) -> None:
    functions = "def broken(*_, **__):\n    raise ValueError('no such thing')\ndef quiet(*_, **__):\n    pass\n"
    with PiProcess(inside, tmp_path / "film.nut", prelude=functions + AFTER_A_SECOND.format(what=what)) as pi:
        assert reason in pi.reason()
        assert pi.process.returncode == 1


def test_pictures_that_stop_or_are_no_good_end_the_process(inside: Chroot, tmp_path: Path) -> None:
    for fault in ("stalled", "broken"):
        inside.camera_control()
        with PiProcess(inside, tmp_path / "film.nut") as pi:
            pi.status()
            inside.camera_control(**{fault: True})
            assert pi.reason() == "the camera gave no picture for 2 s"


def test_a_reader_that_takes_nothing_costs_no_memory_and_no_hang(inside: Chroot) -> None:
    with PiProcess(inside, None, width=1280, height=720) as pi:
        wait_until(lambda: pi.link.status.get("dropped", 0) > 0, 40, "pictures are left out")
        assert pi.status()["fps"] > 10  # the camera goes on all the same
        assert pi.reason() == "nobody took the picture for 8 s"


def test_a_full_disk_is_nothing_to_it(tmp_path: Path) -> None:
    with Chroot(size="48m") as inside:
        inside.run("cat /dev/zero >/full", check=False)
        assert inside.run("echo x >/tmp/x", check=False).returncode != 0
        with PiProcess(inside, tmp_path / "film.nut") as pi:
            assert pi.status()["fps"] > 0
            assert len(pi.link.still()) > 1000
