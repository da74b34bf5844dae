"""Which HTTP status our own errors have."""

from __future__ import annotations

import errno
from http import HTTPStatus

from config.errors import AccountError, BirbCamError, ClipError, ConfigError, RecorderError


def status_of(error: BirbCamError) -> HTTPStatus:
    """The status to answer with; the error's own words are for people."""
    if isinstance(error, RecorderError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, ConfigError):
        return HTTPStatus.CONFLICT  # config.txt or what was saved was made wrong by hand
    if isinstance(error, ClipError):
        return HTTPStatus.CONFLICT  # nothing recorded yet to make a clip of, or no clip any more
    if isinstance(error, AccountError):
        return HTTPStatus.CONFLICT
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return HTTPStatus.INSUFFICIENT_STORAGE
    return HTTPStatus.INTERNAL_SERVER_ERROR
