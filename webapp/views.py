"""What the pages and the JSON answers show: clips and cameras as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Response, request, url_for

from mediamtx.catalogue import DayCount, latest_clip
from mediamtx.clips import Clip
from mediamtx.manual import manual_recording
from mediamtx.marks import encode_marks
from mediamtx.names import Stream, iso
from webapp.state import app_state

ClipJson = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CameraView:
    """One camera as templates and /api/v1/status show it."""

    name: str
    title: str
    state: str  # "live", "starting" or "offline"
    since: str | None  # ISO 8601 UTC
    latest_clip: ClipJson | None
    webrtc: bool  # whether the recorder offers it
    hls_js: bool  # whether the recorder serves hls.js
    small: bool  # whether there is a detect stream to show in small tiles
    recording: str | None  # since when somebody records by hand, ISO 8601 UTC


def camera_view(name: str) -> CameraView:
    """The camera with its state and latest clip."""
    state = app_state()
    status = state.board.status(name)
    snapshot = state.board.snapshot()
    small = snapshot.streams.get(Stream(name, detect=True))
    latest = state.threads.disk(latest_clip, state.layout, name)
    manual = state.threads.disk(manual_recording, state.layout, name)
    running = manual is not None and manual.end(datetime.now(UTC)) is None
    return CameraView(
        name=name,
        title=state.settings.cameras[name].title or name,
        state=status.state,
        since=_iso_or_none(status.since),
        latest_clip=clips_json([latest])[0] if latest else None,
        webrtc=snapshot.has_webrtc,
        hls_js=snapshot.has_hls_js,
        small=small is not None and small.ready,
        recording=iso(manual.start) if manual is not None and running else None,
    )


def clips_json(clips: Iterable[Clip]) -> list[ClipJson]:
    """Clips as the browser gets them; the times of day are those of the configured zone."""
    zone = app_state().layout.zone
    addresses: dict[tuple[str, date], str] = {}  # building an address is what costs most with 1,000 clips
    answer = []
    for clip in clips:
        base = addresses.get((clip.camera, clip.day))
        if base is None:
            base = url_for("clips.video", name=clip.camera, day=clip.day.isoformat(), stem="-").removesuffix("-.mp4")
            addresses[clip.camera, clip.day] = base
        address = f"{base}{clip.name.stem}"
        version = f"{clip.size:x}"  # a clip that is published again with another length is not taken from the cache
        answer.append(
            {
                "stem": clip.name.stem,
                "kind": clip.kind,
                "day": clip.day.isoformat(),
                "start": iso(clip.start),
                "end": iso(clip.end),
                "duration": round((clip.end - clip.start).total_seconds(), 3),
                "time_local": f"{clip.start.astimezone(zone):%H:%M:%S}",
                "score": clip.score,
                "best": _iso_or_none(clip.best),
                "kept": clip.kept,
                "size": clip.size,
                "url": f"{address}.mp4?v={version}",
                "thumbnail_url": f"{address}.jpg?v={version}",
                "download_url": f"{address}.mp4?download=1",
                "details_url": f"{address}.json?v={version}",
                "windows": [[iso(window.start), iso(window.end)] for window in clip.windows],
            }
        )
    return answer


def details_json(clip: Clip) -> ClipJson:
    """One clip with the moving boxes, which lists do without."""
    return {**clips_json([clip])[0], "boxes": encode_marks(clip.marks, clip.start)}


def days_json(days: Iterable[DayCount]) -> list[dict[str, Any]]:
    """Days with their number of clips, in the order given."""
    return [{"day": day.day.isoformat(), "count": day.clips} for day in days]


def unless_known(answer: Response) -> Response:
    """304 where the page that asks again and again has this already; a full day is half a megabyte."""
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _iso_or_none(time: datetime | None) -> str | None:
    return iso(time) if time else None
