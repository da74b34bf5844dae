"""Where everything lies on disk; nobody else joins a path below the media, output and state folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path

from config.settings import Settings
from mediamtx.names import Segment, Stream


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one installation; see design: "On disk" in ARCHITECTURE.md."""

    media_dir: Path
    output_dir: Path
    state_dir: Path
    zone: tzinfo
    zone_name: str

    @classmethod
    def of(cls, settings: Settings) -> Layout:
        """The layout that the settings describe."""
        zone = settings.zone
        return cls(settings.media_dir, settings.output_dir, settings.state_dir, zone, str(zone))

    @property
    def recordings(self) -> Path:
        """Holds a folder for each stream."""
        return self.media_dir / "recordings"

    def stream_dir(self, stream: Stream) -> Path:
        """Holds the segments of one stream."""
        return self.recordings / stream.path

    def segment_path(self, segment: Segment) -> Path:
        """The file of one segment."""
        return self.stream_dir(segment.stream) / segment.file_name

    def camera_dir(self, camera: str) -> Path:
        """Holds the day folders with the clips of one camera."""
        return self.output_dir / Stream(camera).path

    def day_of(self, start: datetime) -> date:
        """The local day that a clip starting then belongs to."""
        return start.astimezone(self.zone).date()

    def day_dir(self, camera: str, day: date) -> Path:
        """Holds the clips of one camera that start on one local day."""
        return self.camera_dir(camera) / day.isoformat()

    def trash_dir(self, camera: str) -> Path:
        """Holds what a person deleted, until it is emptied."""
        return self.camera_dir(camera) / ".trash"

    def tombstone_dir(self, camera: str) -> Path:
        """Holds the sidecars of deleted clips as long as their segments live."""
        return self.camera_dir(camera) / ".deleted"

    def sweep_marker(self, camera: str) -> Path:
        """Its modification time says up to which change the day folders were swept of strays."""
        return self.camera_dir(camera) / ".swept"

    def motion_state(self, camera: str) -> Path:
        """The motion job's progress with one camera."""
        return self.state_dir / f".motion_state_{Stream(camera).path}.json"

    def manual_recording(self, camera: str) -> Path:
        """Exists while a manual recording of the camera runs, or is still to become a clip."""
        return self.state_dir / f".manual_{Stream(camera).path}.json"

    @property
    def recorded_sizes(self) -> Path:
        """How much the recordings of each day take: only spares work."""
        return self.state_dir / ".recorded_sizes.json"

    def checked_days(self, camera: str) -> Path:
        """Which days' segments the motion job found to be scanned, all of them: only spares work."""
        return self.state_dir / f".checked_{Stream(camera).path}.json"

    def activity_dir(self, camera: str) -> Path:
        """Holds the motion scores per second of one camera, a file for each UTC day."""
        return self.state_dir / "activity" / Stream(camera).path

    def activity_file(self, camera: str, day: date) -> Path:
        """The motion scores of one UTC day, a byte for each second."""
        return self.activity_dir(camera) / f"{day.isoformat()}.scores"

    @property
    def last_pass(self) -> Path:
        """What the motion job says of its last pass: only for people to see."""
        return self.state_dir / ".last_pass.json"

    @property
    def retention_stuck(self) -> Path:
        """Exists while retention can make no more room; so it is said once and not with each run."""
        return self.state_dir / ".retention_stuck"

    def lock(self, name: str) -> Path:
        """The lock file of one job: "scan", "retention", "recorder", "manual"."""
        return self.state_dir / f".{name}.lock"

    @property
    def recorder_file(self) -> Path:
        """What the running recorder says of itself: its kind and its addresses."""
        return self.state_dir / "recorder.json"

    @property
    def mediamtx_config(self) -> Path:
        """The configuration file written for MediaMTX."""
        return self.state_dir / "mediamtx.yml"

    @property
    def publish_password(self) -> Path:
        """The password that publishers need; made on first use, readable by its owner alone."""
        return self.state_dir / "publish_password"

    @property
    def tools_dir(self) -> Path:
        """Where a downloaded MediaMTX is kept."""
        return self.state_dir / "tools"

    @property
    def hls_library(self) -> Path:
        """The last copy of the recorder's hls.js, with which recordings play while it is down."""
        return self.state_dir / "hls.min.js"

    @property
    def web_password(self) -> Path:
        """The hash of the one password of installations without users; users replace it when they are first written."""
        return self.state_dir / "web_password"

    @property
    def web_users(self) -> Path:
        """The web app's users and the tokens of programs."""
        return self.state_dir / "web_users.json"

    @property
    def web_sessions(self) -> Path:
        """Who is logged in to the web app."""
        return self.state_dir / "web_sessions.json"

    def has_password(self) -> bool:
        """Whether the web app needs a log-in: it has users, or the one password."""
        return self.web_users.exists() or self.web_password.exists()

    @property
    def web_secret(self) -> Path:
        """The key that signs the web app's sessions."""
        return self.state_dir / "web_secret"

    @property
    def setup_code(self) -> Path:
        """The one-time code of an installation with which the first visitor sets the password; gone after that."""
        return self.state_dir / "setup_code"

    @property
    def requests_dir(self) -> Path:
        """Where the web app leaves request files for the root path unit (restart, reboot, power off)."""
        return self.state_dir / "requests"

    @property
    def removals_dir(self) -> Path:
        """Holds an empty file for each camera of which nothing is to be left."""
        return self.state_dir / "removals"
