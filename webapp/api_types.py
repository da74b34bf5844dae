"""What the HTTP API takes and gives, as types: bodies are checked against them, and the OpenAPI document shows them."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from mediamtx.names import ClipKind

Time = Annotated[str, Meta(description="ISO 8601, UTC", extra_json_schema={"format": "date-time"})]
Day = Annotated[str, Meta(description="A local day", pattern=r"^\d{4}-\d\d-\d\d$")]
Stem = Annotated[str, Meta(description="A clip's name", pattern=r"^\d{4}(-\d\d){2}_(\d\d-){3}\d{3}_[a-z]+$")]
Address = Annotated[str, Meta(description="An address on this server")]
CameraName = Annotated[str, Meta(description="a-z, 0-9 and -; it never changes", pattern="^[a-z0-9][a-z0-9-]*$")]
State = Literal["live", "starting", "offline"]


class Problem(TypedDict):
    """What went wrong (RFC 9457); `detail` is for people and names the cure."""

    type: str
    title: str
    status: int
    detail: str


class Clip(TypedDict):
    """A clip. `windows` are the motion in it, without what comes before and after."""

    stem: Stem
    kind: ClipKind
    day: Day
    start: Time
    end: Time
    duration: Annotated[float, Meta(description="s")]
    time_local: Annotated[str, Meta(description="Its start in the time zone of the settings")]
    score: Annotated[float | None, Meta(description="How much moved, 0 to 100")]
    best: Annotated[Time | None, Meta(description="When its picture was taken")]
    kept: Annotated[bool, Meta(description="Never deleted to make room")]
    size: Annotated[int, Meta(description="bytes")]
    url: Address
    thumbnail_url: Address
    download_url: Address
    details_url: Address
    windows: list[tuple[Time, Time]]


class ClipOfCamera(Clip):
    """A clip, and whose it is."""

    camera: CameraName


class OneClip(TypedDict):
    """A clip that was made or changed."""

    clip: Clip


class ClipPage(TypedDict):
    """Some of the clips, newest first; `next` is the `cursor` of those that follow, null at the end."""

    clips: list[ClipOfCamera]
    next: str | None


class DayOfClips(TypedDict):
    """The clips of one day, and the days with clips beside it."""

    day: Day | None
    earlier: Day | None
    later: Day | None
    count: int
    clips: list[Clip]


class DayCount(TypedDict):
    """A day and how many clips it has."""

    day: Day
    count: int


class Days(TypedDict):
    """The days with clips, newest first."""

    days: list[DayCount]


class Statistics(TypedDict):
    """What a camera sends, as the recorder and the newest recording tell; null where nobody knows."""

    fps: Annotated[float | None, Meta(description="Pictures per second")]
    bit_rate: Annotated[float | None, Meta(description="kbit/s, of the last seconds recorded")]
    codecs: list[str]
    bytes_received: Annotated[int | None, Meta(description="Since it began to send")]
    drops: Annotated[int | None, Meta(description="Pictures that came damaged since then; MediaMTX alone tells")]
    readers: Annotated[int | None, Meta(description="Who watches through the recorder, over WebRTC or RTSP")]
    clips_today: int


class Camera(TypedDict):
    """A camera: what it is called, how it does, and its statistics."""

    name: CameraName
    title: str
    enabled: Annotated[bool, Meta(description="Whether it is to send at all")]
    motion: Annotated[bool, Meta(description="Whether motion is looked for")]
    state: State
    since: Annotated[Time | None, Meta(description="When that began")]
    recording: Annotated[Time | None, Meta(description="Since when somebody records it by hand")]
    latest_clip: Clip | None
    statistics: Statistics


class Cameras(TypedDict):
    """All cameras."""

    cameras: list[Camera]


class CameraView(TypedDict):
    """A camera as pages show it."""

    name: CameraName
    title: str
    state: State
    since: Time | None
    latest_clip: Clip | None
    webrtc: bool
    hls_js: bool
    small: Annotated[bool, Meta(description="Whether there is a small stream")]
    recording: Time | None


class Status(TypedDict):
    """The cameras as pages show them."""

    cameras: list[CameraView]


class SaveBody(TypedDict):
    """How much of what was just recorded becomes a clip."""

    seconds: Annotated[float, Meta(ge=5, le=600)]


class BatchBody(TypedDict):
    """What is to be done with which clips."""

    action: Literal["keep", "unkeep", "delete", "restore"]
    stems: Annotated[list[str], Meta(min_length=1, max_length=1000)]


class Failed(TypedDict):
    """A clip to which it could not be done."""

    stem: str
    status: int
    detail: str | None


class BatchDone(TypedDict):
    """What became of each."""

    done: list[str]
    failed: list[Failed]


class DeletedClip(TypedDict):
    """A clip in the trash."""

    stem: Stem
    kind: ClipKind
    day: Day
    start: Time
    end: Time
    deleted: Time


class Trash(TypedDict):
    """What can be restored, the clip deleted last first."""

    clips: list[DeletedClip]


class Recording(TypedDict):
    """A recording by hand."""

    state: Literal["recording", "saving"]
    start: Time
    seconds: Annotated[float, Meta(description="How long it is so far")]
    longest: Annotated[float, Meta(description="s after which it ends by itself")]


class LastRecording(TypedDict):
    """What became of the last one, since the web app was started."""

    start: Time
    clip: Clip | None
    problem: str | None


class ManualRecording(TypedDict):
    """The recording by hand of a camera."""

    recording: Recording | None
    last: LastRecording | None


class RecordedDay(TypedDict):
    """A day, how many clips it has, and whether there is footage of it."""

    day: Day
    count: int
    footage: bool


class RecordedDays(TypedDict):
    """The days with footage or clips, newest first."""

    days: list[RecordedDay]


Activity = TypedDict(
    "Activity",
    {
        "from": Time,
        "to": Time,
        "bucket": Annotated[int, Meta(description="s")],
        "scores": Annotated[list[int | None], Meta(description="The highest of each bucket; null: nobody looked")],
        "footage": list[list[float]],
        "gaps": list[list[float]],
        "events": Annotated[list[list[str | float]], Meta(description="Each is [clip, begin, length]")],
    },
)
"""What was recorded and moved in a span; times are seconds since its begin."""


class ExportBody(TypedDict):
    """Which range becomes a clip; at most an hour."""

    start: Time
    end: Time


class Export(TypedDict):
    """How far an export is."""

    id: str
    camera: CameraName
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: Annotated[float, Meta(description="0 to 1")]
    start: Time
    end: Time
    gaps: list[tuple[Time, Time]]
    size: Annotated[int, Meta(description="bytes, about")]
    clips: list[Clip]
    detail: str | None
    url: Address
