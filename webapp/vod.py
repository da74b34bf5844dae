"""Footage as it was recorded, played in the browser: HLS made of the segments, copied and never encoded.

    GET /footage/<camera>/index.m3u8?from=&to=       the footage of up to an hour; 404 where there is none
    GET /footage/<camera>/<segment>/init.mp4         the set-up of its tracks
    GET /footage/<camera>/<segment>/<piece>.m4s      some seconds of it, as the playlist names them
    GET /footage/<camera>/hls.min.js                 the recorder's hls.js, or the last copy of it

410 means that the footage was deleted meanwhile.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.names import Segment, Stream, iso, parse_segment_name
from mediamtx.segments import Span
from mediamtx.vod import Entry, Film, Index, Piece, arrange, index, initialisation, piece_of
from webapp.files import CHUNK
from webapp.hls_library import kept
from webapp.live import recorder_hls_js, script_response
from webapp.spans import span_or_400
from webapp.state import app_state, camera_or_404, not_found
from webapp.threads import Threads

LONGEST = timedelta(hours=1)
PIECE_AGE = 3600  # s that a browser keeps a piece

log = logging.getLogger(__name__)
blueprint = Blueprint("footage", __name__, url_prefix="/footage")
_PIECE = re.compile(r"(\d{1,15})-(\d{1,15})-(\d{1,15})-(\d{1,15})", re.ASCII)
_SHIFT = re.compile(r"-?\d{1,15}", re.ASCII)


@blueprint.get("/<name>/index.m3u8")
def playlist(name: str) -> ResponseReturnValue:
    """The footage of a span as a playlist that ends: what is recorded later is in the next one."""
    camera_or_404(name)
    span = span_or_400(LONGEST)
    state = app_state()
    entries = state.threads.disk(_entries, state.layout, Stream(name), span, datetime.now(UTC))
    if not entries:
        not_found("Nothing is recorded of that time.")
    response = Response(playlist_text(entries), mimetype="application/vnd.apple.mpegurl")
    response.cache_control.no_store = True
    return response


@blueprint.get("/<name>/<segment>/init.mp4")
def init(name: str, segment: str) -> ResponseReturnValue:
    """What players need before the first piece."""
    path = _path_or_404(name, segment)
    return _send(path, initialisation)


@blueprint.get("/<name>/<segment>/<piece>.m4s")
def piece(name: str, segment: str, piece: str) -> ResponseReturnValue:
    """One piece, its clock that of the playlist."""
    path = _path_or_404(name, segment)
    match, shift = _PIECE.fullmatch(piece), request.args.get("shift", "")
    if match is None or _SHIFT.fullmatch(shift) is None:
        not_found("There is no such piece of footage.")
    at, end, start, behind = map(int, match.groups())
    wanted = Piece(at, end, start, behind, last="last" in request.args)
    return _send(path, piece_of, wanted, int(shift), "joined" in request.args)


@blueprint.get("/<name>/hls.min.js")
def hls_js(name: str) -> ResponseReturnValue:
    """The player library: the recorder's, or while that is down the copy kept of it."""
    camera_or_404(name)
    state = app_state()
    if state.board.snapshot().has_hls_js:
        return script_response(recorder_hls_js(name))
    script = state.threads.disk(kept, state.layout)
    if script is None:
        not_found("No recorder has served hls.js yet.")
    return script_response(script)


def playlist_text(entries: Iterable[Entry]) -> str:
    """RFC 8216; addresses are relative to the playlist's own."""
    lines: list[str] = []
    longest = 0
    for number, entry in enumerate(entries):
        folder = entry.segment.file_name.removesuffix(".mp4")
        longest = max(longest, entry.duration)
        if entry.new_form:
            lines += ["#EXT-X-DISCONTINUITY"] if number else []
            lines.append(f'#EXT-X-MAP:URI="{folder}/init.mp4"')
        if not entry.follows:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{iso(entry.wall)}")
        at, end, start, behind, last = entry.piece
        flags = "&joined=1" * entry.joined + "&last=1" * last
        lines += [
            f"#EXTINF:{entry.duration / 1e6:.6f},",
            f"{folder}/{at}-{end}-{start}-{behind}.m4s?shift={entry.shift}{flags}",
        ]
    head = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{-(-longest // 1_000_000)}"]
    head += ["#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"]
    return "\n".join([*head, *lines, "#EXT-X-ENDLIST", ""])


def _entries(layout: Layout, stream: Stream, span: Span, now: datetime) -> list[Entry]:
    listed = segments_of(layout, stream, until=span.end + timedelta(seconds=1))
    earlier = listed.up_to(span.start)[-2:]  # one to be sure of the other: names are estimates
    chosen = [*earlier, *listed.after(span.start)]
    newest = listed[-1] if chosen and chosen[-1] == listed[-1] else None
    after = segments_of(layout, stream, since=span.end) if newest else listed
    return arrange(_indexes(layout, chosen, None if after else newest, now), span)


def _indexes(
    layout: Layout, segments: Iterable[Segment], newest: Segment | None, now: datetime
) -> Iterator[tuple[Segment, Index]]:
    for segment in segments:
        try:
            yield segment, index(layout, segment, segment != newest, now)
        except SegmentError as error:
            log.debug("left out of a playlist: %s", error)  # deleted meanwhile, just begun, or another program's


def _path_or_404(name: str, segment: str) -> Path:
    camera_or_404(name)
    start = parse_segment_name(f"{segment}.mp4")
    if start is None:
        not_found("There is no such footage.")
    return app_state().layout.segment_path(Segment(Stream(name), start))


def _send(path: Path, make: Callable[..., Film], *how: object) -> Response:
    """What `make` finds in a file, read as it goes out."""
    threads = app_state().threads
    try:
        file = threads.disk(os.open, path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        abort(410, "This footage is not there any more: it was deleted to make room.")
    answered = False
    try:
        film = threads.disk(make, path, *how)
        response = Response(_Reading(file, film, threads), mimetype="video/mp4", direct_passthrough=True)
        answered = True
    except SegmentError as error:
        log.info("%s", error)
        not_found("There is no such piece of footage.")
    finally:
        if not answered:
            os.close(file)
    response.content_length = film.size
    response.cache_control.private = True
    response.cache_control.max_age = PIECE_AGE
    response.cache_control.immutable = True
    return response


class _Reading:
    """The bytes of a film as they are read; closes the file, too, of which nobody wanted a byte.

    What werkzeug passes through is all that it closes: `call_on_close` of such a response is never called.
    """

    def __init__(self, file: int, film: Film, threads: Threads) -> None:
        self._file, self._bytes = file, _bytes(file, film, threads)

    def __iter__(self) -> Iterator[bytes]:
        return self._bytes

    def close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def _bytes(file: int, film: Film, threads: Threads) -> Iterator[bytes]:
    yield film.head
    for place, length in film.places:
        at, end = place, place + length
        while at < end:
            chunk = threads.disk(os.pread, file, min(CHUNK, end - at), at)
            if not chunk:
                raise ConnectionResetError(f"{length} bytes at {place} are not there any more")
            at += len(chunk)
            yield chunk
