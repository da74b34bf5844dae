"""The system page and what stands behind it, for admins: what runs, log lines, restarts, and deleting all clips.

GET     /api/v1/system                   what runs, since when, and how the machine does
GET     /api/v1/system/log               ?level=&part=&text=: the newest messages
POST    /api/v1/system/requests          {"request": "restart-camera"}: 202, where an installation obeys
POST    /api/v1/system/clips/deletion    {"confirm": "delete all clips"}: 202; GET tells how far it is
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from config.errors import RecorderError
from config.logs import LEVELS, Line
from config.requests import REQUESTS
from config.settings import Settings
from mediamtx.addresses import running_recorder
from mediamtx.last_pass import last_pass
from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.names import Stream, from_iso, iso
from mediamtx.requests import ask, can_ask, waiting
from mediamtx.usage import storage_of
from webapp import VERSION
from webapp.access import visitor
from webapp.log_lines import PARTS, Wanted, log_lines
from webapp.machine import Remembered, clock_synchronised, disks, machine, process_started, services
from webapp.purge_board import PurgeBoard
from webapp.settings_pages import moment
from webapp.state import app_state
from webapp.views import camera_view

SERVICES_AGE, CLOCK_AGE, STORAGE_AGE = 3.0, 60.0, 120.0  # s that an answer counts
LONGEST_FILTER = 200  # characters

log = logging.getLogger(__name__)
blueprint = Blueprint("system", __name__)


@blueprint.app_template_filter()
def seconds(time: str) -> float:
    """The Unix time of one in ISO 8601."""
    return from_iso(time).timestamp()


@blueprint.app_template_filter()
def local_moment(time: str) -> str:
    """A time in ISO 8601 for people."""
    return moment(seconds(time))


@blueprint.get("/settings/system")
def page() -> ResponseReturnValue:
    """The page; it asks for the rest by itself."""
    return render_template(
        "settings/system.html",
        system=_system(),
        levels=LEVELS,
        parts=PARTS,
    )


@blueprint.get("/api/v1/system")
def shown() -> ResponseReturnValue:
    """What runs and since when, the last motion pass, disks, the machine."""
    return jsonify(_system())


@blueprint.get("/api/v1/system/log")
def lines() -> ResponseReturnValue:
    """The newest log messages, oldest first: at most 500."""
    level, text, part = request.args.get("level", "info"), request.args.get("text", ""), request.args.get("part")
    if level not in LEVELS or (part is not None and part not in PARTS):
        abort(400, f"level is one of {', '.join(LEVELS)}; part one of {', '.join(PARTS)}.")
    if len(text) > LONGEST_FILTER:
        abort(400, f"text has at most {LONGEST_FILTER} characters.")
    state = app_state()
    found = state.threads.disk(log_lines, state.settings, Wanted(level, part or "", text))
    return jsonify({"source": found.source, "why": found.why, "lines": [_line_json(line) for line in found.lines]})


@blueprint.post("/api/v1/system/requests")
def ask_for() -> ResponseReturnValue:
    """Ask for a restart of a service, a reboot, or to switch the machine off."""
    name, state = str(request.get_json()["request"]), app_state()
    if name not in REQUESTS:
        abort(400, f"request is one of {', '.join(REQUESTS)}.")
    if not state.threads.disk(can_ask, state.layout):
        abort(409, "Nobody obeys here: that needs an installation (sudo ./birbcam install).")
    log.info("%s asked to: %s", _who(), name)
    state.threads.disk(ask, state.layout, name)
    return jsonify({"asked": name}), 202


@blueprint.post("/api/v1/system/clips/deletion")
def delete_clips() -> ResponseReturnValue:
    """Delete all clips for good; the kept ones only where that is said.

    What is recorded by hand is ended first. Recordings stay, and no scan of them brings a clip back.
    """
    body = request.get_json()
    if body["confirm"] != "delete all clips":
        abort(400, 'confirm is "delete all clips".')
    kept = body.get("kept", False)
    if not _purges().start(app_state(), kept):
        abort(409, "All clips are being deleted already.")
    log.info("%s asked to delete all clips%s", _who(), ", kept ones too" if kept else " but kept ones")
    return jsonify(_purge_json()), 202


@blueprint.get("/api/v1/system/clips/deletion")
def deletion() -> ResponseReturnValue:
    """How far the deletion of all clips is, or what became of the last one."""
    return jsonify(_purge_json())


def _system() -> dict[str, Any]:
    state = app_state()
    disk = state.threads.disk
    started, now = process_started(), datetime.now(UTC)
    remembered: Remembered = current_app.extensions.setdefault("birbcam-remembered", Remembered())
    try:
        info = running_recorder(state.settings)
        recorder = {"kind": info.kind, "since": iso(info.started)}
    except RecorderError:
        recorder = None
    return {
        "version": VERSION,
        "now": iso(now),
        "time_zone": state.layout.zone_name,
        "web": {"since": None if started is None else iso(datetime.fromtimestamp(started, UTC))},
        "recorder": recorder,
        "services": [asdict(one) for one in disk(remembered.get, SERVICES_AGE, services)],
        "cameras": [_camera(name) for name in state.settings.camera_names()],
        "motion": disk(_motion, state.layout, now),
        "disks": disk(disks, state.settings),
        "storage": disk(remembered.get, STORAGE_AGE, _storage, state.settings),
        "machine": {**disk(machine), "clock_synchronised": disk(remembered.get, CLOCK_AGE, clock_synchronised)},
        "requests": {
            "available": disk(can_ask, state.layout),
            "known": list(REQUESTS),
            "waiting": disk(waiting, state.layout),
        },
    }


def _camera(name: str) -> dict[str, Any]:
    view = camera_view(name)
    enabled = app_state().settings.cameras[name].enabled
    return {"name": name, "title": view.title, "enabled": enabled, "state": view.state, "since": view.since}


def _motion(layout: Layout, now: datetime) -> dict[str, Any] | None:
    """The last motion pass; `behind` is how many seconds of footage wait to be searched."""
    last = last_pass(layout)
    if last is None:
        return None
    return {
        "began": iso(last.began),
        "ended": iso(last.ended),
        "seconds": round(last.seconds, 3),
        "clips": last.clips,
        "errors": last.errors,
        "behind": {name: _behind(layout, name, until, now) for name, until in sorted(last.until.items())},
    }


def _behind(layout: Layout, camera: str, until: datetime, now: datetime) -> float:
    """From where the search is to the newest segment that is surely finished."""
    newest = segments_of(layout, Stream(camera), since=until, until=now)
    return round(max(0.0, (newest[-1].start - until).total_seconds()), 3) if newest else 0.0


def _storage(settings: Settings) -> dict[str, Any]:
    found = storage_of(settings, datetime.now(UTC))
    return {
        "used": sum(use.total for use in found.uses),
        "clips": sum(use.clip_count for use in found.uses),
        "days_left": found.days_left,
        "days_back": found.days_back,
    }


def _line_json(line: Line) -> dict[str, str]:
    return {"time": iso(line.time), "part": line.part, "level": line.level, "text": line.text}


def _purge_json() -> dict[str, Any]:
    last = _purges().last
    return {"deletion": None if last is None else asdict(last)}


def _purges() -> PurgeBoard:
    board: PurgeBoard = current_app.extensions.setdefault("birbcam-purges", PurgeBoard())
    return board


def _who() -> str:
    who = visitor().user or visitor().token
    return who.name if who else "somebody on this computer"
