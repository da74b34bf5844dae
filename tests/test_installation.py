"""`sudo ./birbcam install` on a booted Debian trixie, from a clone, and what people and power cuts do to it after that.

One machine for all tests here, which go on from each other: installed, visited, killed, started anew, removed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from launcher.install_do import program_files
from trixie import CHECKOUT, Machine
from trixie_supplies import LOCKS, garden_frames, wheels
from visiting import opened
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CLONE = "/home/pi/birbcam"
STATE, RECORDINGS, CLIPS = (f"/var/lib/birbcam/{name}" for name in ("state", "recordings", "clips"))
SERVICES = ("birbcam-recorder", "birbcam-camera", "birbcam-web")
UNITS = (*(f"{name}.service" for name in SERVICES), "birbcam-motion.timer", "birbcam-requests.path")
PASSWORD = "a blue tit"
MICROPHONE = """\
load-module module-null-sink sink_name=mic
load-module module-sine sink=mic frequency=2000
set-default-source mic.monitor
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine with a clone of this checkout, and an index of packages in a folder instead of a network."""
    folders = {f"/wheels/{number}": wheels(lock) for number, lock in enumerate(LOCKS)}
    with Machine({**folders, "/garden": garden_frames()}) as machine:
        machine.cameras("imx708_wide", frames="/garden/", sizes=((640, 360), (320, 180)))
        machine.write("/etc/pulse/default.pa.d/microphone.pa", MICROPHONE)
        machine.write("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {' '.join(folders)}\n")
        if mediamtx := shutil.which("mediamtx"):
            machine.write("/usr/local/bin/mediamtx", Path(mediamtx).read_bytes(), 0o755)
        machine.run("useradd --create-home pi")
        for name in (*program_files(CHECKOUT), Path(".gitignore")):
            machine.write(
                f"{CLONE}/{name}", (CHECKOUT / name).read_bytes(), 0o755 if name == Path("birbcam") else 0o644
            )
        machine.run(f"chown -R pi:pi {CLONE}")
        yield machine


def install(machine: Machine, *options: str) -> str:
    return machine.run([f"{CLONE}/birbcam", "install", *options], timeout=420).stdout


@pytest.fixture(scope="module")
def printed(machine: Machine) -> str:
    """What the installation printed."""
    return install(machine)


def files(machine: Machine, folder: str, pattern: str) -> dict[str, int]:
    """Sizes by path."""
    found = machine.run(["find", folder, "-name", pattern, "-printf", "%p %s\n"], check=False).stdout
    return {path: int(size) for path, size in (line.rsplit(" ", 1) for line in found.splitlines())}


def active(machine: Machine) -> list[str]:
    return machine.run(["systemctl", "is-active", *UNITS], check=False).stdout.split()


def loudness(path: Path) -> float:
    """The mean volume of a recording, in dB; -91 is silence."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-i", path, "-vn", "-af", "volumedetect", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    (mean,) = re.findall(r"mean_volume: (\S+) dB", said)
    return float(mean)


def main_pid(machine: Machine) -> str:
    """The camera service's."""
    return machine.run("systemctl show -P MainPID birbcam-camera").stdout.strip()


def wait_for_growth(machine: Machine, timeout: float = 40) -> None:
    """Wait until both streams are being recorded: after now, a new file or a larger one."""
    before = {stream: files(machine, f"{RECORDINGS}/{stream}", "*.mp4") for stream in ("camera", "camera_detect")}

    def grown() -> bool:
        return all(
            any(
                size > before[stream].get(path, 0)
                for path, size in files(machine, f"{RECORDINGS}/{stream}", "*.mp4").items()
            )
            for stream in before
        )

    try:
        wait_until(grown, timeout, "both streams are recorded", pause=0.3)
    except AssertionError as error:
        raise AssertionError(
            "\n".join([str(error), *(machine.journal(f"{name}.service")[-2500:] for name in SERVICES)])
        ) from None


def test_one_command_installs_everything_and_all_of_it_runs(machine: Machine, printed: str) -> None:
    assert active(machine) == ["active"] * len(UNITS), printed
    wait_for_growth(machine)
    assert f"http://{machine.address}:8080/" in printed
    assert re.search(r"set-up code: [0-9A-Z]{4}-[0-9A-Z]{4}$", printed, re.MULTILINE)
    assert "Cameras: camera (picamera);" in printed
    # Nothing of root's is left in the clone, and secrets are nobody else's.
    assert machine.run(f"find {CLONE} -user root").stdout == ""
    assert machine.run(f"stat -c '%a %U' {STATE}/publish_password {STATE}/setup_code").stdout == "600 birbcam\n" * 2
    assert machine.run("systemctl --failed --quiet").stdout == ""


