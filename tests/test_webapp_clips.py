"""Clips as files and as JSON, and saving the last seconds."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from flask import Flask

from config.settings import Settings
from media import write_segments
from mediamtx.catalogue import find_clip
from mediamtx.layout import Layout
from mediamtx.marks import Mark
from mediamtx.names import Stream
from webapp.app import create_app
from webapp.files import OPEN_RANGE, limit_range
from website import PICTURE, Visitor, publish_clip

START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
FILM = bytes(range(256)) * 400


@pytest.fixture
def berlin(settings: Settings) -> Settings:
    return dataclasses.replace(settings, time_zone="Europe/Berlin")


@pytest.fixture
def layout(berlin: Settings) -> Layout:
    return Layout.of(berlin)


@pytest.fixture
def app(berlin: Settings) -> Flask:
    return create_app(berlin)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def film(layout: Layout) -> str:
    """The address of a clip."""
    clip = publish_clip(layout, START, data=FILM)
    return f"/clips/front/{clip.day}/{clip.name.stem}.mp4"


class TestDetails:
    @pytest.fixture
    def page(self, layout: Layout) -> str:
        """The address of what is known of a clip in which something moves."""
        marks = [Mark(START + timedelta(seconds=3), ((500, 250, 20, 30),))]
        clip = publish_clip(layout, START, marks=marks)
        return f"/clips/front/{clip.day}/{clip.name.stem}.json"

    def test_one_clip_tells_what_moved_where_lists_do_not(self, visitor: Visitor, page: str) -> None:
        told = visitor.get(page).json
        (listed,) = visitor.get("/api/v1/cameras/front/clips").json["clips"]
        assert told == {**listed, "boxes": [[3000, [500, 250, 20, 30]]]}
        assert listed["details_url"].partition("?")[0] == page

    @pytest.mark.parametrize("boxes", ["5", '[[0,"x"],7,[[]],[1e99,[1,2,3,4]]]', "null"])
    def test_damaged_boxes_break_nothing(self, layout: Layout, visitor: Visitor, page: str, boxes: str) -> None:
        clip = find_clip(layout, "front", page.rpartition("/")[2].removesuffix(".json"))
        assert clip is not None
        clip.sidecar.write_text(clip.sidecar.read_text().replace("[[3000,[500,250,20,30]]]", boxes))
        assert visitor.get(page).json["boxes"] == []
        assert len(visitor.get("/api/v1/cameras/front/clips").json["clips"]) == 1
        assert visitor.get("/recordings/front").status_code == 200

    @pytest.mark.parametrize("other", ["2026-11-19", "today", "../2026-11-20"])
    def test_there_is_none_of_another_day(self, visitor: Visitor, page: str, other: str) -> None:
        assert visitor.get(page.replace("2026-11-20", other)).status_code == 404


@pytest.mark.parametrize(
    ("header", "limited"),
    [
        (None, None),
        ("", None),
        ("bytes=0-", "bytes=0-9"),
        ("bytes=95-", "bytes=95-99"),
        ("bytes=0-50", "bytes=0-50"),  # said how much: gets it
        ("bytes=-30", "bytes=-30"),
        ("bytes=100-", "bytes=100-"),  # beyond the file: for the 416
        ("bytes=0-1,5-6", None),
        ("bytes=", None),
        ("bytes=x-y", None),
        ("bytes=5-2", None),
        ("bytes=--5", None),
        ("lines=0-5", None),
        ("nonsense", None),
    ],
)
def test_which_range_is_answered(header: str | None, limited: str | None) -> None:
    assert limit_range(header, size=100, most=10) == limited


def test_a_whole_clip(visitor: Visitor, film: str) -> None:
    answer = visitor.get(film)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "video/mp4", FILM)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(len(FILM))
    assert "private" in answer.headers["Cache-Control"]
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Content-Disposition" not in answer.headers
    head = visitor.client.head(film)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(FILM)))


@pytest.mark.parametrize(
    ("asked", "begin", "end"), [("0-0", 0, 1), ("10-19", 10, 20), ("-10", -10, None), ("102000-", 102000, None)]
)
def test_a_range(visitor: Visitor, film: str, asked: str, begin: int, end: int | None) -> None:
    answer = visitor.get(film, headers={"Range": f"bytes={asked}"})
    assert (answer.status_code, answer.data) == (206, FILM[begin:end])
    first = begin % len(FILM)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(answer.data) - 1}/{len(FILM)}"


@pytest.mark.parametrize("asked", ["102400-", "999999999999-", "200000-300000", f"{'9' * 60}-"])
def test_a_range_beyond_the_file(visitor: Visitor, film: str, asked: str) -> None:
    answer = visitor.client.get(film, headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(FILM)}"
    assert answer.json["status"] == 416


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=abc", "x", "bytes=5-2"])
def test_a_range_that_is_none_is_ignored(visitor: Visitor, film: str, header: str) -> None:
    assert visitor.get(film, headers={"Range": header}).status_code == 200


def test_the_rest_comes_in_pieces_but_a_download_whole(visitor: Visitor, layout: Layout) -> None:
    size = OPEN_RANGE + 1000
    clip = publish_clip(layout, START, data=bytes(size))
    address = f"/clips/front/{clip.day}/{clip.name.stem}.mp4"
    answer = visitor.get(address, headers={"Range": "bytes=0-"})
    assert (answer.status_code, len(answer.data)) == (206, OPEN_RANGE)
    answer = visitor.get(f"{address}?download=1", headers={"Range": "bytes=100-"})
    assert (answer.status_code, len(answer.data)) == (206, size - 100)
    answer = visitor.get(f"{address}?download=1")
    assert (answer.status_code, len(answer.data)) == (200, size)
    assert answer.headers["Content-Disposition"] == f"attachment; filename=front_{clip.name.stem}.mp4"


def test_what_the_browser_has_is_not_sent_again(visitor: Visitor, film: str) -> None:
    first = visitor.get(film)
    assert visitor.get(film, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert visitor.get(film, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
    same = visitor.get(film, headers={"Range": "bytes=0-9", "If-Range": first.headers["ETag"]})
    assert same.status_code == 206
    other = visitor.get(film, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, other.data) == (200, FILM)


def test_an_empty_clip(visitor: Visitor, layout: Layout) -> None:
    clip = publish_clip(layout, START, data=b"")
    address = f"/clips/front/{clip.day}/{clip.name.stem}.mp4"
    assert (visitor.get(address).status_code, visitor.get(address).data) == (200, b"")
    assert visitor.get(address, headers={"Range": "bytes=0-"}).status_code in (200, 416)


def test_a_picture_and_a_clip_without_one(visitor: Visitor, film: str, layout: Layout) -> None:
    picture = film.replace(".mp4", ".jpg")
    answer = visitor.get(picture)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", PICTURE)
    next(layout.output_dir.glob("front/*/*.jpg")).unlink()
    assert visitor.get(picture).status_code == 404


def test_the_clips_of_a_day(visitor: Visitor, layout: Layout) -> None:
    publish_clip(layout, START, seconds=9.5)
    publish_clip(layout, datetime(2026, 11, 20, 23, 30, tzinfo=UTC), kind="saved")  # half past midnight in Berlin
    answer = visitor.get("/api/v1/cameras/front/clips").json
    assert (answer["earlier"], answer["day"], answer["later"]) == ("2026-11-20", "2026-11-21", None)
    days = visitor.get("/api/v1/cameras/front/days").json["days"]
    assert days == [{"day": "2026-11-21", "count": 1}, {"day": "2026-11-20", "count": 1}]
    assert [(clip["kind"], clip["time_local"]) for clip in answer["clips"]] == [("saved", "00:30:00")]

    (clip,) = visitor.get("/api/v1/cameras/front/clips?day=2026-11-20").json["clips"]
    assert clip == {
        "stem": "2026-11-20_18-03-04-120_motion",
        "kind": "motion",
        "day": "2026-11-20",
        "start": "2026-11-20T18:03:04.120Z",
        "end": "2026-11-20T18:03:13.620Z",
        "duration": 9.5,
        "time_local": "19:03:04",
        "score": 0.8,
        "best": None,
        "kept": False,
        "size": 31,
        "url": "/clips/front/2026-11-20/2026-11-20_18-03-04-120_motion.mp4?v=1f",
        "thumbnail_url": "/clips/front/2026-11-20/2026-11-20_18-03-04-120_motion.jpg?v=1f",
        "download_url": "/clips/front/2026-11-20/2026-11-20_18-03-04-120_motion.mp4?download=1",
        "details_url": "/clips/front/2026-11-20/2026-11-20_18-03-04-120_motion.json?v=1f",
        "windows": [["2026-11-20T18:03:07.120Z", "2026-11-20T18:03:10.620Z"]],
    }
    for address in (clip["url"], clip["thumbnail_url"], clip["download_url"]):
        assert visitor.get(address).status_code == 200
    between = visitor.get("/api/v1/cameras/front/clips?day=2026-11-01").json
    assert between == {"day": "2026-11-01", "earlier": None, "later": "2026-11-20", "count": 0, "clips": []}


def test_only_the_newest_clips(visitor: Visitor, layout: Layout) -> None:
    clips = [publish_clip(layout, START + timedelta(minutes=minute)) for minute in range(5)]
    answer = visitor.get("/api/v1/cameras/front/clips?limit=2").json
    assert (answer["count"], [clip["stem"] for clip in answer["clips"]]) == (5, [c.name.stem for c in clips[:2:-1]])
    for wrong in ("0", "-1", "x", "²"):
        assert visitor.client.get(f"/api/v1/cameras/front/clips?limit={wrong}").status_code == 400


def test_what_the_page_knows_already_is_not_sent_again(visitor: Visitor, layout: Layout) -> None:
    for address in ("/api/v1/cameras/front/clips", "/api/v1/status"):
        known = {"If-None-Match": visitor.get(address).headers["ETag"]}
        assert (visitor.get(address, headers=known).status_code, visitor.get(address, headers=known).data) == (304, b"")
        publish_clip(layout, datetime.now(UTC))
        assert visitor.get(address, headers=known).status_code == 200


def test_no_clips_at_all(visitor: Visitor) -> None:
    assert visitor.get("/api/v1/cameras/front/clips").json == {
        "day": None,
        "earlier": None,
        "later": None,
        "count": 0,
        "clips": [],
    }
    assert visitor.get("/api/v1/cameras/front/days").json == {"days": []}
    assert visitor.get("/recordings/front").status_code == 200
    assert visitor.get("/recordings/front/2026-11-20").status_code == 200


def test_a_link_to_a_clip_shows_its_day(visitor: Visitor, layout: Layout) -> None:
    clip = publish_clip(layout, START)
    publish_clip(layout, START + timedelta(days=3))
    assert f'data-stem="{clip.name.stem}"' in visitor.get(f"/recordings/front?clip={clip.name.stem}").text


def save(visitor: Visitor, seconds: object = 5) -> tuple[int, dict[str, object]]:
    answer = visitor.client.post(
        "/api/v1/cameras/front/save", json={"seconds": seconds}, headers={"X-CSRFToken": visitor.token("/")}
    )
    assert answer.json is not None
    return answer.status_code, answer.json


@pytest.mark.slow
def test_save_the_last_seconds(visitor: Visitor, layout: Layout, tmp_path: Path) -> None:
    write_segments(layout, Stream("front"), datetime.now(UTC) - timedelta(seconds=12), [6, 6], finished=False)
    code, answer = save(visitor, 7)
    clip = answer["clip"]
    assert isinstance(clip, dict)
    assert code == 201
    assert (clip["kind"], clip["kept"]) == ("saved", False)
    assert 7 - 0.5 <= clip["duration"] <= 7 + 1.5
    film = visitor.get(clip["url"])
    (tmp_path / "saved.mp4").write_bytes(film.data)
    with av.open(str(tmp_path / "saved.mp4")) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
    assert visitor.get(clip["thumbnail_url"]).data.startswith(b"\xff\xd8")
    assert visitor.get("/api/v1/cameras/front/clips").json["clips"] == [clip]
    assert visitor.get("/api/v1/status").json["cameras"][0]["latest_clip"] == clip


def test_nothing_was_recorded_yet(visitor: Visitor) -> None:
    code, answer = save(visitor)
    assert code == 409
    assert "nothing was recorded" in str(answer["detail"])


@pytest.mark.parametrize("seconds", [4.9, 601, -5, 0, "60", None, True, [60], {"x": 1}, float("nan"), float("inf")])
def test_how_much_can_be_saved(visitor: Visitor, seconds: object) -> None:
    code, answer = save(visitor, seconds)
    assert code == 400
    assert "5 to 600" in str(answer["detail"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"60", b'"x"', b"\xff"])
def test_what_is_no_order_to_save(visitor: Visitor, body: bytes) -> None:
    answer = visitor.client.post(
        "/api/v1/cameras/front/save",
        data=body,
        content_type="application/json",
        headers={"X-CSRFToken": visitor.token("/")},
    )
    assert answer.status_code == 400
    assert "5 to 600" in answer.json["detail"]


@pytest.fixture
def mount_clips(layout: Layout) -> Iterator[Callable[[str], None]]:
    """`mount_clips("size=60k")` puts the clips' folder on a small file system of its own."""
    layout.output_dir.mkdir(parents=True)

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(layout.output_dir)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"mounting a file system needs root: {done.stderr.strip()}")

    yield mount
    if layout.output_dir.is_mount():
        subprocess.run(["umount", str(layout.output_dir)], check=True)


@pytest.mark.slow
def test_saving_onto_a_full_disk(visitor: Visitor, layout: Layout, mount_clips: Callable[[str], None]) -> None:
    mount_clips("size=16k")
    write_segments(layout, Stream("front"), datetime.now(UTC) - timedelta(seconds=6), [6])
    code, answer = save(visitor)
    assert code == 507
    assert str(layout.output_dir) in str(answer["detail"])
    assert list(layout.output_dir.rglob("*.mp4")) == []
    assert visitor.get("/recordings/front").status_code == 200


@pytest.mark.slow
@pytest.mark.logs_errors
def test_saving_into_a_folder_that_is_read_only(
    visitor: Visitor, layout: Layout, mount_clips: Callable[[str], None]
) -> None:
    mount_clips("ro")
    write_segments(layout, Stream("front"), datetime.now(UTC) - timedelta(seconds=6), [6])
    code, answer = save(visitor)
    assert code == 500
    assert "check that the folder is writable" in str(answer["detail"])
    assert visitor.get("/recordings/front").status_code == 200
