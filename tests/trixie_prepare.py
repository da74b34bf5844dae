"""Makes a Debian trixie root with picamera2 once and keeps it below ~/.cache/birbcam-tests, outside the repository.

Raspberry Pi OS is built on trixie. The packages come from the mirror that apt of this machine uses, and from the
package index that pip uses; where neither the kept root nor these can be had, the tests are skipped with that reason.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "birbcam-tests"
PACKAGES = (
    *("python3-libcamera", "libcamera-ipa", "python3-venv", "python3-pip", "python3-prctl", "python3-numpy"),
    *("python3-av", "python3-pil", "python3-piexif", "python3-jsonschema", "python3-tqdm", "python3-libarchive-c"),
    *("ffmpeg", "systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "pulseaudio"),
    *("pulseaudio-utils", "alsa-utils", "ca-certificates", "curl", "iproute2", "gcc", "libc6-dev", "python3-dev"),
)
PICAMERA2 = "picamera2==0.3.38"  # the stand-in for a camera touches its private names
PYKMS = """\
class PixelFormat:
    RGB888 = BGR888 = XRGB8888 = XBGR8888 = YUV420 = YVU420 = NV12 = 0
"""  # not in Debian; picamera2 imports it for its previews
DIST_PACKAGES = "usr/local/lib/python3.13/dist-packages"
TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer")
NETWORK_FILES = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


def trixie_root() -> Path:
    """The unpacked root, which nobody may write to; made where it is not there yet (about a minute).

    Skips the test where this user may not, or where programs or the network are missing.
    """
    skip_unless_allowed()
    recipe = hashlib.sha256("\n".join([*PACKAGES, PICAMERA2, PYKMS, *TIMERS]).encode()).hexdigest()[:12]
    root = CACHE / f"trixie-{recipe}"
    with locked(CACHE / "trixie.lock"):
        if not root.exists():
            for old in CACHE.glob("trixie-*/"):
                shutil.rmtree(old)  # of an older recipe, or half made
            _make(root)
    return root


def skip_unless_allowed() -> None:
    """Skips the test where this machine cannot run a machine inside itself."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a machine; try: sudo ./birbcam test")
    for program, package in {"systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap"}.items():
        if shutil.which(program) is None:
            pytest.skip(f"{program} not found; install it with: sudo apt install {package}")
    if _run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).returncode != 0:
        pytest.skip("this machine, perhaps a container itself, does not let root mount anything")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock between processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(root: Path) -> None:
    mirror = _mirror()
    if mirror is None:
        pytest.skip("no Debian trixie here, and apt of this machine names no server of Debian to make one from")
    try:
        with urllib.request.urlopen(f"{mirror}/dists/trixie/InRelease", timeout=10):
            pass
    except OSError as error:
        pytest.skip(f"no Debian trixie here, and {mirror} cannot be reached ({error})")
    temporary = root.with_name(f"{root.name}.new")
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += ["--aptopt=Acquire::Check-Valid-Until false", "--dpkgopt=path-exclude=/usr/share/doc/*"]
    try:
        _check(_run([*command, "trixie", str(temporary), mirror]))
        with network_of_this_machine(temporary):
            pip = ["python3", "-m", "pip", "install", "--quiet", "--break-system-packages", PICAMERA2]
            _check(_run(["chroot", str(temporary), *pip]))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    (temporary / DIST_PACKAGES / "pykms.py").write_text(PYKMS)
    for timer in TIMERS:
        (temporary / "etc/systemd/system" / timer).symlink_to("/dev/null")
    (temporary / "etc/machine-id").write_text("")  # a new one for each machine
    temporary.rename(root)


def _mirror() -> str | None:
    """Where apt of this machine gets Debian from; None where it does not."""
    line = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    found = _run(line).stdout.split() if shutil.which("apt-get") else []
    return next((uri.rstrip("/") for uri in found if uri.startswith("http")), None)


@contextmanager
def network_of_this_machine(root: Path) -> Iterator[None]:
    """Name servers, certificates and pip's settings as here."""
    borrowed = [path for path in NETWORK_FILES if Path(path).exists()]
    kept = {path: (root / path[1:]).read_bytes() for path in borrowed if (root / path[1:]).exists()}
    for path in borrowed:
        shutil.copy(path, root / path[1:])
    try:
        yield
    finally:
        for path in borrowed:
            (root / path[1:]).unlink()
        for path, content in kept.items():
            (root / path[1:]).write_bytes(content)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=900, check=False
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return next(iter(done.stderr.strip().splitlines()[-1:]), f"exit code {done.returncode}")


def _check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, f"{done.args}\n{done.stderr[-3000:]}"
