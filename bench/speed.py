"""How long people wait: the motion pass (`speed_job.py`), "Save last 60 s" and the day page; `python bench/speed.py`.

Everything runs as installed: real processes, the real web server, footage made by ffmpeg. Each figure stands beside a
peer that was timed in the same run. Prints Markdown tables; bench/RESULTS.md keeps the latest.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

import speed_job  # noqa: E402
import speed_scan  # noqa: E402
from installation import Installation, get  # noqa: E402
from report import Row, machine, table, timed  # noqa: E402

from mediamtx.clips import Clip  # noqa: E402
from mediamtx.layout import Layout  # noqa: E402
from mediamtx.names import ClipName, Segment, Stream  # noqa: E402
from mediamtx.publish import publish, temporary_path, thumbnail_of  # noqa: E402

DAY = timedelta(days=1)
TIMES = 7  # counted runs of each figure
CLIPS_OF_DAY = 1000
CLIPS_ELSEWHERE = 100_000
LENGTHS = (60.0, 30.0)  # s of footage that "Save last 60 s" cuts from
NOW = datetime.now(UTC).replace(microsecond=0)


def record(layout: Layout, stream: Stream) -> None:
    """Segments of 1080p at 5 Mbit/s with sound, of which the last has just ended."""
    made = layout.media_dir / "made"
    made.mkdir()
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=25:duration={sum(LENGTHS)}"]
    sound = ["-f", "lavfi", "-i", f"sine=duration={sum(LENGTHS)}"]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "5M", "-maxrate", "5M", "-bufsize", "5M", "-g", "25"]
    parts = "movflags=frag_keyframe+empty_moov+default_base_moof"
    cut = [
        "-f",
        "segment",
        "-segment_times",
        f"{LENGTHS[0]}",
        "-reset_timestamps",
        "1",
        "-segment_format_options",
        parts,
    ]
    command = ["ffmpeg", "-v", "error", *picture, *sound, *video, "-c:a", "aac", *cut, f"{made}/%d.mp4"]
    subprocess.run(command, check=True)
    start = datetime.now(UTC) - timedelta(seconds=sum(LENGTHS))
    for number, offset in enumerate((0.0, LENGTHS[0])):
        path = layout.segment_path(Segment(stream, start + timedelta(seconds=offset)))
        path.parent.mkdir(parents=True, exist_ok=True)
        (made / f"{number}.mp4").rename(path)


def save_row(folder: Path) -> Row:
    """Save last 60 s: from the click to the first byte of the clip."""
    place = Installation(folder)
    record(place.layout, Stream("front"))
    segments = sorted(place.layout.stream_dir(Stream("front")).glob("*.mp4"))
    with place.web() as connection:
        token = csrf_token(connection)

        def save() -> None:
            body = json.dumps({"seconds": 60})
            headers = {"Content-Type": "application/json", "X-CSRFToken": token[0], "Cookie": token[1],
                       "Referer": f"http://127.0.0.1:{place.port}/"}  # fmt: skip
            connection.request("POST", "/api/v1/cameras/front/save", body, headers)
            answer = connection.getresponse()
            clip = json.loads(answer.read())
            if answer.status != 201:
                raise RuntimeError(clip)
            get(connection, clip["clip"]["url"], Range="bytes=0-65535")

        ours = timed(save, TIMES)
    out = folder / "peer.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-sseof", "-60", "-i", str(segments[0]), "-c", "copy"]
    peer = timed(lambda: subprocess.run([*command, "-movflags", "+faststart", str(out)], check=True), TIMES)
    size = out.stat().st_size * 8 / 60e6
    return Row(
        f"save last 60 s to first byte (1080p, {size:.0f} Mbit/s)", ours, "ffmpeg -c copy of one 60 s file", peer, 1.0
    )


def thumbnail_row(folder: Path) -> Row:
    """The thumbnail of a clip: one exact frame, the last before a key frame, decoded and made small."""
    place = Installation(folder)
    record(place.layout, Stream("front"))
    clip, out = min(place.layout.stream_dir(Stream("front")).glob("*.mp4")), folder / "peer.jpg"
    ours = timed(lambda: thumbnail_of(clip, 20.96), TIMES)
    command = ["ffmpeg", "-v", "error", "-y", "-ss", "20.96", "-i", str(clip), "-frames:v", "1", "-vf", "scale=640:-2"]
    peer = timed(lambda: subprocess.run([*command, str(out)], check=True), TIMES)
    return Row("thumbnail of a clip (1080p, 24 frames after a key frame)", ours, "ffmpeg -ss", peer, 1.0)


def csrf_token(connection: http.client.HTTPConnection) -> tuple[str, str]:
    """The token that the camera page carries, and its session cookie."""
    connection.request("GET", "/camera/front")
    answer = connection.getresponse()
    page = answer.read().decode()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    return page.partition('name="csrf-token" content="')[2].partition('"')[0], cookie


def publish_clips(place: Installation, count: int, day: datetime, media: bytes, picture: bytes) -> None:
    """Publish `count` clips that start on one day."""
    for number in range(count):
        start = day + timedelta(seconds=number * 80, milliseconds=number % 1000)
        name = ClipName(start, "motion")
        temporary = temporary_path(place.layout, "front", name, "bench")
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(media)
        clip = Clip.new(place.layout, "front", "motion", start, start, start + timedelta(seconds=9), score=50.0)
        publish(place.layout, clip, temporary, picture)


def page_rows(folder: Path) -> list[Row]:
    """The day page with 1,000 clips, alone and beside 100,000 clips on other days."""
    place = Installation(folder)
    day = datetime(2026, 11, 20, tzinfo=UTC)
    publish_clips(place, CLIPS_OF_DAY, day, b"\0" * 64, b"\xff\xd8\xff\xd9")
    pattern = place.layout.day_dir("front", day.date())
    path = "/recordings/front/2026-11-20"
    with place.web() as connection:
        settle(connection, path)
        alone = timed(lambda: get(connection, path), TIMES)
        still = timed(lambda: get(connection, "/static/base.css"), TIMES)
    for back in range(1, CLIPS_ELSEWHERE // CLIPS_OF_DAY + 1):
        other = place.layout.day_dir("front", (day - back * DAY).date())
        other.mkdir()
        for file in pattern.iterdir():
            if not file.name.startswith("."):
                os.link(file, other / file.name.replace("2026-11-20", other.name))
    with place.web() as connection:
        begin = time.perf_counter()
        get(connection, path)
        first = time.perf_counter() - begin
        settle(connection, path)
        crowded = timed(lambda: get(connection, path), TIMES)
    return [
        Row("day page, 1,000 clips", alone, "a static file from the same server", still, 0.1),
        Row("day page, 1,000 clips, 100,000 on other days", crowded, "the same without the other days", alone, 0.1),
        Row("the first time after those appeared", [first], "the same without the other days", alone),
    ]


def settle(connection: http.client.HTTPConnection, path: str) -> None:
    """Ask twice, some seconds apart: a day's index is written once its folder has not changed for a while."""
    for _ in range(2):
        time.sleep(6)
        get(connection, path)


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(prog="birbcam bench speed", description="How long people wait.")
    parser.add_argument("--quick", action="store_true", help="an hour of backlog instead of a day")
    quick = parser.parse_args().quick
    parts: list[Callable[[Path], list[Row]]] = [
        lambda folder: [save_row(folder)],
        lambda folder: [thumbnail_row(folder)],
        page_rows,
    ]
    rows: list[Row] = []
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="birbcam-bench-") as folder:
        scans = speed_scan.tables(Path(folder) / "scan", quick)
        for title, text in itertools.chain(scans, speed_job.tables(Path(folder) / "job", quick)):
            print(f"\n{title}\n\n{text}", flush=True)
        for number, part in enumerate(parts):
            rows += part(Path(folder) / str(number))
    print("\nPages and clips\n")
    print(table(["figure", "median (min-max)", "peer", "its median", "ratio", "bound"], [row.cells() for row in rows]))


if __name__ == "__main__":
    main()
