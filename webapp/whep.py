"""The live picture over WebRTC: the recorder's WHEP, passed on through our own port and behind our own log-in.

    POST    /api/v1/cameras/<camera>/whep             an offer (SDP); 201 with the answer, and in Location the session
    PATCH   /api/v1/cameras/<camera>/whep/<session>   further candidates of the browser, or a restart of ICE
    DELETE  /api/v1/cameras/<camera>/whep/<session>   the end

`?stream=detect` asks for the small stream. Only this signalling goes through us; the picture comes straight from the
recorder's UDP port (`mediamtx.webrtc_udp_port`), encrypted for the one browser whose offer it was. Where the recorder
has no WebRTC, or cannot send this camera's codec, the answer is 409 and HLS is the way.
"""

from __future__ import annotations

import http.client
import re

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from mediamtx.addresses import reader_headers, whep_url
from mediamtx.names import Stream
from webapp.relay import ask_recorder
from webapp.state import app_state, camera_or_404, not_found

TIMEOUT = 10.0  # s without an answer from the recorder
SDP_MOST = 64 * 1024  # bytes, of an offer and of an answer
OFFER = "application/sdp"
CANDIDATES = "application/trickle-ice-sdpfrag"

_SESSION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

blueprint = Blueprint("whep", __name__)


@blueprint.post("/api/v1/cameras/<name>/whep")
def offer(name: str) -> ResponseReturnValue:
    """Begin a session: the recorder's answer to the browser's offer."""
    stream = _stream(name)
    status, headers, body = _ask("POST", stream, "", _sdp(OFFER), OFFER)
    if status == 404:
        not_found("The camera is not sending a picture.")
    if status == 400:
        abort(409, "The recorder cannot send this camera's picture to this browser over WebRTC; HLS can.")
    session = headers.get("Location", "").partition("?")[0].rpartition("/")[2]
    if status != 201 or _SESSION.fullmatch(session) is None:
        abort(502, f"The recorder answered with an error ({status}).")
    response = Response(body, 201, mimetype=OFFER)
    wanted = "detect" if stream.detect else None  # None stands in no address
    response.headers["Location"] = url_for(".leave", name=name, session=session, stream=wanted)
    response.cache_control.no_store = True
    return response


@blueprint.patch("/api/v1/cameras/<name>/whep/<session>")
def candidates(name: str, session: str) -> ResponseReturnValue:
    """Tell the recorder further addresses at which the browser may be reached."""
    stream, address = _stream(name), f"/{_session_or_404(session)}"
    status, headers, answer = _ask("PATCH", stream, address, _sdp(CANDIDATES), CANDIDATES)
    _refuse(status)
    response = Response(answer if status == 200 else b"", 200 if status == 200 else 204, mimetype=CANDIDATES)
    if "ETag" in headers and status == 200:
        response.headers["ETag"] = headers["ETag"]
    response.cache_control.no_store = True
    return response


@blueprint.delete("/api/v1/cameras/<name>/whep/<session>")
def leave(name: str, session: str) -> ResponseReturnValue:
    """End a session, also one that the recorder missed already: a browser that leaves tells it first."""
    stream = _stream(name)
    status, _, _ = _ask("DELETE", stream, f"/{_session_or_404(session)}", b"", OFFER)
    if status != 404:
        _refuse(status)
    return Response(status=204)


def _stream(name: str) -> Stream:
    camera_or_404(name)
    wanted = request.args.get("stream", "main")
    if wanted not in ("main", "detect"):
        abort(400, 'The stream is "main" or "detect".')
    return Stream(name, detect=wanted == "detect")


def _session_or_404(session: str) -> str:
    if _SESSION.fullmatch(session) is None:
        not_found("There is no such session.")
    return session


def _sdp(mimetype: str) -> bytes:
    """The body of the request."""
    if request.mimetype != mimetype:
        abort(415, f"Send {mimetype}.")
    if (request.content_length or 0) > SDP_MOST:
        abort(413, f"A session description has at most {SDP_MOST} bytes.")
    return request.get_data()


def _refuse(status: int) -> None:
    """End the request where the recorder refused it."""
    if status == 404:
        not_found("This session has ended.")
    if not 200 <= status < 300:
        abort(502, f"The recorder answered with an error ({status}).")


def _ask(
    method: str, stream: Stream, below: str, body: bytes, mimetype: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of the recorder's answer; RecorderError, which becomes 503, where none runs."""
    settings = app_state().settings
    address = whep_url(settings, stream)
    if address is None:
        abort(409, "The recorder that runs has no WebRTC; HLS is the way.")
    headers = reader_headers(settings) | {"Content-Type": mimetype}
    connection, answer = ask_recorder(address + below, headers, TIMEOUT, method, body)
    try:
        content = answer.read(SDP_MOST + 1)
    except (OSError, http.client.HTTPException) as error:
        abort(502, f"The recorder broke off: {error}.")
    finally:
        connection.close()
    if len(content) > SDP_MOST:
        abort(502, "The recorder's answer is too long to be one.")
    return answer.status, answer.headers, content
