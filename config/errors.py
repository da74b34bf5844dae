"""The errors of BirbCam, and the one place that turns them into exit codes.

    BirbCamError
    ├── ConfigError          a setting is missing, unknown or wrong
    │   └── OutdatedError    somebody else changed the settings meanwhile
    ├── RecordingError       footage could not be taken in or read
    │   ├── RecorderError    the recorder is missing, did not start or does not answer
    │   ├── SegmentError     a segment cannot be read
    │   └── ClipError        a clip could not be cut or published
    ├── StorageError         a folder is read-only, missing or full
    ├── CameraError          a source cannot be opened or published
    ├── StateError           the motion job's state cannot be kept
    ├── WorkersError         those who are to scan footage cannot be had
    ├── WebError             the web app cannot start
    ├── AccountError         a user or a token cannot be made or changed so
    └── InstallError         the system refuses a step of the installation

Every message names the cure: "ffmpeg not found; install it with: sudo apt install ffmpeg".
"""

from __future__ import annotations

import sys
from collections.abc import Callable


class BirbCamError(Exception):
    """Anything that BirbCam can explain; the message names the cure."""

    exit_code = 1


class ConfigError(BirbCamError):
    """A setting is missing, unknown or wrong; `problems` has one line for each mistake."""

    exit_code = 2

    def __init__(self, problems: str | list[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else problems
        super().__init__("\n".join(self.problems))


class OutdatedError(ConfigError):
    """Somebody else changed the settings since they were looked at; nothing was changed."""


class RecordingError(BirbCamError):
    """Footage could not be taken in or read."""


class RecorderError(RecordingError):
    """The recorder is missing, did not start or does not answer."""


class SegmentError(RecordingError):
    """A segment cannot be read."""


class ClipError(RecordingError):
    """A clip could not be cut or published."""


class StorageError(BirbCamError):
    """A folder is read-only, missing or full."""


class CameraError(BirbCamError):
    """A source cannot be opened or published."""


class StateError(BirbCamError):
    """The motion job's state cannot be kept."""


class WorkersError(BirbCamError):
    """Those who are to scan footage cannot be had."""


class WebError(BirbCamError):
    """The web app cannot start."""


class AccountError(BirbCamError):
    """A user or a token cannot be made or changed so; the message is for whoever tried."""


class InstallError(BirbCamError):
    """The system refuses a step of the installation."""


def run_main(main: Callable[[], int]) -> int:
    """Run a command and turn its errors into an exit code; used by every `__main__`.

    Returns what `main` returns, 130 after Ctrl-C, and the error's own `exit_code` for a `BirbCamError`,
    whose message goes to stderr without a traceback. Anything else is a bug and keeps its traceback.
    """
    try:
        return main()
    except BirbCamError as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            print(f"birbcam: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
