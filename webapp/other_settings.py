"""The pages of settings that are about no camera: recording, storage, network, about, doctor."""

from __future__ import annotations

import importlib.metadata
import logging
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, abort, jsonify, render_template
from flask.typing import ResponseReturnValue

from config.effect import ONLY_IN_FILE
from config.errors import RecorderError
from config.redaction import redact
from mediamtx.addresses import running_recorder
from mediamtx.usage import storage_of
from webapp.camera_pages import Group, common
from webapp.following import following
from webapp.programs import run, turn
from webapp.setting_fields import fields_of, keys_but
from webapp.settings_api import stored_settings
from webapp.state import app_state

KEPT = ("retention.segment_days", "retention.clip_days", "retention.max_used", "retention.keep_free")
RECORDED = (
    *("time_zone", "web.longest_recording", "mediamtx.segment", "mediamtx.detect_segment", "mediamtx.part"),
    *("recorder", "workers"),
)
PAGE = ("web.host", "web.port", "web.session_days")
DOCTOR_TIME = 90.0  # s; a program that does not answer takes 20 s of it

log = logging.getLogger(__name__)
_doctors = threading.BoundedSemaphore(1)

blueprint = Blueprint("other_settings", __name__)


@blueprint.get("/settings/recording")
def recording() -> ResponseReturnValue:
    """What is kept for how long, and how it is recorded."""
    stored = stored_settings()
    groups = [
        Group("What is kept", fields_of(stored, KEPT), "Oldest first over all cameras; kept clips never go."),
        Group("Recording", fields_of(stored, RECORDED), folded=True),
    ]
    return render_template("settings/groups.html", groups=groups, **common(stored))


@blueprint.get("/settings/network")
def network() -> ResponseReturnValue:
    """Addresses and ports, and what has no other place."""
    stored = stored_settings()
    rest = keys_but((*KEPT, *RECORDED, *PAGE))
    tables = {
        "web": "More of this page",
        "settings_server": "Settings server",
        "mediamtx": "Recorder",
        "": "Logs and the rest",
    }
    groups = [Group("This page", fields_of(stored, PAGE))]
    for table, title in tables.items():
        keys = [key for key in rest if key.rpartition(".")[0] == table]
        groups.append(Group(title, fields_of(stored, keys), folded=True))
    others = [key for key in rest if key.rpartition(".")[0] not in tables]
    groups.append(Group("Other", fields_of(stored, others), folded=True))
    return render_template(
        "settings/groups.html",
        groups=[group for group in groups if group.fields],
        **common(stored),
    )


@blueprint.get("/settings/storage")
def storage() -> ResponseReturnValue:
    """What takes how much of the disk."""
    state = app_state()
    found = state.threads.disk(storage_of, state.settings, datetime.now(UTC))
    titles = {name: camera.title or name for name, camera in state.settings.cameras.items()}
    return render_template("settings/storage.html", storage=found, titles=titles, rules=state.settings.retention)


@blueprint.get("/settings/about")
def about() -> ResponseReturnValue:
    """Version, addresses, and whose work this stands on."""
    state = app_state()
    try:
        recorder = running_recorder(state.settings)
    except RecorderError:
        recorder = None
    stored = stored_settings()
    return render_template(
        "settings/about.html",
        recorder=recorder,
        config_file=stored.now.config_file,
        saved_file=stored.now.saved_file,
        by_hand=[field for field in fields_of(stored, sorted(ONLY_IN_FILE)) if field.value],
        packages=packages(),
        python=sys.version.partition(" ")[0],
    )


@blueprint.get("/settings/doctor")
def doctor() -> ResponseReturnValue:
    """What is right and wrong here; the page asks for it."""
    return render_template("settings/doctor.html")


@blueprint.post("/api/v1/settings/doctor")
def examine() -> ResponseReturnValue:
    """What the doctor says: {"lines": [{"state": "ok", "note" or "wrong", "text"}]}; takes some seconds."""
    config, state = following().environ.get("BIRBCAM_CONFIG", ""), app_state()
    own = f"port {state.settings.web.port} (web.port) is taken"  # by this very program
    with turn(_doctors, "The doctor is looking already; try again in a few seconds."):
        lines = [line for line in state.threads.disk(_examine, config) if not line.text.startswith(own)]
    return jsonify({"lines": [{"state": line.state, "text": line.text} for line in lines]})


@blueprint.app_template_filter()
def amount(size: float) -> str:
    """Bytes for people: 1.4 GB."""
    power = next((power for power in range(4) if size < 1000 ** (power + 1)), 4)
    number, unit = size / 1000**power, ("bytes", "kB", "MB", "GB", "TB")[power]
    return f"{number:.0f} {unit}" if number >= 100 or power == 0 else f"{number:.1f} {unit}"


@blueprint.app_template_filter()
def span(days: float) -> str:
    """A number of days for people: 3 hours, 12 days."""
    hours = days * 24
    if hours < 1:
        return "less than an hour"
    if hours < 48:
        return f"{hours:.0f} hour{'s' * (round(hours) != 1)}"
    return f"{days:.0f} days" if days < 730 else f"{days / 365:.0f} years"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the doctor's."""

    state: str  # "ok", "note" or "wrong"
    text: str


def doctor_lines(output: str) -> list[Line]:
    """What the doctor printed, line by line; the sum at the end is left out."""
    states = {"ok": "ok", "note": "note", "WRONG": "wrong"}
    split = (line.split(maxsplit=1) for line in output.splitlines())
    return [Line(states[parts[0]], parts[1]) for parts in split if len(parts) == 2 and parts[0] in states]


def packages() -> list[tuple[str, str, str]]:
    """The Python packages that this runs on: name, version, licence."""
    found = {}
    for one in importlib.metadata.distributions():
        meta = one.metadata
        found[str(meta["Name"])] = (
            one.version,
            _licence((meta.get_all("License-Expression") or [""])[0], meta.get_all("Classifier") or ()),
        )
    return sorted(
        ((name, version, licence) for name, (version, licence) in found.items()), key=lambda row: row[0].lower()
    )


def _licence(expression: str, classifiers: Iterable[str]) -> str:
    told = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: ")]
    return expression or ", ".join(line for line in told if line != "OSI Approved") or "see the package"


def _examine(config: str) -> list[Line]:
    command = [sys.executable, "-m", "launcher", "doctor", *(("--config", config) if config else ())]
    done = run(command, DOCTOR_TIME)
    if done.code is None:
        abort(504, f"The doctor did not end within {DOCTOR_TIME:g} s; a disk or a device may hang.")
    lines = doctor_lines(done.output.decode(errors="replace"))
    if not lines:
        log.error("the doctor failed (exit code %d): %s", done.code, redact(done.errors[-2000:]))
        abort(500, "The doctor itself failed; the log of the web app says why.")
    return lines
