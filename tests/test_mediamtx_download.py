"""Downloading MediaMTX from a local server that plays the release."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.download import (
    CHECKSUMS,
    archive_name,
    download_mediamtx,
    expected_checksum,
    unpack,
)
from mediamtx.find import PINNED_VERSION, find_mediamtx, mediamtx_version
from mediamtx.layout import Layout

ARCHIVE = archive_name("x86_64")
PROGRAM = b"#!/bin/sh\necho v1.20.1\n"


def packed(name: str = "mediamtx", content: bytes = PROGRAM) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in (("LICENSE", b"MIT"), (name, content)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def listing(archive: bytes, name: str = ARCHIVE) -> bytes:
    other = f"{'0' * 64} *mediamtx_v1.20.1_windows_amd64.zip\n"
    return f"{other}{hashlib.sha256(archive).hexdigest()} *{name}\n".encode()


@dataclass
class Release:
    """The files of a release, and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: int | None = None  # bytes of the archive after which the connection ends
    asked: list[str] = field(default_factory=list)
    base: str = ""


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediamtx.download.platform.machine", lambda: "x86_64")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def release() -> Iterator[Release]:
    release = Release({ARCHIVE: packed(), CHECKSUMS: listing(packed())})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            release.asked.append(name)
            body = release.files.get(name)
            self.send_response(200 if body is not None else 404)
            body = body or b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: release.cut] if name == ARCHIVE else body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        release.base = f"http://127.0.0.1:{server.server_address[1]}/v1.20.1"
        yield release
        server.shutdown()
        thread.join()


def assert_refused(settings: Settings, release: Release, match: str) -> None:
    layout = Layout.of(settings)
    with pytest.raises(RecorderError, match=match) as caught:
        download_mediamtx(layout, threading.Event(), release.base)
    assert "mediamtx.binary" in str(caught.value)  # the cure
    assert not layout.tools_dir.exists() or not list(layout.tools_dir.iterdir())


def test_the_program_is_put_where_it_is_found(settings: Settings, release: Release) -> None:
    path = download_mediamtx(Layout.of(settings), threading.Event(), release.base)
    assert find_mediamtx(settings, {}) == path
    assert mediamtx_version(path) == PINNED_VERSION
    assert path.read_bytes() == PROGRAM
    assert [p.name for p in path.parent.iterdir()] == ["mediamtx-1.20.1"]


def test_a_wrong_checksum_is_refused(settings: Settings, release: Release) -> None:
    release.files[ARCHIVE] = packed(content=PROGRAM + b"# and more\n")
    assert_refused(settings, release, "not what the release's checksums.sha256 promises")


def test_checksums_without_our_archive_are_refused(settings: Settings, release: Release) -> None:
    release.files[CHECKSUMS] = listing(packed(), "mediamtx_v1.20.1_linux_arm64.tar.gz")
    assert_refused(settings, release, "does not name mediamtx_v1.20.1_linux_amd64")


def test_a_truncated_archive_is_refused(settings: Settings, release: Release) -> None:
    release.cut = 40
    assert_refused(settings, release, "not what the release's|IncompleteRead")


def test_a_damaged_archive_with_its_checksum_is_refused(settings: Settings, release: Release) -> None:
    release.files[ARCHIVE] = packed()[:60]
    release.files[CHECKSUMS] = listing(packed()[:60])
    assert_refused(settings, release, "damaged")


def test_an_archive_without_the_program_is_refused(settings: Settings, release: Release) -> None:
    release.files[ARCHIVE] = packed("somebody")
    release.files[CHECKSUMS] = listing(packed("somebody"))
    assert_refused(settings, release, "damaged.*mediamtx")


def test_a_program_that_does_not_run_is_refused(settings: Settings, release: Release) -> None:
    release.files[ARCHIVE] = packed(content=b"\x7fELF nothing")
    release.files[CHECKSUMS] = listing(release.files[ARCHIVE])
    with pytest.raises(RecorderError, match="does not run"):
        download_mediamtx(Layout.of(settings), threading.Event(), release.base)
    assert not list(Layout.of(settings).tools_dir.iterdir())


def test_another_version_than_the_pinned_one_is_refused(settings: Settings, release: Release) -> None:
    release.files[ARCHIVE] = packed(content=PROGRAM.replace(b"1.20.1", b"1.19.0"))
    release.files[CHECKSUMS] = listing(release.files[ARCHIVE])
    assert_refused(settings, release, r"holds MediaMTX 1\.19\.0")


def test_a_missing_release_is_refused(settings: Settings, release: Release) -> None:
    release.files.clear()
    assert_refused(settings, release, "cannot be downloaded.*404")
    assert release.asked == [CHECKSUMS]


def test_no_server_is_an_error_at_once(settings: Settings) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(RecorderError, match="refused"):
        download_mediamtx(Layout.of(settings), threading.Event(), f"http://127.0.0.1:{port}")


def test_a_server_that_hangs_is_given_up(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        base = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(RecorderError, match="took longer than"):
            download_mediamtx(Layout.of(settings), threading.Event(), base, answer=0.3)
        assert time.monotonic() - start < 3


def test_a_stop_ends_the_waiting(settings: Settings) -> None:
    stop = threading.Event()
    stop.set()
    with socket.create_server(("127.0.0.1", 0)) as hanging, pytest.raises(RecorderError):
        download_mediamtx(Layout.of(settings), stop, f"http://127.0.0.1:{hanging.getsockname()[1]}")


@pytest.mark.parametrize(
    ("machine", "name"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("armv7l", "armv7"), ("armv6l", "armv6")]
)
def test_each_machine_has_its_archive(machine: str, name: str) -> None:
    assert archive_name(machine) == f"mediamtx_v1.20.1_linux_{name}.tar.gz"


def test_a_machine_without_a_release_is_said() -> None:
    with pytest.raises(RecorderError, match=r"no MediaMTX release for riscv64.*mediamtx\.binary"):
        archive_name("riscv64")


def test_checksums_in_both_forms_are_read() -> None:
    assert expected_checksum(b"AB *a.tar.gz\ncd  b.tar.gz\n", "a.tar.gz") == "ab"
    assert expected_checksum(b"AB *a.tar.gz\ncd  b.tar.gz\n", "b.tar.gz") == "cd"


def test_a_folder_in_place_of_the_program_is_damage() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        folder = tarfile.TarInfo("mediamtx")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    with pytest.raises(RecorderError, match="holds no MediaMTX program"):
        unpack(buffer.getvalue(), ARCHIVE)
