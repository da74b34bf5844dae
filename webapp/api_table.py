"""What each address of the API takes and answers, by endpoint; `webapp.openapi` reads the rest off the routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.logs import LEVELS
from mediamtx.names import KINDS
from webapp import api_system_types as system_types
from webapp import api_types as types
from webapp.log_lines import PARTS

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Media:
    """A body that is no JSON."""

    kind: str  # "image/jpeg"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. A type or `Media` by status; None for an answer without a body."""

    answers: Mapping[int, Any]
    body: Any = None
    cure: str = "The page Settings, API shows what is taken here."  # what a wrong body is told
    query: Mapping[str, Schema] = field(default_factory=dict)
    errors: tuple[int, ...] = ()


def text(description: str, **more: Any) -> Schema:
    """The schema of a text in an address."""
    return {"type": "string", "description": description, **more}


def number(description: str, low: int, high: int | None = None, kind: str = "integer") -> Schema:
    """The schema of a number in an address."""
    most = {} if high is None else {"maximum": high}
    return {"type": kind, "description": description, "minimum": low, **most}


_DAY = r"^\d{4}-\d\d-\d\d$"
_DAY_OR_NONE = r"^(\d{4}-\d\d-\d\d)?$"
_TIME = text("ISO 8601 with a zone, as 2026-11-20T18:03:04Z", format="date-time")
_CAMERA = text("The camera's name", pattern="^[a-z0-9][a-z0-9-]*$")
_STREAM = text("Which of the camera's streams", enum=["main", "detect"])

PATH: dict[str, Schema] = {
    "name": _CAMERA,
    "stem": text("The clip's name", pattern=r"^\d{4}(-\d\d){2}_(\d\d-){3}\d{3}_[a-z]+$"),
    "day": text("A local day", pattern=_DAY),
    "key": text("The export's id"),
    "session": text("The session, from the Location of its first answer", format="uuid"),
}
"""The parts of addresses by name."""

