"""The wings of the demo garden's birds: folded along the body, or spread and beating."""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np

from camera.scene_paint import Canvas, Floats, Point, colour, mix, smooth
from camera.scene_plumage import Plumage

_FEATHERS = 10


def folded_wing(sheet: Canvas, plumage: Plumage, u: Floats, v: Floats, shoulder: Point, tip: Point) -> None:
    """Lay a folded wing from `shoulder` to `tip`; (u, v) are the sheet's pixels along and across the body."""
    p = plumage
    d = sheet.taper(shoulder, tip, 0.155, 0.022)
    sheet.paint(0.35 * sheet.cover(d - 0.012, 0.05), colour("2a2418"))
    along = np.clip((0.25 - u) / 0.72, 0, 1)  # 0 at the shoulder, 1 at the tip
    across = v + 0.02
    tone = mix(p.wing, p.back, 0.55 * smooth(0.42, 0.1, along))
    feathers = np.abs(((across * 22 + along * 5.0) % 1.0) - 0.5) * 2
    flight = smooth(0.34, 0.5, along)
    tone = mix(tone, p.wing_edge, 0.55 * smooth(0.72, 0.98, feathers) * flight)
    tone = mix(tone, 0.6 * p.wing, 0.45 * smooth(0.3, 0.05, feathers) * flight)
    scallop = np.sin((across + 0.35 * along) * 70) * 0.5 + 0.5
    tone = mix(tone, p.wing_edge, 0.16 * scallop * smooth(0.42, 0.25, along))
    if p.patch:  # a broad field instead of a narrow bar
        bar = smooth(0.15, 0.11, np.abs(along - 0.52 + 0.6 * across))
        bar *= smooth(-0.16, -0.1, across) * smooth(0.10, 0.05, across)
    else:
        bar = smooth(0.05, 0.025, np.abs(along - 0.40 - 0.9 * across * across - 0.25 * across))
    tone = mix(tone, p.wing_bar, p.bar_share * bar)
    light = 0.74 + 0.30 * smooth(-0.16, 0.18, across)
    sheet.paint(sheet.cover(d, 0.004), tone * light[..., None])


def spread_wing(sheet: Canvas, plumage: Plumage, root: Point, heading: float, flap: float, far: bool) -> None:
    """Lay a spread wing that stands on the body at `root`; `heading` is the body's angle (radians, up).

    `flap` is the place in a beat: 0 wings up, 0.5 down; on the way up the wing is half closed. -1 is gliding.
    """
    p, shade = plumage, 0.64 if far else 1.0
    if flap < 0:
        lift, fold = 12.0, 0.55
    else:
        lift = 6 + 64 * cos(2 * pi * flap)
        fold = 0.12 + 0.42 * max(0.0, -sin(2 * pi * flap))
    if far:
        lift += 10
    rear = pi + heading * 0.75  # towards the tail
    # Seen from the side a wing is a fan between its hand and the body: up it opens forwards, down it closes.
    rise = sin(radians(lift))
    hand = (
        heading * 0.6 + radians(90 + 22 * rise + 38 * fold) if rise > -0.12 else heading * 0.6 - radians(78 + 30 * fold)
    )
    reach = 0.30 + 0.58 * abs(rise) ** 0.8
    arm = 0.20 * (0.45 + 0.55 * abs(rise)) * (1 - 0.3 * fold)
    wrist = root[0] + arm * cos(hand - 0.25), root[1] - arm * sin(hand - 0.25)
    swing = (rear - hand + pi) % (2 * pi) - pi
    tone, edge, dark, cover = shade * p.wing, shade * p.wing_edge, 0.58 * shade * p.wing, shade * p.back
    fan: list[tuple[Point, Point, float]] = []
    for i in range(_FEATHERS):
        share = i / (_FEATHERS - 1)
        inward = max(0.0, share - 0.4) / 0.6
        foot = wrist[0] + (root[0] - 0.04 - wrist[0]) * inward, wrist[1] + (root[1] - wrist[1]) * inward
        angle = hand + swing * (0.02 + 0.86 * share**1.2)
        length = reach * (1 - 0.45 * share**0.9) * (1 - 0.22 * fold)
        length *= 0.93 if i == 0 else 1.0
        fan.append((foot, (foot[0] + length * cos(angle), foot[1] - length * sin(angle)), share))
    for foot, tip, share in reversed(fan):
        sheet.rod(foot, tip, 0.05, 0.040 - 0.010 * (1 - share), dark)
        sheet.rod(foot, tip, 0.045, 0.031 - 0.010 * (1 - share), (0.86 + 0.2 * share) * tone, 0.006)
        sheet.rod(foot, tip, 0.004, 0.003, edge, share=0.55)
    if p.bar_share > 0.3:
        for foot, tip, _ in reversed(fan):
            mid = foot[0] * 0.6 + tip[0] * 0.4, foot[1] * 0.6 + tip[1] * 0.4
            sheet.disc(mid, 0.034 if p.patch else 0.024, shade * p.wing_bar, 0.012, p.bar_share)
    for foot, tip, _ in reversed(fan[1:]):  # coverts lie over the roots of the feathers
        near = foot[0] * 0.74 + tip[0] * 0.26, foot[1] * 0.74 + tip[1] * 0.26
        sheet.rod(foot, near, 0.052, 0.040, 0.55 * tone + 0.45 * cover, 0.008)
    sheet.rod(root, wrist, 0.075, 0.052, 0.35 * tone + 0.65 * cover, 0.008)
    sheet.rod(root, wrist, 0.02, 0.016, edge, 0.03, 0.35)