def test_the_camera_has_the_system_s_own_libraries_and_the_server_its_own(machine: Machine, printed: str) -> None:
    code = "import numpy, av, PIL, filelock, camera.supervisor, {more}; print(numpy.__file__, av.__file__)"
    ours, theirs = (
        machine.run(
            [f"/opt/birbcam/{name}/bin/python", "-c", code.format(more=more)],
            environment={"PYTHONPATH": "/opt/birbcam"},
        ).stdout.split()
        for name, more in ((".venv", "cv2, motion.job, webapp.app"), (".venv-camera", "libcamera, picamera2"))
    )
    assert all(path.startswith("/opt/birbcam/.venv/") for path in ours)
    assert all(path.startswith("/usr/lib/python3/dist-packages/") for path in theirs)


def test_the_first_visitor_sets_the_password_and_sees_and_hears_the_garden(
    machine: Machine, printed: str, browser: Browser
) -> None:
    (code,) = re.findall(r"set-up code: (\S+)", printed)
    with opened(browser, f"http://{machine.address}:8080") as tab:
        tab.open("/")
        page = tab.page
        page.get_by_label("Set-up code").fill(code.lower())
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Set the password").click()
        tab.open("/camera/camera")
        video = page.locator("video").first
        expect(video).to_be_visible()
        wait_until(lambda: video.evaluate("v => v.currentTime") > 1, 30, "the live picture plays")
        assert video.evaluate("v => v.videoWidth") == 640
        page.locator("live-player").get_by_role("button", name="Sound is off").click()
        wait_until(lambda: video.evaluate("v => v.webkitAudioDecodedByteCount") > 0, 15, "sound is decoded")
        tab.open("/settings/system")
        expect(page.get_by_role("list", name="Log messages")).to_contain_text("web app at")  # from the journal
        service, before = page.locator("li", has_text="Cameras' service"), main_pid(machine)
        expect(service).to_contain_text("runs")
        service.get_by_role("button", name="Restart…").click()
        page.get_by_role("dialog").get_by_role("button", name="Restart it").click()
        wait_until(lambda: main_pid(machine) not in (before, "0"), 30, "the camera is started anew")
        wait_for_growth(machine)
        # Chromium says so of a header that protects no page without https.
        tab.problems = [
            text for text in tab.problems if "Cross-Origin-Opener-Policy header has been ignored" not in text
        ]
        assert tab.problems == []


def test_a_request_of_the_web_app_restarts_a_service_and_nothing_else_does(machine: Machine, printed: str) -> None:
    before = main_pid(machine)
    machine.run(f"touch '{STATE}/requests/restart-camera; reboot' {STATE}/requests/restart-camera", user="birbcam")
    wait_until(lambda: main_pid(machine) not in (before, "0"), 20, "the camera is started anew")
    assert not files(machine, f"{STATE}/requests", "restart-camera")
    wait_for_growth(machine)


def test_what_is_killed_comes_back(machine: Machine, printed: str) -> None:
    for name in SERVICES:
        machine.run(f"systemctl kill --signal=KILL --kill-whom=all {name}")
    wait_until(lambda: active(machine) == ["active"] * len(UNITS), 30, "all services are back")
    wait_for_growth(machine)


def test_a_frozen_camera_is_started_anew(machine: Machine, printed: str) -> None:
    before = main_pid(machine)
    machine.run(f"kill -STOP {before}")
    wait_until(lambda: main_pid(machine) not in (before, "0"), 60, "systemd's watchdog", pause=0.5)
    wait_for_growth(machine)


def test_a_power_cut_and_a_restart_lose_nothing(machine: Machine, printed: str) -> None:
    for again in (lambda: (machine.kill(), machine.boot()), machine.reboot):
        before = files(machine, RECORDINGS, "*.mp4")
        again()
        wait_until(lambda: active(machine) == ["active"] * len(UNITS), 30, "all services are back")
        after = files(machine, RECORDINGS, "*.mp4")
        assert all(after.get(path, 0) >= size for path, size in before.items())
        wait_for_growth(machine)


def test_the_timer_makes_clips_of_the_birds(machine: Machine, printed: str) -> None:
    clips = wait_until(lambda: files(machine, CLIPS, "*_motion.mp4"), 180, "the first clip", pause=1)
    clip = machine.path / next(iter(clips)).lstrip("/")
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", clip],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["h264", "aac"]


def test_the_microphone_is_heard_though_nobody_is_logged_in(machine: Machine, printed: str) -> None:
    def heard() -> bool:
        newest = sorted(files(machine, f"{RECORDINGS}/camera", "*.mp4"))[-2:]
        return any(loudness(machine.path / path.lstrip("/")) > -40 for path in newest)

    wait_until(heard, 60, "the sound of the microphone", pause=2)
    assert machine.run(["loginctl", "--no-legend", "list-sessions"]).stdout.count("birbcam") <= 1  # its manager


