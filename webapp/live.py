"""The live picture: the recorder's HLS, passed on through our own port and behind our own log-in.

    GET /live/<camera>/index.m3u8     the entry playlist; never kept
    GET /live/<camera>/<file>         what it names: child playlists, initialisation, segments
    GET /live/<camera>/small/...      the same of the detect stream, for small pictures
    GET /live/<camera>/hls.min.js     the recorder's own hls.js, where it serves one

A session of the recorder that has ended is answered with 410: the player loads index.m3u8 again. 404 means that the
camera does not publish, 503 that no recorder runs, 502 and 504 that it did not answer as it should.
"""

from __future__ import annotations

import errno
import http.client
import logging
import re
from collections.abc import Iterator

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from mediamtx.addresses import hls_url, reader_headers
from mediamtx.names import Stream
from webapp import hls_library
from webapp.files import CHUNK
from webapp.relay import ask_recorder
from webapp.state import app_state, camera_or_404, not_found

TIMEOUT = 10.0  # s without a byte from the recorder; its entry playlist waits for the first picture
PLAYLIST_MOST = 256 * 1024  # bytes
SCRIPT_AGE = 3600  # s that a browser keeps hls.js before it asks again

_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "video/mp4",
    "m4s": "video/mp4",
    "ts": "video/mp2t",
    "aac": "audio/aac",
}
_FILE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,99}}\.({'|'.join(_TYPES)})", re.ASCII)
_LENGTH = re.compile(rb"^#EXTINF:(\d+(?:\.\d+)?)", re.MULTILINE)
_TARGET = re.compile(rb"^#EXT-X-TARGETDURATION:\d+", re.MULTILINE)
_QUERY = re.compile(r"[A-Za-z0-9_.~%&=+-]{0,1000}", re.ASCII)

log = logging.getLogger(__name__)
blueprint = Blueprint("live", __name__)
_scripts: dict[str, bytes] = {}  # the recorder's address and start -> its hls.js


@blueprint.get("/live/<name>/<path:path>", defaults={"small": False})
@blueprint.get("/live/<name>/small/<path:path>", defaults={"small": True})
def playlist_file(name: str, path: str, small: bool) -> ResponseReturnValue:
    """A playlist or a piece of the live picture, passed on as it comes."""
    camera_or_404(name)
    match = _FILE.fullmatch(path)
    query = request.query_string.decode("latin-1")
    if match is None or _QUERY.fullmatch(query) is None:
        not_found("There is no such file in the live picture.")
    if path == "index.m3u8":
        query = "cookieCheck=1"  # as MediaMTX would redirect to; it then puts the session into the children's addresses
    connection, answer = _ask(Stream(name, detect=small), path, query)
    if answer.status != 200:
        connection.close()
        _refuse(answer.status)
    if match[1] == "m3u8":
        response = Response(tightened(_playlist(connection, answer)), mimetype=_TYPES["m3u8"])
    else:
        response = Response(_body(connection, answer), mimetype=_TYPES[match[1]], direct_passthrough=True)
        response.call_on_close(connection.close)
        if answer.length is not None:
            response.content_length = answer.length
    response.cache_control.no_store = True
    return response


def tightened(playlist: bytes) -> bytes:
    """A playlist whose target duration is as short as it may be, for players begin three of it behind the end.

    MediaMTX rounds up: where one picture is late, 1.04 s makes 2 of it. It must not be below the longest segment, this
    rounded to the nearest second (RFC 8216, 4.3.3.1).
    """
    longest = max((float(length) for length in _LENGTH.findall(playlist)), default=None)
    if longest is None:
        return playlist
    return _TARGET.sub(b"#EXT-X-TARGETDURATION:%d" % max(1, int(longest + 0.5)), playlist, count=1)


@blueprint.get("/live/<name>/hls.min.js")
def hls_js(name: str) -> ResponseReturnValue:
    """The recorder's own hls.js; 404 where it serves none."""
    camera_or_404(name)
    return script_response(recorder_hls_js(name))


def recorder_hls_js(name: str) -> bytes:
    """The recorder's hls.js, read once for as long as this recorder runs, and kept; 404 where it serves none."""
    state = app_state()
    snapshot = state.board.snapshot()
    if not snapshot.has_hls_js:
        not_found("The recorder that runs serves no hls.js.")
    key = f"{hls_url(state.settings, Stream(name))} {snapshot.recorder_started}"
    if key not in _scripts:
        connection, answer = _ask(Stream(name), "hls.min.js", "")
        try:
            if answer.status != 200:
                _refuse(answer.status)
            script = answer.read(hls_library.MOST)
        except (OSError, http.client.HTTPException) as error:
            abort(502, f"The recorder broke off: {error}.")
        finally:
            connection.close()
        _scripts.clear()
        _scripts[key] = script
        state.threads.disk(hls_library.keep, state.layout, script)
    return _scripts[key]


def script_response(script: bytes) -> Response:
    """A script that a browser keeps for an hour."""
    response = Response(script, mimetype="text/javascript")
    response.cache_control.private = True
    response.cache_control.max_age = SCRIPT_AGE
    response.add_etag()
    response.make_conditional(request)
    return response


def _ask(stream: Stream, file: str, query: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    settings = app_state().settings
    entry = hls_url(settings, stream)  # RecorderError becomes 503
    address = entry.removesuffix("index.m3u8") + file
    return ask_recorder(f"{address}?{query}" if query else address, reader_headers(settings), TIMEOUT)


def _refuse(status: int) -> None:
    """End the request as the recorder's refusal of it asks for."""
    if status == 404:
        not_found("The camera is not sending a picture.")
    if status == 401:
        abort(410, "This live session has ended; load the playlist again.")
    abort(502, f"The recorder answered with an error ({status}).")


def _playlist(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(PLAYLIST_MOST)
    except (OSError, http.client.HTTPException) as error:
        abort(502, f"The recorder broke off: {error}.")
    finally:
        connection.close()


def _body(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The answer as it comes in; the browser's connection breaks where the recorder's does, so nobody takes a
    piece for a whole."""
    try:
        while chunk := answer.read1(CHUNK):
            yield chunk
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
    except (OSError, http.client.HTTPException) as error:
        log.info("live: the recorder broke off: %r", error)
        raise ConnectionResetError(errno.ECONNRESET, "the recorder broke off") from error
    finally:
        connection.close()
