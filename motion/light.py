"""Light that changes: the background as it would look in the light of a picture."""

from __future__ import annotations

import cv2
import numpy as np

from motion.background import Picture

REACH = 7  # coarse px over which light is taken as even: 28 px, wider than a bird, narrower than a cloud's edge is soft
DARK = 8.0  # grey levels added to both sides of a ratio, so that noise in the dark makes no light
OTHER = 1.5  # grey levels by which light is another at least
NOTABLE = 0.05  # share by which light changes
WIDE = 0.15  # of the picture
TRUST = 0.125  # of a compensation that may be wrong

_NEAR = np.ones((REACH, REACH), np.uint8)


def coarse(picture: Picture) -> Picture:
    """Mean grey levels over areas of REACH x REACH coarse px, float32."""
    height, width = picture.shape
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, (half.shape[1] // 2, half.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.blur(small.astype(np.float32), (REACH, REACH))


def lit(model: Picture, model_coarse: Picture, picture: Picture) -> Picture:
    """The background in the light of the picture, uint8; the same where that is no other."""
    ratio = change(model_coarse, picture)
    return model if ratio is None else shone(model, ratio)


def change(model_coarse: Picture, picture: Picture) -> Picture | None:
    """How much brighter it is, by coarse px, than the background; None where that is no other light."""
    shown = coarse(picture)
    if float(cv2.norm(shown, model_coarse, cv2.NORM_INF)) < OTHER:
        return None
    return np.asarray((shown + DARK) / (model_coarse + DARK))


def shone(model: Picture, ratio: Picture) -> Picture:
    """The background in that light."""
    height, width = model.shape
    wide = cv2.resize(ratio, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(model, wide, dtype=cv2.CV_8U)


def is_wide(ratio: Picture) -> bool:
    """Whether the light has changed over more of the picture than anything in it covers."""
    return bool(np.count_nonzero(np.abs(ratio - 1.0) > NOTABLE) > WIDE * ratio.size)


def beyond(model: Picture, ratio: Picture, picture: Picture) -> Picture:
    """By how much the picture lies outside any light that there is nearby, as at the edge of a cloud's shadow."""
    low, high = (shone(model, change) for change in (cv2.erode(ratio, _NEAR), cv2.dilate(ratio, _NEAR)))
    return cv2.max(cv2.subtract(low, picture), cv2.subtract(picture, high))
