"""Other visitors for the half kept out of tuning: soaring birds, a dog, a fox, a deer, a cyclist, a van, a mouse.

Some are outlines taken from scikit-image's photographs; all have skins that the dev half does not use.
"""

from __future__ import annotations

import functools
from math import cos, pi, sin

import cv2
import numpy as np
from scene_actors import DRAWN, Actor, Pose, Shape
from scene_bodies import limb, oval
from scene_paint import Floats, grey


@functools.cache
def outline(name: str, darker: float) -> Floats:
    """The biggest piece of a photograph darker than this, as a polygon of height 1 with its lowest point at y = 0."""
    picture = (grey(name) < darker).astype(np.uint8)
    found, _ = cv2.findContours(picture, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    biggest = max(found, key=cv2.contourArea)
    points = cv2.approxPolyDP(biggest, 2.0, True)[:, 0].astype(np.float64)
    points -= [(points[:, 0].min() + points[:, 0].max()) / 2, points[:, 1].max()]
    return points / np.ptp(points[:, 1])


def deer(pose: Pose, actor: Actor) -> list[Shape]:
    """A four-legged animal with a horse's outline, whose legs and neck go with its step; the size is its height."""
    points = outline("horse", 0.5).copy()
    step = 0.0 if pose.still else pose.way / max(pose.size, 1) * 2 * pi / 1.1
    low = np.clip(points[:, 1] + 0.45, 0, 0.45) / 0.45
    points[:, 0] += 0.12 * low * np.sin(step + np.sign(points[:, 0]) * 1.2) * (not pose.still)
    points[:, 1] += 0.015 * cos(2 * step) * (1 - low)
    return [Shape(points, actor.tone)]


def gull(pose: Pose, actor: Actor) -> list[Shape]:
    """A bird from below that sails more than it flaps; the size is its span."""
    lift = 0.22 * sin(2 * pi * 0.8 * pose.time) + 0.1 * sin(2 * pi * actor.beat * pose.time)
    left = np.array([(0.0, -0.04), (-0.2, -0.12 - lift), (-0.5, -0.02 - lift * 0.6), (-0.2, -0.02 - lift), (0.0, 0.05)])
    right = left * [-1, 1]
    body = oval(0.0, 0.0, 0.05, 0.13, pi / 2)
    return [Shape(left, actor.tone), Shape(right, actor.tone * 0.8), Shape(body, actor.tone * 1.2)]


def wagtail(pose: Pose, actor: Actor) -> list[Shape]:
    """A slim bird: in the air a bundle with blurred fans of wings, on its feet a bobbing tail."""
    tone = actor.tone
    if pose.still or actor.sits:
        bob = 0.08 * max(0.0, sin(pose.time * 2.3)) * sin(pose.time * 14) * actor._.get("nod", 1.0)
        dip = 0.25 * (sin(pose.time * 3.1) > 0.7) * actor._.get("peck", 0.0)
        return [
            Shape(np.array([(-0.2, -0.25), (-0.95, -0.2 + bob), (-0.95, -0.14 + bob), (-0.2, -0.17)]), tone * 0.6),
            Shape(np.array([(-0.25, -0.3), (0.05, -0.42), (0.32, -0.36 + dip), (0.2, -0.15), (-0.1, -0.13)]), tone),
            Shape(np.array([(-0.05, -0.14), (-0.02, 0.0), (0.02, 0.0), (0.02, -0.14)]), tone * 0.5, 0),
            Shape(oval(0.33, -0.42 + dip, 0.12, 0.1), tone * 1.6),
            Shape(np.array([(0.43, -0.43 + dip), (0.55, -0.4 + dip), (0.43, -0.38 + dip)]), tone * 0.4, 0),
        ]
    beats = sin(2 * pi * 0.9 * pose.time) > -0.3  # it flaps for a while and then drops with its wings shut
    lift = sin(2 * pi * actor.beat * pose.time) if beats else 0.1
    wing = np.array([(0.15, 0.0), (-0.05, -0.85 * lift), (-0.22, -0.7 * lift), (-0.15, 0.02)])
    tail = np.array([(-0.2, 0.0), (-0.85, 0.05), (-0.85, 0.12), (-0.2, 0.08)])
    return [Shape(tail, tone * 0.7), Shape(oval(0.05, 0.03, 0.33, 0.12), tone), Shape(wing, tone * 1.2)]


def dog(pose: Pose, actor: Actor) -> list[Shape]:
    """A dog that trots; the size is its length."""
    step = 0.0 if pose.still else pose.way / max(pose.size, 1) * 2 * pi / 1.3
    tone, going = actor.tone, 0.0 if pose.still else 1.0
    legs = []
    for x, turn, shade in ((-0.38, 0.0, 0.8), (-0.3, pi, 1.0), (0.27, pi, 0.8), (0.33, 0.0, 1.0)):
        knee = x + 0.1 * going * sin(step + turn)
        foot = knee + 0.12 * going * sin(step + turn - 0.6)
        legs += [
            Shape(limb(x, -0.4, knee, -0.2, 0.13, 0.07), tone * shade),
            Shape(limb(knee, -0.22, foot, 0, 0.07, 0.05), tone * shade),
        ]
    back = np.array([(-0.45, -0.62), (0.4, -0.66), (0.42, -0.4), (-0.2, -0.36), (-0.46, -0.42)])
    head = np.array(
        [(0.36, -0.68), (0.5, -0.86), (0.6, -0.82), (0.78, -0.72), (0.76, -0.66), (0.58, -0.62), (0.44, -0.5)]
    )
    tail = limb(-0.44, -0.58, -0.7, -0.8 + 0.08 * sin(pose.time * 11), 0.07, 0.04)
    return [*legs, Shape(tail, tone), Shape(back, tone), Shape(head, tone * 1.1)]


def fox(pose: Pose, actor: Actor) -> list[Shape]:
    """Low and long, a thick tail behind; the size is its length."""
    step = 0.0 if pose.still else pose.way / max(pose.size, 1) * 2 * pi / 0.8
    tone = actor.tone
    legs = [
        Shape(limb(x, -0.25, x + 0.1 * sin(step + k * 1.7) * (not pose.still), 0, 0.08, 0.04), tone * 0.6)
        for k, x in enumerate((-0.3, -0.24, 0.24, 0.3))
    ]
    tail = np.array([(-0.36, -0.36), (-0.6, -0.32), (-0.95, -0.2), (-0.98, -0.15), (-0.6, -0.2), (-0.36, -0.28)])
    return [
        *legs,
        Shape(tail, tone * 1.2),
        Shape(oval(-0.03, -0.33, 0.38, 0.11), tone),
        Shape(oval(0.42, -0.4, 0.12, 0.08, 0.3), tone * 1.1),
    ]


def mouse(pose: Pose, actor: Actor) -> list[Shape]:
    """A small dark drop close to the ground."""
    return [
        Shape(oval(0.0, -0.2, 0.45, 0.2), actor.tone),
        Shape(limb(-0.4, -0.1, -0.95, -0.05, 0.06, 0.02), actor.tone),
    ]


def stroller(pose: Pose, actor: Actor) -> list[Shape]:
    """A person in a long coat with a bag (the size is the height); the coat swings, the legs are short strokes."""
    step = 0.0 if pose.still else pose.way / max(pose.size, 1) * 2 * pi / 0.7
    swing = 0.13 * sin(step) * (not pose.still)
    tone = actor.tone
    coat = np.array([(-0.09, -0.82), (0.09, -0.82), (0.14 + 0.1 * swing, -0.3), (-0.14 + 0.1 * swing, -0.28)])
    return [
        Shape(limb(-0.03, -0.33, -0.03 - swing, 0, 0.09, 0.06), tone * 0.4),
        Shape(limb(0.03, -0.33, 0.03 + swing, 0, 0.09, 0.06), tone * 0.5),
        Shape(coat, tone),
        Shape(limb(0.02, -0.76, 0.03 + swing, -0.45, 0.07, 0.05), tone * 1.3),
        Shape(oval(-0.12 - 0.5 * swing, -0.42, 0.06, 0.08), tone * 2.0),
        Shape(oval(0.0, -0.9, 0.055, 0.075), 0.3, 0.3),
        Shape(np.array([(-0.09, -0.93), (0.09, -0.93), (0.05, -1.0), (-0.05, -1.0)]), tone * 0.5),
    ]


def cyclist(pose: Pose, actor: Actor) -> list[Shape]:
    """Somebody on a bicycle; the size is the height of both."""
    turn = pose.way / max(pose.size, 1) * 2 * pi
    tone = actor.tone
    knee = 0.05 + 0.06 * cos(turn), -0.35 + 0.06 * sin(turn)
    wheels = []
    for x in (-0.3, 0.32):
        ring = np.vstack([oval(x, -0.2, 0.2, 0.2), oval(x, -0.2, 0.17, 0.17)[::-1]])
        wheels.append(Shape(ring, 0.03, 0))
    return [
        *wheels,
        Shape(limb(-0.3, -0.2, 0.28, -0.42, 0.03, 0.03), 0.25, 0),
        Shape(limb(0.0, -0.5, *knee, 0.11, 0.09), tone * 0.6),
        Shape(limb(*knee, 0.0 + 0.1 * cos(turn), -0.12 + 0.08 * sin(turn), 0.08, 0.05), tone * 0.5),
        Shape(limb(-0.03, -0.48, 0.13, -0.82, 0.17, 0.2), tone),
        Shape(limb(0.14, -0.78, 0.3, -0.5, 0.07, 0.05), tone * 1.2),
        Shape(oval(0.18, -0.92, 0.06, 0.075), 0.25, 0.3),
    ]


def van(pose: Pose, actor: Actor) -> list[Shape]:
    """A van with a flat front; the size is its length."""
    tone = actor.tone
    body = np.array(
        [
            (-0.5, -0.1),
            (-0.5, -0.46),
            (-0.46, -0.49),
            (0.3, -0.49),
            (0.42, -0.3),
            (0.5, -0.26),
            (0.5, -0.08),
            (-0.5, -0.08),
        ]
    )
    front = np.array([(0.22, -0.44), (0.3, -0.44), (0.39, -0.3), (0.22, -0.29)])
    wheels = [Shape(oval(x, -0.08, 0.085, 0.085), 0.012, 0.2) for x in (-0.28, 0.3)]
    return [
        Shape(body, tone, 0.5),
        Shape(front, 0.04, 0.6),
        Shape(limb(-0.5, -0.25, 0.2, -0.25, 0.04, 0.04), tone * 0.3, 0),
        *wheels,
    ]


DRAWN.update(
    deer=deer, gull=gull, wagtail=wagtail, dog=dog, fox=fox, mouse=mouse, stroller=stroller, cyclist=cyclist, van=van
)
