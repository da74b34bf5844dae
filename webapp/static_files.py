"""Scripts, styles and pictures: addresses that change with the file, so that browsers keep them for good."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, request

FOREVER = 365 * 86400  # s


def version_static_files(app: Flask) -> None:
    """`url_for("static", ...)` carries the file's version; what is asked for without is looked at again each time."""
    folder = Path(app.static_folder or "")
    versions: dict[tuple[str, int], str] = {}

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint != "static" or "v" in values:
            return
        path = folder / values["filename"]
        try:
            key = (values["filename"], path.stat().st_mtime_ns)
            if key not in versions:
                versions[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        except OSError:
            return  # the address of a file that is not there leads to 404, not to an error in the page
        values["v"] = versions[key]

    def max_age(filename: str | None) -> int | None:
        return FOREVER if "v" in request.args else None

    app.get_send_file_max_age = max_age  # type: ignore[method-assign]