OPERATIONS: dict[str, Operation] = {
    "pages.status_json": Operation({200: types.Status}),
    "cameras.listed": Operation({200: types.Cameras}),
    "cameras.one": Operation({200: types.Camera}, errors=(404,)),
    "cameras.clips": Operation(
        {200: types.ClipPage},
        query={
            "camera": _CAMERA,
            "since": _TIME,
            "until": _TIME,
            "kind": text("What made it", enum=list(KINDS)),
            "kept": text("Only kept ones, or only others", enum=["true", "false"]),
            "limit": number("How many at once; 100 unless told", 1, 1000),
            "cursor": text("`next` of the answer before; 404 where it is another"),
        },
        errors=(400, 404),
    ),
    "pages.clips_json": Operation(
        {200: types.DayOfClips},
        query={
            "day": text("Else the newest day with clips", pattern=_DAY_OR_NONE),
            "limit": number("At most so many", 1),
        },
        errors=(400, 404),
    ),
    "pages.days_json": Operation({200: types.Days}, errors=(404,)),
    "clips.save": Operation(
        {201: types.OneClip},
        types.SaveBody,
        'Say how much to save: {"seconds": 5 to 600}.',
        errors=(400, 404, 409, 415, 507),
    ),
    "decisions.keep_clip": Operation({200: types.OneClip}, errors=(404, 409, 507)),
    "decisions.unkeep_clip": Operation({200: types.OneClip}, errors=(404,)),
    "decisions.delete": Operation({204: None}, errors=(404, 409, 507)),
    "decisions.restore_clip": Operation({200: types.OneClip}, errors=(404, 409, 507)),
    "decisions.batch": Operation(
        {200: types.BatchDone},
        types.BatchBody,
        'Say what to do with which clips: {"action": "keep | unkeep | delete | restore", "stems": ["...", ...]}.',
        errors=(400, 404, 415),
    ),
    "decisions.trash": Operation({200: types.Trash}, errors=(404,)),
    "manual.shown": Operation({200: types.ManualRecording}, errors=(404,)),
    "manual.start": Operation({200: types.ManualRecording, 201: types.ManualRecording}, errors=(404, 409, 507)),
    "manual.stop": Operation({202: types.ManualRecording}, errors=(404,)),
    "stills.still": Operation(
        {200: Media("image/jpeg")},
        query={"width": number("At most so wide (px)", 16, 7680), "download": text("As a file", enum=["1"])},
        errors=(400, 404, 503),
    ),
    "whep.offer": Operation(
        {201: Media("application/sdp")},
        Media("application/sdp"),
        query={"stream": _STREAM},
        errors=(400, 404, 409, 413, 415, 502, 503, 504),
    ),
    "whep.candidates": Operation(
        {200: Media("application/trickle-ice-sdpfrag"), 204: None},
        Media("application/trickle-ice-sdpfrag"),
        query={"stream": _STREAM},
        errors=(400, 404, 409, 410, 412, 413, 415, 428, 502, 503, 504),
    ),
    "whep.leave": Operation({204: None}, query={"stream": _STREAM}, errors=(400, 404, 409, 502, 503, 504)),
    "settings_api.shown": Operation({200: system_types.SettingsAnswer}, errors=(409, 503)),
    "settings_api.change": Operation(
        {200: system_types.SettingsAnswer}, dict[str, Any], errors=(400, 409, 412, 415, 422, 503, 507)
    ),
    "settings_api.change_camera": Operation(
        {200: system_types.SettingsAnswer}, dict[str, Any], errors=(400, 404, 409, 412, 415, 422, 503, 507)
    ),
    "settings_api.add_camera": Operation(
        {201: system_types.CameraAdded}, system_types.CameraBody, errors=(400, 409, 412, 415, 422, 503, 507)
    ),
    "settings_api.delete_camera": Operation(
        {200: system_types.CameraDeleted},
        query={"recordings": text("What becomes of its recordings", enum=["keep", "delete"])},
        errors=(400, 404, 409, 412, 422, 503, 507),
    ),
    "settings_api.try_camera": Operation(
        {200: dict[str, Any]}, system_types.SourceBody, errors=(400, 409, 415, 422, 429, 503)
    ),
    "settings_api.restart": Operation({202: system_types.Asked}, system_types.RestartBody, errors=(400, 415, 503)),
    "timeline.recorded_days_json": Operation({200: types.RecordedDays}, errors=(404,)),
    "timeline.activity": Operation(
        {200: types.Activity},
        query={
            "from": _TIME,
            "to": _TIME,
            "day": text("Instead of from and to", pattern=_DAY_OR_NONE),
            "bucket": number("s for which one score is told", 1, 99999),
        },
        errors=(400, 404),
    ),
    "tuning.shown": Operation(
        {200: system_types.Tuning},
        query={
            "sensitivity": number("0 to 100", 0, 100),
            "pre": number("s before the motion", 0, 60, "number"),
            "post": number("s after it", 0, 60, "number"),
            "merge_gap": number("s of a pause that ends no event", 0, 300, "number"),
            "max_event": number("s", 10, 3600, "number"),
        },
        errors=(400, 404),
    ),
    "exports.start": Operation({202: types.Export}, types.ExportBody, errors=(400, 404, 409, 415, 429, 507)),
    "exports.show": Operation({200: types.Export}, errors=(404,)),
    "exports.stop": Operation({204: None}, errors=(404,)),
    "other_settings.examine": Operation({200: system_types.Doctor}, errors=(429, 503, 504)),
    "system.shown": Operation({200: system_types.System}),
    "system.lines": Operation(
        {200: system_types.Log},
        query={
            "level": text("This one and graver ones", enum=list(LEVELS)),
            "part": text("Which program", enum=list(PARTS)),
            "text": text("What stands in them", maxLength=200),
        },
        errors=(400,),
    ),
    "system.ask_for": Operation({202: system_types.Asked}, system_types.RequestBody, errors=(400, 409, 415, 507)),
    "system.delete_clips": Operation({202: system_types.Deletion}, system_types.DeletionBody, errors=(400, 409, 415)),
    "system.deletion": Operation({200: system_types.Deletion}),
    "openapi.document": Operation({200: dict[str, Any]}),
}