def test_installed_again_it_keeps_everything_and_disturbs_nothing(machine: Machine, printed: str) -> None:
    kept = [f"{STATE}/publish_password", f"{STATE}/web_secret", "/etc/birbcam/config.txt"]
    before = machine.run(["sha256sum", *kept]).stdout
    pids = machine.run(["systemctl", "show", "-P", "MainPID", *SERVICES]).stdout
    install(machine)
    assert machine.run(["sha256sum", *kept]).stdout == before
    assert machine.run(["systemctl", "show", "-P", "MainPID", *SERVICES]).stdout == pids
    status, doctor = (machine.run(["birbcam", command], check=False).stdout for command in ("status", "doctor"))
    assert "nothing is wrong" in doctor, doctor
    assert [line.split()[1] for line in status.splitlines()[: len(UNITS)]] == ["active"] * len(UNITS)


def test_a_new_version_is_installed_over_the_old_one(machine: Machine, printed: str) -> None:
    machine.run(
        f"echo '# newer' >>{CLONE}/config/zone.py; rm -f {CLONE}/docs/camera-light.webp; "
        "touch /opt/birbcam/config/gone.py"
    )
    pids = machine.run(["systemctl", "show", "-P", "MainPID", *SERVICES]).stdout
    lock = f"{CLONE}/requirements.lock"
    machine.run(f"cp {lock} /tmp/lock; echo 'no-such-thing==1 --hash=sha256:{'0' * 64}' | cat - /tmp/lock >{lock}")
    failed = machine.run(["birbcam", "update"], check=False, timeout=420)
    assert failed.returncode == 1 and "could not be installed; check the network" in failed.stderr
    assert machine.run(["systemctl", "show", "-P", "MainPID", *SERVICES]).stdout == pids
    assert machine.run("tail -1 /opt/birbcam/config/zone.py").stdout != "# newer\n", "the old version is whole"
    machine.run(f"cp /tmp/lock {lock}")
    machine.run(["birbcam", "update"], timeout=420)
    assert machine.run("tail -1 /opt/birbcam/config/zone.py").stdout == "# newer\n"
    assert machine.run("ls /opt/birbcam/config/gone.py /opt/birbcam/docs/camera-light.webp", check=False).stdout == ""
    assert machine.run(["systemctl", "show", "-P", "MainPID", *SERVICES]).stdout != pids
    wait_for_growth(machine)


def test_uninstalled_it_leaves_the_recordings_and_nothing_else(machine: Machine, printed: str) -> None:
    before = files(machine, RECORDINGS, "*.mp4") | files(machine, CLIPS, "*.mp4")
    machine.run("mkdir /var/tmp/kept && cp -al /opt/birbcam/.venv* /var/tmp/kept/")
    machine.run(["birbcam", "uninstall"])
    after = files(machine, "/var/lib/birbcam", "*.mp4")
    assert all(after.get(path, 0) >= size for path, size in before.items())
    left = machine.run(
        "find /etc /opt /usr/local /var /run /home -name '*birbcam*' -not -path '/home/pi/*' -not -path '/var/log/*'"
    ).stdout.split()
    assert left == ["/var/lib/birbcam"]
    assert set(machine.run("ls -A /var/lib/birbcam").stdout.split()) == {"recordings", "clips"}
    assert machine.run("find /var/lib/birbcam -not -user root").stdout == ""
    assert machine.run("id birbcam", check=False).returncode != 0
    assert machine.run("systemctl list-units --all --no-legend 'birbcam-*'").stdout == ""


def test_installed_anew_it_can_record_into_memory(machine: Machine) -> None:
    # What the removal before spared goes now: recordings in memory would hide it. Where nothing is left, it says so.
    machine.run([f"{CLONE}/birbcam", "uninstall", "--recordings-too"], check=False)
    # The same Python environments, since to make them takes half a minute.
    machine.run("test ! -d /var/tmp/kept || { mkdir /opt/birbcam && mv /var/tmp/kept/.venv* /opt/birbcam/; }")
    install(machine, "--memory", "300 MB")
    machine.reboot()
    wait_until(lambda: active(machine) == ["active"] * len(UNITS), 30, "all services are up")
    wait_for_growth(machine)
    assert machine.run(["stat", "-f", "-c", "%T", RECORDINGS, CLIPS]).stdout.split()[0] == "tmpfs"
    size = int(machine.run(f"findmnt -n -b -o SIZE {RECORDINGS}").stdout)
    assert abs(size - 300_000_000) < 4096
    machine.run(["birbcam", "uninstall", "--recordings-too"])
    assert machine.run("ls -d /var/lib/birbcam", check=False).stdout == ""
