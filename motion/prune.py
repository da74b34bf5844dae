"""Removing the scores of days long past: they feed charts, and tell which of the segments on disk were scanned."""

from __future__ import annotations

import logging
import os
import re
from datetime import date

from mediamtx.layout import Layout
from mediamtx.listing import first_segment
from mediamtx.names import RELEASED, Stream

log = logging.getLogger(__name__)
DAYS_KEPT = 400
"""The files of so many days are kept, the newest ones: a chart of a year, and the same time a year ago."""
_NAME = re.compile(r"\d{4}-\d\d-\d\d\.scores", re.ASCII)


def prune_activity(layout: Layout, camera: str) -> None:
    """Remove the files of a camera's oldest days, as far as its oldest segment is younger.

    Files are counted, not compared with the clock, which may be wrong. Raises StorageError where that cannot be told.
    """
    folder = layout.activity_dir(camera)
    try:
        names = sorted(filter(_NAME.fullmatch, os.listdir(folder)))  # noqa: PTH208
        old = names[:-DAYS_KEPT]
        oldest = _oldest_day(layout, camera) if old else None
        for name in old:
            if oldest is None or name[:10] < oldest.isoformat():
                (folder / name).unlink(missing_ok=True)
                log.info("removed the motion scores of %s, of %s", name[:10], camera)
    except FileNotFoundError:
        pass  # nothing was scanned yet
    except OSError as error:
        log.warning("%s: old scores cannot be removed: %s", folder, error.strerror)


def _oldest_day(layout: Layout, camera: str) -> date | None:
    streams = (Stream(camera, detect) for detect in (False, True))
    firsts = [first for stream in streams if (first := first_segment(layout, stream, RELEASED))]
    return min(firsts, key=lambda segment: segment.start).start.date() if firsts else None
