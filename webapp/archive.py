"""Several clips as one download: a ZIP that is made while it is sent, so that it takes neither memory nor disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from mediamtx.catalogue import find_clip
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from webapp.files import CHUNK
from webapp.state import app_state, camera_or_404, clip_name_or_404, not_found
from webapp.threads import Threads

MISSING = "not-there-any-more.txt"
"""Names the clips that were gone when their turn came."""

blueprint = Blueprint("archive", __name__)


@blueprint.post("/clips/<name>/download")
def download(name: str) -> ResponseReturnValue:
    """The clips named in the form's `stems`, separated by commas, as a ZIP; uncompressed, as video does not shrink."""
    camera_or_404(name)
    stems = [clip_name_or_404(stem).stem for stem in request.form.get("stems", "").split(",") if stem]
    if not stems:
        abort(400, "Say which clips: their names, separated by commas, in the form's field stems.")
    state = app_state()
    clips = state.threads.disk(_find, state.layout, name, list(dict.fromkeys(stems)))
    if not clips:
        not_found("None of these clips is there any more.")
    response = Response(_zipped(clips, state.threads), mimetype="application/zip")
    first, last = min(clips[0].name, clips[-1].name), max(clips[0].name, clips[-1].name)
    title = f"{name}_{first.stem.rpartition('_')[0]}_to_{last.stem.rpartition('_')[0]}.zip"
    response.headers.set("Content-Disposition", "attachment", filename=title)
    response.cache_control.no_store = True
    return response


def _find(layout: Layout, camera: str, stems: list[str]) -> list[Clip]:
    return [clip for stem in stems if (clip := find_clip(layout, camera, stem)) is not None]


class _Sink:
    """What zipfile writes into: holds a chunk until it is sent. It cannot seek, so lengths follow the data."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, b: bytes) -> int:
        self._parts.append(bytes(b))
        return len(b)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        """What was written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _zipped(clips: list[Clip], threads: Threads) -> Iterator[bytes]:
    sink, gone = _Sink(), []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for clip in clips:
            try:
                file = threads.disk(clip.path.open, "rb", buffering=0)
            except OSError:
                gone.append(clip.path.name)
                continue
            with (
                file,
                archive.open(_entry(f"{clip.camera}_{clip.path.name}", clip.start), "w", force_zip64=True) as entry,
            ):
                while chunk := threads.disk(file.read, CHUNK):
                    entry.write(chunk)
                    yield sink.take()
            yield sink.take()
        if gone:
            archive.writestr(_entry(MISSING, datetime.now(UTC)), "\n".join(gone) + "\n")
    yield sink.take()


def _entry(name: str, time: datetime) -> zipfile.ZipInfo:
    """An entry dated in UTC, as the names are; a ZIP knows no zone and no year before 1980."""
    entry = zipfile.ZipInfo(name, max(time.astimezone(UTC).timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
    entry.external_attr = 0o644 << 16
    return entry
