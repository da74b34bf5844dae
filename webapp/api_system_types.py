"""The types of the API that are about settings, the machine and what runs on it; see `webapp.api_types`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta

from webapp.api_types import CameraName, Day, State, Time


class Since(TypedDict):
    """Since when something runs."""

    since: Time | None


class Recorder(TypedDict):
    """The recorder that runs."""

    kind: Literal["mediamtx", "embedded"]
    since: Time


class Service(TypedDict):
    """A service as systemd has it."""

    name: str
    state: str
    since: Time | None
    restarts: int


class CameraRuns(TypedDict):
    """Whether a camera sends."""

    name: CameraName
    title: str
    enabled: bool
    state: State
    since: Time | None


class Motion(TypedDict):
    """The last motion pass that found something new to look at."""

    began: Time
    ended: Time
    seconds: float
    clips: int
    errors: int
    behind: Annotated[dict[str, float], Meta(description="By camera: s of finished footage that wait")]


class Disk(TypedDict):
    """A file system that we use; bytes."""

    path: str
    total: int
    free: int
    holds: list[str]


class StorageUse(TypedDict):
    """What BirbCam takes, and for how long the room lasts."""

    used: Annotated[int, Meta(description="bytes")]
    clips: int
    days_left: float | None
    days_back: float | None


class Requests(TypedDict):
    """What the system can be asked for."""

    available: bool
    known: list[str]
    waiting: list[str]


class System(TypedDict):
    """What runs, since when, and how the machine does."""

    version: str
    now: Time
    time_zone: str
    web: Since
    recorder: Recorder | None
    services: Annotated[list[Service], Meta(description="None where BirbCam is not installed as services")]
    cameras: list[CameraRuns]
    motion: Motion | None
    disks: list[Disk]
    storage: StorageUse
    machine: dict[str, Any]
    requests: Requests


class LogLine(TypedDict):
    """A message."""

    time: Time
    part: str
    level: Literal["debug", "info", "warning", "error"]
    text: str


class Log(TypedDict):
    """The newest messages, oldest first; without a source, `why` there are none."""

    source: Literal["journal", "file"] | None
    why: str
    lines: list[LogLine]


class RequestBody(TypedDict):
    """What the system is asked for."""

    request: Literal["restart-recorder", "restart-camera", "restart-web", "reboot", "poweroff"]


class _Confirmed(TypedDict):
    confirm: Literal["delete all clips"]


class DeletionBody(_Confirmed, total=False):
    """All clips go; the kept ones only where `kept` is true."""

    kept: bool


class Purge(TypedDict):
    """How far it is."""

    state: Literal["running", "done", "failed"]
    total: int
    deleted: int
    spared: int
    problem: str | None


class Deletion(TypedDict):
    """The deletion of all clips; null where there was none since the web app started."""

    deletion: Purge | None


class Setting(TypedDict):
    """A setting, its value without what is secret in it, and which layer it is from."""

    key: str
    label: str
    kind: Literal["switch", "whole", "number", "choice", "text", "polygons"]
    value: Any
    layer: Literal["default", "file", "saved", "environment"]
    origin: str
    below: Any
    help: str
    unit: str
    low: float | None
    high: float | None
    step: float | None
    choices: list[str]
    fixed: Annotated[bool, Meta(description="Not to be changed here")]
    secret: bool
    restart: Annotated[str, Meta(description="Which program has to be started again for it to count")]
    pauses: Annotated[bool, Meta(description="The camera's picture pauses for some seconds")]


class SettingsAnswer(TypedDict):
    """Settings; `version` is for If-Match."""

    version: str
    settings: list[Setting]


class CameraBody(TypedDict):
    """A camera to add; any other setting of a camera may stand beside these."""

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    source: Annotated[str, Meta(examples=["rtsp://user:password@192.168.1.20/stream1"])]


class CameraAdded(TypedDict):
    """It is there."""

    version: str
    camera: CameraName


class CameraDeleted(TypedDict):
    """It is gone."""

    version: str
    deleted: CameraName
    recordings: Literal["keep", "delete"]


class SourceBody(TypedDict):
    """What to try out."""

    source: str


class RestartBody(TypedDict):
    """What to start again."""

    part: Literal["web", "recorder"]


class Asked(TypedDict):
    """The system was asked for it."""

    asked: str


class TuningDay(TypedDict):
    """What a day would have given."""

    date: Day
    today: bool
    scanned: Annotated[float, Meta(description="s of footage")]
    now: Annotated[int, Meta(description="Clips with the settings as they are")]
    then: Annotated[int, Meta(description="With the others")]
    new: int
    gone: int


class Tuning(TypedDict):
    """What other settings would give, from kept scores."""

    threshold: float
    latest: int | None
    recent: list[int | None]
    day: TuningDay


class DoctorLine(TypedDict):
    """A finding."""

    state: Literal["ok", "note", "wrong"]
    text: str


class Doctor(TypedDict):
    """What the doctor says."""

    lines: list[DoctorLine]
