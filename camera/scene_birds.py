"""The birds of the demo garden: one puppet, posed and coloured by its plumage.

A bird is drawn facing right in units of its perched height, its feet at (0, 0), y downwards. The head is a ball that
can turn, so that its pattern turns with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from camera.scene_paint import Canvas, Floats, Point, Sprite, colour, mix, smooth
from camera.scene_plumage import KINDS, Plumage
from camera.scene_wings import folded_wing, spread_wing

FLAPS = 8
"""Wing positions of one wing beat."""
_UPRIGHT = 36.0  # how steep the body stands when perched, degrees
_BOX = (-1.02, -1.5, 0.98, 0.80)


@dataclass(frozen=True)
class Pose:
    """How the puppet is held; angles in degrees."""

    lean: float = 0.0  # body forward (down)
    nod: float = 0.0  # head down, besides the lean
    turn: float = 0.0  # head: 0 ahead, 90 at the viewer, 180 back
    beak: float = 0.0  # open, 0 to 1
    tail: float = 0.0  # up
    legs: str = "stand"  # "stand", "crouch", "hop", "tuck"
    flap: float | None = None  # wing position, 0 to 1 of a beat, -1 gliding; None: folded


def _beats(name: str, lean: float, nod: float, legs: str, tail: float = 0.0) -> dict[str, Pose]:
    return {f"{name}{i}": Pose(lean, nod, tail=tail, legs=legs, flap=i / FLAPS) for i in range(FLAPS)}


POSES: dict[str, Pose] = {
    "sit": Pose(),
    "breathe": Pose(lean=-2, nod=1, tail=1),
    "alert": Pose(lean=-12, nod=8, tail=-4),
    "look": Pose(lean=-3, nod=6, turn=48),
    "stare": Pose(lean=-3, nod=4, turn=84),
    "back": Pose(lean=-4, nod=4, turn=138),
    "up": Pose(lean=-8, nod=-16, turn=20),
    "down": Pose(lean=10, nod=26, turn=20),
    "peck1": Pose(lean=32, nod=16, tail=4),
    "peck2": Pose(lean=60, nod=24, tail=8),
    "sing0": Pose(lean=-10, nod=-14),
    "sing1": Pose(lean=-12, nod=-20, beak=0.55),
    "sing2": Pose(lean=-13, nod=-24, beak=1.0, tail=-3),
    "flick": Pose(lean=4, tail=24),
    "crouch": Pose(lean=14, nod=-6, legs="crouch", tail=6),
    "hop": Pose(lean=6, nod=-4, legs="hop", tail=-8),
    **_beats("land", -26, 16, "hop", -22),
    **_beats("fly", 24, 0, "tuck"),
    **_beats("rise", 4, 4, "tuck"),
    **_beats("sink", 44, -8, "tuck"),
    "glide": Pose(lean=30, nod=0, legs="tuck", flap=-1),
}


class _Puppet:
    """One pose of one kind while it is being painted."""

    def __init__(self, plumage: Plumage, pose: Pose, scale: float) -> None:
        self.plumage, self.pose = plumage, pose
        self.sheet = Canvas(_BOX, scale)
        drop = {"crouch": 0.06, "stand": 0.0, "hop": -0.02, "tuck": 0.12}[pose.legs]
        self.hip = (0.0, -0.25 + drop)
        self.angle = radians(_UPRIGHT - pose.lean)
        bow = radians(pose.lean)
        self.head = self.hip[0] + 0.175 * cos(bow) + 0.50 * sin(bow), self.hip[1] + 0.175 * sin(bow) - 0.50 * cos(bow)
        self.gaze = radians(pose.lean * 0.55 + pose.nod)

    def local(self, sheet: Canvas, origin: Point, angle: float) -> tuple[Floats, Floats]:
        """Coordinates (along, across towards the back) of a sheet's pixels, turned by `angle`."""
        x, y = sheet.x - origin[0], sheet.y - origin[1]
        return x * cos(angle) - y * sin(angle), -x * sin(angle) - y * cos(angle)

    def point(self, u: float, v: float) -> Point:
        """Where (along the body, towards its back) from the hip lies on the sheet."""
        c, s = cos(self.angle), sin(self.angle)
        return self.hip[0] + u * c - v * s, self.hip[1] - u * s - v * c

    def draw(self) -> Sprite:
        flap, heading = self.pose.flap, self.angle
        if flap is not None:
            spread_wing(self.sheet, self.plumage, self.point(0.22, 0.13), heading, flap, far=True)
        self._tail()
        self._legs()
        self._body()
        if flap is not None:
            spread_wing(self.sheet, self.plumage, self.point(0.16, 0.12), heading, flap, far=False)
        else:
            part = self.sheet.part((self.point(0.25, 0.14), self.point(-0.42, 0.11)), 0.2)
            u, v = self.local(part, self.point(0.06, 0.10), self.angle)
            folded_wing(part, self.plumage, u, v, self.point(0.25, 0.14), self.point(-0.40, 0.11))
        return self.sheet.sprite()

    def _tail(self) -> None:
        p = self.plumage
        lift = radians(self.pose.tail)
        fan = 0.085 if self.pose.flap is not None else 0.03
        for i in (-1, 0, 1):
            root = self.point(-0.22, 0.05)
            tip = self.point(-0.24 - p.tail_length * cos(lift), 0.06 + p.tail_length * sin(lift) + fan * i)
            self.sheet.rod(root, tip, 0.055, 0.034, 0.70 * p.tail)
            self.sheet.rod(root, tip, 0.045, 0.024, (0.88 + 0.12 * i) * p.tail, 0.012)

    def _legs(self) -> None:
        stance = self.pose.legs
        if stance == "tuck":
            return
        for side, shade in ((1, 0.72), (0, 1.0)):
            tone = shade * self.plumage.legs
            foot = (0.02 + 0.085 * side, -0.012) if stance != "hop" else (-0.06 + 0.08 * side, 0.06)
            hip = self.point(0.05 * side, -0.1)
            knee = hip[0] * 0.5 + foot[0] * 0.5 - 0.045, hip[1] * 0.45 + foot[1] * 0.55
            self.sheet.rod(hip, knee, 0.026, 0.016, tone)
            self.sheet.rod(knee, foot, 0.016, 0.013, tone)
            reach = 0.075 if stance != "hop" else 0.04
            for dx, dy in ((reach, 0.004), (reach * 0.75, 0.026), (-0.05, 0.008)):
                self.sheet.rod(foot, (foot[0] + dx, foot[1] + dy), 0.013, 0.009, tone)

    def _body(self) -> None:
        """Body and head as one skin, coloured by regions, lit from above with green light from the lawn below."""
        p = self.plumage
        ru, rv = p.body
        hx, hy = self.head
        centre = self.point(0.06, 0.10)
        sheet = self.sheet.part((self.head, self.point(-0.32, 0.1), self.point(0.4, 0.1), self.point(0.06, -0.2)), 0.25)
        u, v = self.local(sheet, centre, self.angle)
        u, v = u / ru, v / rv
        q = np.hypot(u, v)
        body = q * (q - 1) / (np.hypot(u / ru, v / rv) + 1e-6)
        f, t = (part / p.head_size for part in self.local(sheet, self.head, -self.gaze))
        head = (np.hypot(f, t) - 1) * p.head_size
        blend = np.clip(0.5 + 0.5 * (body - head) / 0.13, 0, 1)
        skin = body + (head - body) * blend - 0.13 * blend * (1 - blend)

        # Which side of the head each visible point belongs to, once it has turned.
        s = np.sqrt(np.clip(1 - f * f - t * t, 0, 1))
        turn = radians(self.pose.turn)
        crown = p.head(f * cos(turn) + s * sin(turn), t, -f * sin(turn) + s * cos(turn), p)

        back = smooth(-0.12, 0.10, v - 0.16 - 0.10 * u)
        chest = smooth(-0.25, 0.35, u - 0.25 * v)
        coat = mix(mix(p.belly, p.breast, chest), p.back, back)
        if p.flank is not None:
            coat = mix(coat, p.flank, 0.8 * smooth(0.16, 0.04, np.abs(v - 0.10 - 0.1 * u)) * chest)
        if p.stripe is not None:
            line = smooth(0.13, 0.06, np.abs(v + 0.62 - 0.25 * u * u)) * smooth(-0.5, -0.1, u)
            coat = mix(coat, p.stripe, line)
        coat = mix(coat, crown, smooth(0.35, 0.75, blend))

        bu, bv = np.clip(u, -1, 1), np.clip(v, -1, 1)
        c, z = cos(self.angle), sin(self.angle)
        nx, ny = bu * c - bv * z, -bu * z - bv * c
        nx, ny = nx + ((sheet.x - hx) / p.head_size - nx) * blend, ny + ((sheet.y - hy) / p.head_size - ny) * blend
        nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1))
        light = 0.60 + 0.42 * np.clip(-0.72 * ny + 0.60 * nz + 0.12 * nx, 0, 1.2)
        grain = np.random.default_rng(7).standard_normal(light.shape, np.float32)
        light *= 1 + 0.02 * (grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1))
        coat = coat * light[..., None]
        coat = mix(coat, colour("fff3d6"), 0.13 * smooth(0.45, 1.0, -0.85 * ny + 0.42 * nz))
        coat = mix(coat, colour("6f7430"), 0.22 * smooth(0.45, 1.0, ny))
        sheet.paint(sheet.cover(skin, 0.006), coat)
        self._face(turn)

    def _face(self, turn: float) -> None:
        p, sheet, r = self.plumage, self.sheet, self.plumage.head_size

        def place(forward: float, up: float, sideways: float = 0.0) -> tuple[Point, float]:
            """A point of the head, in head radii, on the sheet; and how far it faces the viewer."""
            f, depth = forward * cos(turn) - sideways * sin(turn), forward * sin(turn) + sideways * cos(turn)
            c, s = cos(self.gaze), sin(self.gaze)
            return (self.head[0] + r * (f * c + up * s), self.head[1] + r * (f * s - up * c)), depth

        gape = self.pose.beak
        if gape > 0.3:
            sheet.rod(place(0.9, -0.08)[0], place(1.12, -0.12)[0], 0.022, 0.006, colour("c8553f"))
        for sign, reach, opens in ((1, 0.9, 0.575), (-1, 1.0, 0.32)):
            tip = place(0.92 + p.beak_length / r * reach, -0.10 - sign * opens * gape)[0]
            root = place(0.86, -0.08 - sign * 0.10)[0]
            sheet.rod(root, tip, p.beak_depth * 0.72, 0.007, (0.74 if sign > 0 else 1.0) * p.beak)
        for side in (1.0, -1.0):
            (x, y), depth = place(0.56, 0.16, 0.80 * side)
            if depth < 0.12:
                continue
            if p.eye_ring is not None:
                sheet.disc((x, y), 0.050, p.eye_ring)
            sheet.disc((x, y), 0.036, colour("120f10"))
            sheet.disc((x, y + 0.016), 0.018, colour("6b4a2f"), 0.015, 0.35)
            sheet.disc((x + 0.008, y - 0.013), 0.0115, colour("ffffff"))


def draw_bird(kind: str, pose: str, scale: float) -> Sprite:
    """One bird facing right, anchored at its feet; `scale` is pixels per garden unit."""
    plumage = KINDS[kind]
    return _Puppet(plumage, POSES[pose], plumage.height * scale).draw()
