"""What the web app may ask of the system, by request files: the one list of them."""

from __future__ import annotations

REQUESTS: dict[str, tuple[str, ...]] = {
    "restart-recorder": ("restart", "birbcam-recorder.service"),
    "restart-camera": ("restart", "birbcam-camera.service"),
    "restart-web": ("restart", "birbcam-web.service"),
    "reboot": ("reboot",),
    "poweroff": ("poweroff",),
}
"""By the name of the request file: what `systemctl` is told. The file's content counts for nothing."""
