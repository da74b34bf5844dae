"""Downloading the pinned MediaMTX release, checked against the checksums of that release."""

from __future__ import annotations

import hashlib
import http.client
import io
import logging
import os
import platform
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from config.errors import RecorderError, run_main
from config.load import load_settings
from config.logs import setup_logging
from mediamtx.find import PINNED_VERSION, downloaded_binary, find_mediamtx, mediamtx_version, version_text
from mediamtx.layout import Layout

RELEASE = f"https://github.com/bluenviron/mediamtx/releases/download/v{version_text(PINNED_VERSION)}"
CHECKSUMS = "checksums.sha256"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armv7", "armv6l": "armv6"}

ANSWER = 6.0  # s until the checksums are there: longer means that there is no network
WHOLE = 45.0  # s for all of it
_SILENCE = 4.0  # s that a server may take to connect, and to send the next bytes
_LARGEST = 200 * 2**20  # bytes; a release has about 25 MB packed and 55 MB unpacked
_CHUNK = 2**16  # bytes
_CURE = f"download MediaMTX {version_text(PINNED_VERSION)} yourself and name its program in mediamtx.binary"

log = logging.getLogger(__name__)


def download_mediamtx(
    layout: Layout, stop: threading.Event, base: str = RELEASE, answer: float = ANSWER, whole: float = WHOLE
) -> Path:
    """Put the program of the pinned release into our tools folder; its path.

    The files are fetched from below `base`, through the proxies that the environment names. Raises RecorderError
    where the program cannot be had: no answer within `answer` seconds, not all there within `whole` seconds, a
    wrong checksum, no release for this kind of machine, or `stop` was set meanwhile.
    """
    archive = archive_name(platform.machine())
    log.info("MediaMTX not found; downloading %s/%s", base, archive)
    files = fetch(base, [CHECKSUMS, archive], stop, answer, whole)
    if hashlib.sha256(files[archive]).hexdigest() != expected_checksum(files[CHECKSUMS], archive):
        raise RecorderError(f"{base}/{archive}: not what the release's {CHECKSUMS} promises; try again, or {_CURE}")
    path = downloaded_binary(layout)
    install(unpack(files[archive], archive), path)
    return path


def archive_name(machine: str) -> str:
    """The release's archive for a machine as `uname -m` names it; RecorderError where there is none."""
    if machine not in ARCHITECTURES:
        raise RecorderError(f"there is no MediaMTX release for {machine} machines; build it, and set mediamtx.binary")
    return f"mediamtx_v{version_text(PINNED_VERSION)}_linux_{ARCHITECTURES[machine]}.tar.gz"


def expected_checksum(listing: bytes, archive: str) -> str:
    """The SHA-256 of `archive`, in hex, that a listing as of `sha256sum -b` gives; RecorderError where it has none."""
    for line in listing.decode("ascii", errors="replace").splitlines():
        checksum, _, name = line.partition(" ")
        if name.lstrip(" *") == archive:
            return checksum.lower()
    raise RecorderError(f"{CHECKSUMS} of the release does not name {archive}; {_CURE}")


def unpack(packed: bytes, archive: str) -> bytes:
    """The program in the archive; RecorderError where it is damaged."""
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            member = tar.getmember("mediamtx")
            file = tar.extractfile(member)  # None where it is no file
            if file is None or member.size > _LARGEST:
                raise RecorderError(f"{archive}: holds no MediaMTX program; {_CURE}")
            return file.read()
    except (tarfile.TarError, zlib.error, EOFError, OSError, KeyError) as error:
        raise RecorderError(f"{archive}: damaged ({error}); try again, or {_CURE}") from error


def install(program: bytes, path: Path) -> None:
    """Put the program at `path`, whole and able to run, or not at all; RecorderError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(program)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o755)
        if (version := mediamtx_version(temporary)) != PINNED_VERSION:
            raise RecorderError(f"the release holds MediaMTX {version_text(version)}; {_CURE}")
        temporary.replace(path)
    except OSError as error:
        raise RecorderError(f"{path}: cannot be written ({error.strerror}); free space there, or {_CURE}") from error
    finally:
        temporary.unlink(missing_ok=True)


def fetch(base: str, names: list[str], stop: threading.Event, answer: float, whole: float) -> dict[str, bytes]:
    """The files `names` below `base`; RecorderError where they are not all there in time.

    In a thread, because looking up a host knows no time-out and takes half a minute where there is no network.
    """
    fetcher = _Fetcher(base, names)
    start = time.monotonic()
    fetcher.start()
    while fetcher.is_alive():
        fetcher.join(0.05)
        elapsed = time.monotonic() - start
        if stop.is_set() or elapsed > (whole if fetcher.files else answer):
            fetcher.given_up.set()
            raise RecorderError(f"MediaMTX cannot be downloaded: {base} took longer than {elapsed:.0f} s; {_CURE}")
    if fetcher.error is not None:
        reason = str(fetcher.error).removeprefix("<urlopen error ").removesuffix(">")
        raise RecorderError(f"MediaMTX cannot be downloaded from {base} ({reason}); {_CURE}") from fetcher.error
    return fetcher.files


class _Fetcher(threading.Thread):
    """Fetches files into memory until it is given up."""

    def __init__(self, base: str, names: list[str]) -> None:
        super().__init__(daemon=True)
        self.files: dict[str, bytes] = {}
        self.error: Exception | None = None
        self.given_up = threading.Event()
        self._base = base
        self._names = names

    def run(self) -> None:
        try:
            for name in self._names:
                self.files[name] = self._fetch(f"{self._base}/{name}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()  # it holds the connection
            self.error = error

    def _fetch(self, url: str) -> bytes:
        received = bytearray()
        with urllib.request.urlopen(url, timeout=_SILENCE) as reply:
            if url.startswith("https:") and not reply.url.startswith("https:"):
                raise ValueError(f"sent on to {reply.url}, which is not encrypted")
            while (chunk := reply.read(_CHUNK)) and not self.given_up.is_set():
                received += chunk
                if len(received) > _LARGEST:
                    raise ValueError(f"{url} is larger than {_LARGEST} bytes")
        return bytes(received)


def main() -> int:
    """`python -m mediamtx.download`: see to it that there is a MediaMTX, as an installation does for its user."""
    settings = load_settings()
    setup_logging(settings.log_level)
    if find_mediamtx(settings) is None:
        download_mediamtx(Layout.of(settings), threading.Event())
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
