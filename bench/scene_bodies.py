"""The shapes of birds, people, cats and cars, by pose; each body has size 1, its feet (or its middle) at y = 0."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from scene_actors import DRAWN, Actor, Pose, Shape
from scene_paint import Floats

_ROUND = np.linspace(0, 2 * pi, 18, endpoint=False)


def oval(x: float, y: float, wide: float, high: float, turn: float = 0.0) -> Floats:
    """An ellipse by its middle and half axes."""
    a, b = wide * np.cos(_ROUND), high * np.sin(_ROUND)
    return np.stack([x + a * cos(turn) - b * sin(turn), y + a * sin(turn) + b * cos(turn)], 1)


def limb(x: float, y: float, to_x: float, to_y: float, thick: float, thin: float) -> Floats:
    """A stretched quadrilateral from one point to another."""
    dx, dy = to_x - x, to_y - y
    length = max(np.hypot(dx, dy), 1e-6)
    nx, ny = -dy / length / 2, dx / length / 2
    return np.array(
        [(x + nx * thick, y + ny * thick), (to_x + nx * thin, to_y + ny * thin), (to_x - nx * thin, to_y - ny * thin),
         (x - nx * thick, y - ny * thick)]
    )  # fmt: skip


def bird(pose: Pose, actor: Actor) -> list[Shape]:
    """A songbird from the side: flapping while it goes through the air, wings folded where it sits or hops."""
    tone = actor.tone
    if pose.still or actor.sits:
        nod = actor._.get("nod", 1.0)
        look = np.floor(pose.time * 0.9 + 3 * sin(pose.time * 0.37))  # the head turns now and then, at once
        turned = nod * 0.05 * sin(look * 2.4)
        tail = 0.03 * nod * sin(look * 5.1)
        peck = max(0.0, sin(pose.time * 5.0)) ** 3 * actor._.get("peck", 0.0)
        drop = 0.35 * peck
        return [
            Shape(limb(-0.3, -0.28, -0.75, -0.2 + tail, 0.16, 0.1), tone * 0.7),
            Shape(limb(-0.05, -0.15, -0.02, 0.0, 0.05, 0.04), tone * 0.5),
            Shape(oval(0.0, -0.3 + drop * 0.2, 0.36, 0.22, -0.25 + drop), tone),
            Shape(oval(0.06, -0.22 + drop * 0.3, 0.25, 0.13, -0.2 + drop), tone * 1.9),
            Shape(oval(-0.08, -0.32, 0.26, 0.1, 0.1), tone * 0.75),
            Shape(oval(0.3 + turned, -0.5 + drop, 0.16, 0.14), tone * 0.9),
            Shape(limb(0.43 + turned * 2, -0.5 + drop, 0.58 + turned * 2, -0.47 + drop, 0.07, 0.01), tone * 0.6, 0),
        ]
    lift = sin(2 * pi * actor.beat * pose.time)
    wing = np.array([(0.2, -0.05), (0.05, -0.75 * lift - 0.05), (-0.3, -0.6 * lift), (-0.2, 0.0)])
    back = wing * np.array([0.85, 0.9]) + np.array([0.1, -0.03])
    return [
        Shape(back, tone * 1.1),
        Shape(limb(-0.25, 0.0, -0.6, 0.03, 0.16, 0.2), tone * 0.8),
        Shape(oval(0.0, 0.0, 0.38, 0.15), tone),
        Shape(oval(0.05, 0.05, 0.28, 0.09), tone * 1.7),
        Shape(oval(0.36, -0.05, 0.13, 0.11), tone * 0.9),
        Shape(wing, tone * 0.85),
    ]


def person(pose: Pose, actor: Actor) -> list[Shape]:
    """Somebody who walks; the size is the height, the feet are at the path."""
    step = 0.0 if pose.still else pose.way / max(pose.size, 1) * 2 * pi / 0.8
    swing = 0.0 if pose.still else 0.16 * sin(step)
    bob = 0.0 if pose.still else 0.012 * cos(2 * step)
    cloth, trousers = actor.tone, actor._.get("trousers", actor.tone * 0.5)
    hip, neck = -0.48 + bob, -0.82 + bob
    return [
        Shape(limb(0.0, neck + 0.05, -swing * 1.1, hip + 0.06, 0.07, 0.05), cloth * 0.7),
        Shape(limb(-0.01, hip, -swing, -0.01, 0.12, 0.07), trousers * 0.8),
        Shape(limb(0.01, hip, swing, 0.0, 0.12, 0.07), trousers),
        Shape(oval(0.0, (hip + neck) / 2, 0.11, 0.21), cloth),
        Shape(limb(0.0, neck + 0.05, swing * 1.1, hip + 0.06, 0.07, 0.05), cloth * 1.1),
        Shape(oval(0.015, -0.91 + bob, 0.06, 0.08), actor._.get("face", 0.25), 0.3),
        Shape(oval(-0.01, -0.945 + bob, 0.062, 0.055), 0.03, 0.3),
    ]


def cat(pose: Pose, actor: Actor) -> list[Shape]:
    """A cat from the side; the size is its length without the tail."""
    step = 0.0 if pose.still else pose.way / max(pose.size, 1) * 2 * pi / 0.9
    tone = actor.tone
    parts = []
    for index, (x, turn) in enumerate([(-0.32, 0.0), (-0.26, 2.4), (0.25, 3.3), (0.31, 0.9)]):
        swing = 0.0 if pose.still else 0.12 * sin(step + turn)
        parts.append(Shape(limb(x, -0.28, x + swing, 0.0, 0.11, 0.06), tone * (0.75 if index % 2 else 0.95)))
    wag = 0.1 * sin(pose.time * 2.1) if not pose.still else 0.0
    return [
        *parts,
        Shape(limb(-0.4, -0.38, -0.72, -0.55 + wag, 0.08, 0.05), tone * 0.85),
        Shape(oval(-0.02, -0.36, 0.42, 0.15), tone),
        Shape(oval(-0.02, -0.28, 0.34, 0.07), tone * 1.4),
        Shape(oval(0.45, -0.47, 0.13, 0.12), tone),
        Shape(np.array([(0.36, -0.54), (0.39, -0.68), (0.46, -0.57)]), tone * 0.8),
        Shape(np.array([(0.46, -0.57), (0.52, -0.68), (0.55, -0.53)]), tone * 0.8),
    ]


def car(pose: Pose, actor: Actor) -> list[Shape]:
    """A car from the side; the size is its length, its wheels touch the path."""
    tone = actor.tone
    body = np.array(
        [(-0.5, -0.1), (-0.5, -0.21), (-0.44, -0.25), (0.28, -0.24), (0.47, -0.19), (0.5, -0.12), (0.49, -0.07),
         (-0.48, -0.07)]
    )  # fmt: skip
    roof = np.array([(-0.38, -0.24), (-0.27, -0.38), (0.04, -0.385), (0.24, -0.24)])
    glass = np.array([(-0.33, -0.25), (-0.25, -0.355), (0.03, -0.36), (0.19, -0.25)])
    return [
        Shape(np.array([(-0.46, -0.1), (0.46, -0.1), (0.44, 0.0), (-0.44, 0.0)]), 0.01, 0),
        Shape(roof, tone * 0.9, 0.3),
        Shape(glass, 0.05, 0.8),
        Shape(limb(-0.1, -0.37, -0.1, -0.24, 0.02, 0.02), tone * 0.8, 0),
        Shape(body, tone, 0.35),
        Shape(limb(-0.5, -0.12, 0.49, -0.1, 0.03, 0.03), tone * 0.4, 0.3),
        Shape(oval(-0.3, -0.075, 0.075, 0.075), 0.012, 0.3),
        Shape(oval(0.31, -0.075, 0.075, 0.075), 0.012, 0.3),
        Shape(oval(-0.3, -0.075, 0.04, 0.04), 0.2, 0.3),
        Shape(oval(0.31, -0.075, 0.04, 0.04), 0.2, 0.3),
    ]


DRAWN.update(bird=bird, person=person, cat=cat, car=car)
