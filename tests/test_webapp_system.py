"""The system page and what stands behind it: what runs, log lines, requests as files, and deleting all clips."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from config.logs import parse_lines
from config.requests import REQUESTS
from config.settings import CameraSettings, Settings
from conftest import free_ports
from launcher.obey import obey
from mediamtx.catalogue import camera_folders, clips_of_day, day_folders, days
from mediamtx.decisions import delete_clip, keep, tombstones
from mediamtx.layout import Layout
from mediamtx.manual import manual_recording, start
from mediamtx.purge import delete_all
from mediamtx.saved_settings import read_stored
from visiting import PHONE, opened, running_web
from waiting import wait_until
from webapp.app import create_app
from webapp.log_lines import Wanted, journal_lines, log_lines
from webapp.machine import Service, _service, machine
from webapp.purge_board import PurgeBoard
from website import Visitor, publish_clip

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


class TestDeletingAllClips:
    def clips(self, layout: Layout) -> list[str]:
        return [
            clip.name.stem
            for camera in camera_folders(layout)
            for day in day_folders(layout, camera)
            for clip in clips_of_day(layout, camera, day)
        ]

    def footage(self, layout: Layout, start: datetime) -> None:
        """A segment, as its name tells; whether it is one counts for nothing here."""
        from mediamtx.names import Segment, Stream

        path = layout.segment_path(Segment(Stream("front"), start))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    def test_kept_ones_stay_unless_that_is_said(self, layout: Layout) -> None:
        made = [publish_clip(layout, NOON - timedelta(days=day), camera=camera) for day in (0, 3) for camera in "ab"]
        kept = keep(made[0])
        told: list[bool] = []
        delete_all(layout, False, NOON, told.append)
        assert self.clips(layout) == [kept.name.stem]
        assert sorted(told) == [False, True, True, True]
        delete_all(layout, True, NOON, told.append)
        assert self.clips(layout) == []
        assert not any(path.suffix in (".mp4", ".jpg", ".kept") for path in layout.output_dir.rglob("*"))

    def test_tombstones_are_left_as_long_as_there_is_footage(self, layout: Layout) -> None:
        self.footage(layout, NOON)
        old, new = publish_clip(layout, NOON - timedelta(days=1)), publish_clip(layout, NOON + timedelta(minutes=5))
        trashed = publish_clip(layout, NOON + timedelta(minutes=9))
        delete_clip(layout, trashed, NOON)
        delete_all(layout, False, NOON, lambda deleted: None)
        graves = tombstones(layout, "front")
        assert [grave.clip.name for grave in graves] == [new.name, trashed.name]
        assert not any(grave.restorable for grave in graves)
        assert old.name not in [grave.clip.name for grave in graves]

    def test_without_any_footage_in_sight_all_are_remembered(self, layout: Layout) -> None:
        """The disk with the recordings may not be mounted, and would bring them back."""
        clip = publish_clip(layout, NOON)
        delete_all(layout, False, NOON, lambda deleted: None)
        assert [grave.clip.name for grave in tombstones(layout, "front")] == [clip.name]

    def test_over_http_it_is_confirmed_in_words_and_ends_recordings_first(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("webapp.purge_board.PATIENCE", 0.5)  # nothing was recorded, so no clip comes of it
        layout = Layout.of(settings)
        for minute in range(5):
            publish_clip(layout, NOON + timedelta(minutes=minute))
        start(settings, "front", datetime.now(UTC))
        visitor = Visitor(create_app(settings))
        headers = {"X-CSRFToken": visitor.token("/settings/system")}
        address = "/api/v1/system/clips/deletion"
        for wrong in ({}, {"confirm": "yes"}, {"confirm": "delete all clips", "kept": "no"}):
            assert visitor.client.post(address, json=wrong, headers=headers).status_code == 400
        assert len(self.clips(layout)) == 5
        assert visitor.client.get(address).json == {"deletion": None}
        begun = visitor.client.post(address, json={"confirm": "delete all clips"}, headers=headers)
        assert begun.status_code == 202

        def told() -> dict[str, Any]:
            answer: dict[str, Any] = visitor.client.get(address).json["deletion"]  # type: ignore[index]
            return answer

        wait_until(lambda: told()["state"] == "done", 40, "all are deleted")
        assert told()["deleted"] == 5
        assert self.clips(layout) == []
        manual = manual_recording(layout, "front")
        assert manual is None or manual.stopped is not None

    @pytest.mark.logs_errors
    def test_a_disk_in_trouble_is_told(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr("webapp.manual_board.ManualBoard.tend", broken)
        start(settings, "front", datetime.now(UTC))
        board = PurgeBoard()
        assert board.start(create_app(settings).extensions["birbcam"], False)
        wait_until(lambda: board.last is not None and board.last.state == "failed", 20, "it has ended")
        assert board.last is not None and board.last.problem is not None
        assert "Input/output error" in board.last.problem


class TestLog:
    def test_the_file_tells_time_part_level_and_all_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "log.txt"
        code = (
            "import logging; from config.logs import setup_logging\n"
            f"setup_logging('info', {str(path)!r}, 'camera')\n"
            "logging.getLogger('camera.publisher').warning('lost rtsp://user:hunter2@cam/1\\nand more')\n"
            "logging.getLogger('x').info('fine')\nlogging.getLogger('x').debug('not this')\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent, capture_output=True)
        lines = list(parse_lines(iter(path.read_text().splitlines(keepends=True))))
        assert [(line.part, line.level, line.text.count("\n")) for line in lines] == [
            ("camera", "warning", 1),
            ("camera", "info", 0),
        ]
        assert "hunter2" not in path.read_text()
        assert abs(datetime.now(UTC) - lines[0].time) < timedelta(minutes=1)

    def test_the_file_does_not_grow_for_ever(self, tmp_path: Path) -> None:
        path = tmp_path / "log.txt"
        code = (
            "import logging, config.logs; config.logs.MOST = 100_000\n"
            f"config.logs.setup_logging('info', {str(path)!r}, 'web')\n"
            "for number in range(107): logging.getLogger('x').info('x' * 5_000)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent, capture_output=True)
        sizes = [one.stat().st_size for one in sorted(tmp_path.iterdir())]
        assert len(sizes) == 2
        assert max(sizes) < 110_000

    def test_nobody_ends_for_the_sake_of_a_log(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        code = (
            "import logging, shutil; from config.logs import setup_logging\n"
            f"setup_logging('info', {str(tmp_path / 'file/log.txt')!r}, 'web')\n"
            "logging.getLogger('x').info('without a file')\n"
            f"setup_logging('info', {str(tmp_path / 'gone/log.txt')!r}, 'web')\n"
            f"shutil.rmtree({str(tmp_path / 'gone')!r})\n"
            "logging.getLogger('x').info('and without its folder')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "set log_file to another file" in done.stderr
        assert "without a file" in done.stderr and "and without its folder" in done.stderr

    def test_a_filter_takes_level_part_and_text(self, settings: Settings, tmp_path: Path) -> None:
        path = tmp_path / "log.txt"
        path.write_text(
            "    the end of a message whose beginning is gone\n"
            "2026-11-20T18:03:04.120Z web INFO webapp.auth: Anna logged in\n"
            "2026-11-20T18:03:05.000Z camera ERROR camera: front: lost\n    with reason\n"
        )
        settings = replace(settings, log_file=str(path))

        def texts(**wanted: str) -> list[str]:
            return [line.text for line in log_lines(settings, Wanted(**wanted)).lines]

        assert texts() == ["webapp.auth: Anna logged in", "camera: front: lost\nwith reason"]
        assert texts(level="error") == texts(part="camera") == texts(text="REASON") == texts()[1:]

    def test_no_password_is_shown_where_a_message_is_cut(self, settings: Settings, tmp_path: Path) -> None:
        path = tmp_path / "log.txt"
        lead = "2026-11-20T18:03:04.120Z camera ERROR "
        address = "rtsp://u:secret@10.0.0.9/x"
        path.write_text("".join(f"{lead}{'x' * (4000 - count)}{address}\n" for count in range(9, 17)))
        found = log_lines(replace(settings, log_file=str(path)), Wanted()).lines
        assert len(found) == 8
        assert all(len(line.text) <= 4000 and "u:s" not in line.text for line in found)

    def test_the_journal_is_understood(self) -> None:
        def entry(**values: object) -> str:
            return json.dumps({"__REALTIME_TIMESTAMP": "1795371784120000"} | values)

        entries = [
            entry(_SYSTEMD_UNIT="birbcam-camera.service", MESSAGE="WARNING camera: lost", PRIORITY="6"),
            entry(_SYSTEMD_UNIT="init.scope", UNIT="birbcam-web.service", MESSAGE="Main process exited", PRIORITY="3"),
            entry(_SYSTEMD_UNIT="birbcam-web.service", MESSAGE=[0x69, 0xFF], PRIORITY="6"),
            entry(_SYSTEMD_UNIT="birbcam-web.service"),
            "no JSON",
        ]
        lines = list(journal_lines(entries))
        assert [(line.part, line.level, line.text) for line in lines[:1]] == [("camera", "warning", "camera: lost")]
        assert [line.level for line in lines] == ["warning", "error", "info"]
        assert lines[0].time == datetime.fromtimestamp(1795371784.12, UTC)

    def test_the_journal_of_this_machine(self, settings: Settings) -> None:
        if not Path("/run/systemd/journal/socket").exists() or os.geteuid() != 0:
            pytest.skip("no journald runs here, or it cannot be read")
        word = f"birbcam-test-{os.getpid()}"
        subprocess.run(
            ["systemd-run", "--wait", "--unit=birbcam-web.service", "echo", f"WARNING test: {word}"], check=True
        )
        wait_until(lambda: log_lines(settings, Wanted(level="warning", text=word)).lines, 10, "it is in the journal")

    def test_without_journal_and_file_it_says_what_is_needed(self, settings: Settings) -> None:
        if Path("/run/systemd/journal").is_dir():
            pytest.skip("this machine has a journal")
        found = log_lines(settings, Wanted())
        assert (found.source, found.lines) == (None, [])
        assert "log_file" in found.why


class TestWhatRuns:
    def test_the_machine_is_told(self) -> None:
        told = machine()
        assert told["cpus"] == os.cpu_count()
        assert 0 < told["memory_available"] < told["memory_total"]
        assert told["system"]

    def test_services_are_understood(self) -> None:
        block = (
            "Id=birbcam-camera.service\nLoadState=loaded\nActiveState=active\nActiveEnterTimestamp=@1795371784\n"
            "NRestarts=2"
        )
        assert _service(block) == Service("camera", "active", "2026-11-22T18:23:04.000Z", 2)
        assert _service("Id=birbcam-web.service\nLoadState=not-found\nActiveState=inactive") is None

    def test_the_answer_is_whole_without_recorder_and_services(self, settings: Settings) -> None:
        answer = Visitor(create_app(settings)).client.get("/api/v1/system").json
        assert answer is not None
        assert answer["recorder"] is None
        assert answer["disks"][0]["holds"] == ["recordings", "clips", "state"]
        assert [camera["name"] for camera in answer["cameras"]] == ["front"]


class TestRequests:
    def test_a_request_becomes_a_file_that_the_root_unit_obeys(
        self, settings: Settings, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        visitor = Visitor(create_app(settings))
        headers = {"X-CSRFToken": visitor.token("/settings/system")}
        address = "/api/v1/system/requests"
        refused = visitor.client.post(address, json={"request": "reboot"}, headers=headers)
        assert refused.status_code == 409
        assert "sudo ./birbcam install" in refused.text
        layout.requests_dir.mkdir()
        assert visitor.client.post(address, json={"request": "rm -rf"}, headers=headers).status_code == 400
        for name in ("restart-camera", "reboot"):
            assert visitor.client.post(address, json={"request": name}, headers=headers).status_code == 202
        assert visitor.client.get("/api/v1/system").json["requests"]["waiting"] == ["restart-camera", "reboot"]  # type: ignore[index]
        told = tmp_path / "told"
        systemctl = tmp_path / "bin/systemctl"
        systemctl.parent.mkdir()
        systemctl.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
        systemctl.chmod(0o755)
        monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
        assert obey(layout.requests_dir) == 0
        assert told.read_text().splitlines() == [
            f"--no-block {' '.join(REQUESTS[name])}" for name in ("restart-camera", "reboot")
        ]
        assert list(layout.requests_dir.iterdir()) == []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings, Path]]:
    """The real web app of an installation with two cameras, some clips and a log; address, settings, folder."""
    folder = tmp_path_factory.mktemp("system")
    web, *_ = free_ports(1)
    settings = Settings(
        media_dir=folder,
        output_dir=folder / "clips",
        state_dir=folder / "state",
        log_file=str(folder / "log.txt"),
        cameras={"front": CameraSettings(title="Front garden"), "nest": CameraSettings()},
    )
    settings = replace(settings, web=replace(settings.web, port=web))
    layout = Layout.of(settings)
    layout.requests_dir.mkdir(parents=True)
    for minute in range(4):
        clip = publish_clip(layout, NOON + timedelta(minutes=minute))
    keep(clip)
    (folder / "log.txt").write_text(
        f"2026-11-20T18:03:04.120Z camera INFO camera.publisher: front: publishing\n"
        f"2026-11-20T18:03:05.000Z recorder ERROR mediamtx: {SCRIPT} the disk is full\n"
    )
    with running_web(settings, folder) as address:
        yield address, settings, folder


@pytest.mark.slow
def test_the_page_in_a_real_browser(browser: Browser, running: tuple[str, Settings, Path]) -> None:
    address, settings, folder = running
    layout, environ = Layout.of(settings), {"BIRBCAM_CONFIG": str(folder / "config.txt")}
    with opened(browser, address) as tab:
        page = tab.page
        tab.open("/settings/system")
        dialog = page.get_by_role("dialog")
        log = page.get_by_role("list", name="Log messages")
        expect(log).to_contain_text(f"{SCRIPT} the disk is full")  # as text
        page.get_by_label("From").select_option("error")
        expect(log).not_to_contain_text("publishing")
        page.get_by_label("From").select_option("info")
        page.get_by_label("Text").fill("PUBLISHING")
        expect(log.get_by_role("listitem")).to_have_count(1)
        page.get_by_label("Text").fill("")
        with (folder / "log.txt").open("a") as file:
            file.write("2026-11-20T18:04:00.000Z motion WARNING motion: something new\n")
        expect(log).to_contain_text("something new")

        camera = page.locator("[data-camera=front]")
        camera.get_by_role("button", name="Stop…").click()
        expect(dialog).to_contain_text("until it is started again")
        dialog.get_by_role("button", name="Cancel").click()
        assert read_stored(environ).now.settings.cameras["front"].enabled
        camera.get_by_role("button", name="Stop…").click()
        dialog.get_by_role("button", name="Stop it").click()
        expect(camera).to_contain_text("stopped")
        assert not read_stored(environ).now.settings.cameras["front"].enabled, "it would start with the machine"
        camera.get_by_role("button", name="Start…").click()
        dialog.get_by_role("button", name="Start it").click()
        expect(camera.get_by_role("button", name="Stop…")).to_be_visible()
        assert read_stored(environ).now.settings.cameras["front"].enabled

        page.get_by_role("button", name="Restart the machine…").click()
        expect(dialog).to_contain_text("Recordings are closed properly first")
        page.keyboard.press("Escape")
        assert list(layout.requests_dir.iterdir()) == []
        page.get_by_role("button", name="Restart the machine…").click()
        dialog.get_by_role("button", name="Restart it").click()
        wait_until(lambda: (layout.requests_dir / "reboot").exists(), 10, "the request file")
        (layout.requests_dir / "reboot").unlink()

        # An answer that comes after Cancel says so, and leaves another question alone.
        page.route("**/requests", lambda route: route.fulfill(status=500), times=1)
        page.evaluate(
            "document.querySelector('.ask-dialog [data-yes]').addEventListener('click', () => {"
            " document.querySelector('.ask-dialog').close();"
            " document.querySelector('[data-camera=front] [data-act]').click(); }, { once: true })"
        )
        page.get_by_role("button", name="Restart the machine…").click()
        dialog.get_by_role("button", name="Restart it").click()
        expect(page.locator('.toast[data-kind="error"]')).to_contain_text("500")
        expect(dialog).to_contain_text("until it is started again")
        dialog.get_by_role("button", name="Cancel").click()
        tab.problems.clear()

        page.route(
            "**/deletion", lambda route: route.abort() if route.request.method == "GET" else route.fallback(), times=2
        )
        page.get_by_role("button", name="Delete all clips…").click()
        yes = dialog.get_by_role("button", name="Delete all clips")
        expect(yes).to_be_disabled()
        dialog.get_by_label("Type delete").fill("delete")
        yes.click()
        expect(page.get_by_text("Done: 3 deleted, 1 kept.")).to_be_visible(timeout=20_000)  # though one look is lost
        tab.problems.clear()
        assert sum(count.clips for count in days(layout, "front")) == 1
    with opened(browser, address, PHONE, "dark") as tab:
        tab.open("/settings/system")
        expect(tab.page.get_by_role("heading", name="What runs")).to_be_visible()
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shutil.rmtree(layout.requests_dir)
        tab.page.reload()
        expect(tab.page.get_by_text("sudo ./birbcam install")).to_be_visible()
        expect(tab.page.get_by_role("button", name="Restart the machine…")).to_have_count(0)
        tab.open("/settings/api")
        tab.page.get_by_text("/api/v1/cameras/{name}/save").click()
        expect(tab.page.get_by_text("SaveBody").first).to_be_visible()
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
