"""What the recorder says of its streams, over the control API that both recorders answer."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.addresses import api_url, reader_headers
from mediamtx.names import Stream, from_iso

TIMEOUT = 1.0  # s
NO_HEADERS: Mapping[str, str] = {}

# A proxy from the environment must not see, nor refuse, what stays on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the recorder knows of one stream."""

    ready: bool  # somebody publishes it
    since: datetime | None  # UTC, when that began
    tracks: tuple[str, ...]  # "H264", "MPEG-4 Audio"
    bytes_received: int
    drops: int | None = None  # pictures that came damaged; None where the recorder does not count them
    readers: int = 0  # who takes it from the recorder, its own HLS aside


def stream_states(settings: Settings) -> dict[Stream, StreamState]:
    """The streams that the recorder has, published or not; RecorderError where it does not answer within 1 s."""
    return fetch_states(api_url(settings), reader_headers(settings))


def fetch_states(api_base: str, headers: Mapping[str, str] = NO_HEADERS) -> dict[Stream, StreamState]:
    """As `stream_states`, from the recorder at this address."""
    request = urllib.request.Request(f"{api_base}/v3/paths/list?itemsPerPage=1000", headers=dict(headers))
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            items = json.load(answer)["items"]
            return {stream: _state(item) for item in items if (stream := Stream.parse(item["name"])) is not None}
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        raise RecorderError(
            f"the recorder does not answer at {api_base} ({getattr(error, 'reason', error)}); restart it"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, http.client.HTTPException) as error:
        raise RecorderError(
            f"what answers at {api_base} is not the recorder ({error!r}); set mediamtx.api_port"
        ) from error


def _state(item: dict[str, Any]) -> StreamState:
    since = item.get("readyTime")
    return StreamState(
        ready=item["ready"] is True,
        since=from_iso(since) if since else None,
        tracks=tuple(item.get("tracks") or ()),
        bytes_received=int(item.get("bytesReceived") or 0),
        drops=item.get("inboundFramesInError"),
        readers=sum(reader.get("type") != "hlsMuxer" for reader in item.get("readers") or ()),
    )
