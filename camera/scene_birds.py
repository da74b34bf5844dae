"""The birds of the demo garden: one drawing, posed like a puppet and coloured by its plumage.

A bird is drawn facing right in units of its perched height, its feet at (0, 0), y downwards. The head is a ball that
can turn, so that its pattern turns with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np

from camera.scene_paint import Canvas, Colour, Floats, Sprite, colour, mix, smooth
from camera.scene_plumage import KINDS, Plumage

FLAPS = 8
"""Wing positions of one wing beat."""
_UPRIGHT = 36.0  # how steep the body stands when perched, degrees
_BOX = (-1.02, -1.42, 0.98, 0.72)
_HIP = (0.0, -0.25)


@dataclass(frozen=True)
class Pose:
    """How the puppet is held; angles in degrees."""

    lean: float = 0.0  # body forward (down)
    nod: float = 0.0  # head down, besides the lean
    turn: float = 0.0  # head towards the viewer: 0 in profile, 90 looks at you, 180 looks back
    beak: float = 0.0  # open, 0 to 1
    tail: float = 0.0  # up
    legs: str = "stand"  # "stand", "crouch", "hop", "tuck"
    flap: float | None = None  # wing position, 0 to 1 of a beat; None: folded


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
    **{f"land{i}": Pose(lean=-26, nod=16, legs="hop", tail=-22, flap=i / FLAPS) for i in range(FLAPS)},
    **{f"fly{i}": Pose(lean=24, nod=0, legs="tuck", flap=i / FLAPS) for i in range(FLAPS)},
    **{f"rise{i}": Pose(lean=4, nod=4, legs="tuck", flap=i / FLAPS) for i in range(FLAPS)},
    **{f"sink{i}": Pose(lean=44, nod=-8, legs="tuck", flap=i / FLAPS) for i in range(FLAPS)},
    "glide": Pose(lean=30, nod=0, legs="tuck", flap=-1),
}


class _Puppet:
    """One pose of one kind while it is being painted."""

    def __init__(self, plumage: Plumage, pose: Pose, scale: float) -> None:
        self.plumage, self.pose = plumage, pose
        self.sheet = Canvas(_BOX, scale)
        drop = {"crouch": 0.06, "stand": 0.0, "hop": -0.02, "tuck": 0.12}[pose.legs]
        self.hip = (_HIP[0], _HIP[1] + drop)
        self.angle = radians(_UPRIGHT - pose.lean)
        self.u, self.v = self._local(self._point(0.06, 0.10), self.angle)
        bow = radians(pose.lean)
        self.head = self.hip[0] + 0.175 * cos(bow) + 0.50 * sin(bow), self.hip[1] + 0.175 * sin(bow) - 0.50 * cos(bow)
        self.gaze = radians(pose.lean * 0.55 + pose.nod)
        grain = np.random.default_rng(7).standard_normal(self.sheet.alpha.shape, np.float32)
        self.grain: Floats = 1 + 0.035 * (grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1)) / 1.7

    def _local(self, origin: tuple[float, float], angle: float) -> tuple[Floats, Floats]:
        x, y = self.sheet.x - origin[0], self.sheet.y - origin[1]
        return x * cos(angle) - y * sin(angle), -x * sin(angle) - y * cos(angle)

    def _point(self, u: float, v: float) -> tuple[float, float]:
        """Where (along the body, towards its back) from the hip lies on the sheet."""
        return (
            self.hip[0] + u * cos(self.angle) - v * sin(self.angle),
            self.hip[1] - u * sin(self.angle) - v * cos(self.angle),
        )

    def _rod(self, a: tuple[float, float], b: tuple[float, float], r0: float, r1: float) -> Floats:
        return self.sheet.taper(*a, *b, r0, r1)

    def draw(self) -> Sprite:
        spread = self.pose.flap is not None
        if spread:
            self._wing(far=True)
        self._tail()
        self._legs()
        self._body()
        if spread:
            self._wing(far=False)
        else:
            self._folded_wing()
        return self.sheet.sprite()

    def _tail(self) -> None:
        p, sheet = self.plumage, self.sheet
        lift = radians(self.pose.tail)
        fan = 0.085 if self.pose.flap is not None else 0.03
        dark = 0.72 * p.tail
        for i in (-1, 0, 1):
            a, b = (
                self._point(-0.22, 0.05),
                self._point(-0.24 - p.tail_length * cos(lift), 0.06 + p.tail_length * sin(lift) + fan * i),
            )
            d = self._rod(a, b, 0.055, 0.034)
            sheet.paint(sheet.cover(d), dark)
            sheet.paint(sheet.cover(d + 0.012, 0.01), (0.86 + 0.12 * i) * p.tail)

    def _legs(self) -> None:
        p, sheet = self.plumage, self.sheet
        stance = self.pose.legs
        if stance == "tuck":
            return
        for side, shade in ((1, 0.72), (0, 1.0)):
            tone: Colour = shade * p.legs
            foot = (0.02 + 0.085 * side, -0.012) if stance != "hop" else (-0.06 + 0.08 * side, 0.06)
            hip = self._point(0.0 + 0.05 * side, -0.1)
            knee = (hip[0] * 0.5 + foot[0] * 0.5 - 0.045, hip[1] * 0.45 + foot[1] * 0.55)
            for a, b, r0, r1 in ((hip, knee, 0.024, 0.014), (knee, foot, 0.014, 0.012)):
                sheet.paint(sheet.cover(self._rod(a, b, r0, r1)), tone)
            reach = 0.075 if stance != "hop" else 0.04
            for dx, dy in ((reach, 0.004), (reach * 0.75, 0.026), (-0.05, 0.008)):
                sheet.paint(sheet.cover(self._rod(foot, (foot[0] + dx, foot[1] + dy), 0.012, 0.008)), tone)

    def _body(self) -> None:
        p, sheet, u, v = self.plumage, self.sheet, self.u, self.v
        ru, rv = p.body
        q = np.hypot(u / ru, v / rv)
        body = q * (q - 1) / (np.hypot(u / ru**2, v / rv**2) + 1e-6)
        hx, hy = self.head
        hu, hv = self._local(self.head, -self.gaze)
        head = np.hypot(hu, hv) - p.head_size
        blend = np.clip(0.5 + 0.5 * (body - head) / 0.13, 0, 1)
        skin = body + (head - body) * blend - 0.13 * blend * (1 - blend)

        # The ball of the head: the direction of each visible point, turned about its own axis.
        f, t = hu / p.head_size, hv / p.head_size
        s = np.sqrt(np.clip(1 - f * f - t * t, 0, 1))
        turn = radians(self.pose.turn)
        forward, sideways = f * cos(turn) + s * sin(turn), -f * sin(turn) + s * cos(turn)
        crown = p.head(forward, t, sideways, p)

        back = smooth(-0.12, 0.10, v / rv - 0.16 - 0.10 * u / ru)
        chest = smooth(-0.25, 0.35, u / ru - 0.25 * v / rv)
        coat = mix(mix(np.broadcast_to(p.belly, (*u.shape, 3)), p.breast, chest), p.back, back)
        if p.name == "robin":
            coat = mix(coat, colour("a9b3bd"), 0.8 * smooth(0.16, 0.04, np.abs(v / rv - 0.10 - 0.1 * u / ru)) * chest)
        if p.stripe:
            stripe = smooth(0.13, 0.06, np.abs(v / rv + 0.62 - 0.25 * (u / ru) ** 2)) * smooth(-0.5, -0.1, u / ru)
            coat = mix(coat, colour("23262b"), stripe)
        coat = mix(coat, crown, smooth(0.35, 0.75, blend))

        # Light from above, a little from the front, and green coming back from the lawn.
        bu, bv = np.clip(u / ru, -1, 1), np.clip(v / rv, -1, 1)
        nx = mix_scalar(bu * cos(self.angle) - bv * sin(self.angle), (sheet.x - hx) / p.head_size, blend)
        ny = mix_scalar(-bu * sin(self.angle) - bv * cos(self.angle), (sheet.y - hy) / p.head_size, blend)
        nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1))
        light = 0.60 + 0.42 * np.clip(-0.72 * ny + 0.60 * nz + 0.12 * nx, 0, 1.2)
        coat = coat * (light * self.grain)[..., None]
        sheen = 0.13 * smooth(0.45, 1.0, -0.85 * ny + 0.42 * nz)
        coat = mix(coat, colour("fff3d6"), sheen)
        coat = mix(coat, colour("4d5a2a"), 0.28 * smooth(0.35, 0.95, ny))
        sheet.paint(sheet.cover(skin, 0.006), coat)
        self._face(turn)

    def _face(self, turn: float) -> None:
        p, sheet = self.plumage, self.sheet
        r = p.head_size

        def place(forward: float, up: float, sideways: float) -> tuple[float, float, float]:
            """A point of the head, in head radii, on the sheet; and how far it faces the viewer."""
            f, depth = forward * cos(turn) - sideways * sin(turn), forward * sin(turn) + sideways * cos(turn)
            c, s = cos(self.gaze), sin(self.gaze)
            return self.head[0] + r * (f * c - up * -s), self.head[1] + r * (f * s - up * c), depth

        def beak() -> None:
            bx, by, _ = place(0.9, -0.08, 0)
            open_ = self.pose.beak
            for sign, reach in ((1, 0.9), (-1, 1.0)):
                tip = place(
                    0.92 + p.beak_length / r * reach, -0.10 - sign * 0.46 * open_ * (1.25 if sign > 0 else 0.7), 0
                )
                root = place(0.86, -0.08 - sign * 0.10, 0)
                d = sheet.taper(root[0], root[1], tip[0], tip[1], p.beak_depth * 0.72, 0.006)
                tone = (0.74 if sign > 0 else 1.0) * p.beak
                sheet.paint(sheet.cover(d), tone)
            if open_ > 0.3:
                x, y, _ = place(1.12, -0.12, 0)
                sheet.paint(sheet.cover(self._rod((bx, by), (x, y), 0.02, 0.006)), colour("c8553f"))

        if turn < radians(100):
            beak()
        for side in (1.0, -1.0):
            x, y, depth = place(0.56, 0.16, 0.80 * side)
            if depth < 0.12:
                continue
            size = 0.036
            if p.eye_ring is not None:
                sheet.paint(sheet.cover(sheet.circle(x, y, size + 0.014)), p.eye_ring)
            elif p.name not in ("great tit", "bullfinch", "goldfinch"):
                sheet.paint(0.5 * sheet.cover(sheet.circle(x, y, size + 0.008), 0.01), colour("efe8da"))
            sheet.paint(sheet.cover(sheet.circle(x, y, size)), colour("120f10"))
            sheet.paint(sheet.cover(sheet.circle(x, y + 0.016, size * 0.5), 0.015) * 0.35, colour("6b4a2f"))
            sheet.paint(sheet.cover(sheet.circle(x + 0.008, y - 0.013, 0.0115)), colour("ffffff"))

    def _folded_wing(self) -> None:
        p, sheet, u, v = self.plumage, self.sheet, self.u, self.v
        shoulder, tip = self._point(0.25, 0.14), self._point(-0.40, 0.11)
        d = self._rod(shoulder, tip, 0.155, 0.022)
        sheet.paint(0.35 * sheet.cover(d - 0.012, 0.05), colour("2a2418"))
        along = np.clip((0.31 - (u + 0.06)) / 0.72, 0, 1)  # 0 at the shoulder, 1 at the tip
        across = v + 0.02
        tone = mix(np.broadcast_to(p.wing, (*u.shape, 3)), p.back, 0.55 * smooth(0.42, 0.1, along))
        feathers = np.abs(((across * 22 + along * 5.0) % 1.0) - 0.5) * 2
        tone = mix(tone, p.wing_edge, 0.55 * smooth(0.72, 0.98, feathers) * smooth(0.34, 0.5, along))
        tone = mix(tone, 0.6 * p.wing, 0.45 * smooth(0.3, 0.05, feathers) * smooth(0.34, 0.5, along))
        scallop = np.sin((across + 0.35 * along) * 70) * 0.5 + 0.5
        tone = mix(tone, p.wing_edge, 0.16 * scallop * smooth(0.42, 0.25, along))
        bar = smooth(0.05, 0.025, np.abs(along - 0.40 - 0.9 * across * across - 0.25 * across))
        if p.name == "goldfinch":
            bar = (
                smooth(0.15, 0.11, np.abs(along - 0.52 + 0.6 * across))
                * smooth(-0.16, -0.1, across)
                * smooth(0.10, 0.05, across)
            )
        tone = mix(tone, p.wing_bar, p.bar_share * bar)
        light = 0.74 + 0.30 * smooth(-0.16, 0.18, across)
        sheet.paint(sheet.cover(d, 0.004), tone * (light * self.grain)[..., None])

    def _wing(self, far: bool) -> None:
        """A spread wing: arm and hand, and feathers that fan out between them and the body."""
        p, sheet = self.plumage, self.sheet
        flap = self.pose.flap or 0.0
        if flap < 0:  # gliding: wings half closed
            lift, fold = -8.0, 0.72
        else:
            beat = cos(2 * pi * flap)  # 1: top of the upstroke
            lift = 8 + 62 * beat
            fold = 0.16 + 0.34 * max(0.0, -sin(2 * pi * flap - 0.3)) * (1 if flap > 0.5 else 0.6)
        if far:
            lift, fold = lift * 0.92 + 9, fold + 0.05
        side = sin(radians(lift))
        root = self._point(0.20 + 0.04 * far, 0.15)
        arm, hand = 0.26 * (1 - 0.35 * fold), 0.52 * (1 - 0.45 * fold)
        # Direction of the arm on the picture: up or down with the beat, never quite edge on, swept back by the fold.
        up = (90 if side >= 0 else -90) * (abs(side) ** 0.6)
        sweep = 16 + 45 * fold
        heading = radians(_UPRIGHT - self.pose.lean)
        a1 = heading * 0.5 + radians(up * 0.95 + (sweep if up >= 0 else -sweep) * 0.6)
        wrist = root[0] + arm * cos(a1), root[1] - arm * sin(a1)
        a2 = a1 + radians(sweep if up >= 0 else -sweep)
        shade = 0.66 if far else 1.0
        rear = pi + heading * 0.6  # along the body towards the tail
        turn_back = ((rear - a2 + pi) % (2 * pi)) - pi
        base: Colour = shade * p.wing
        edge: Colour = shade * p.wing_edge
        dark: Colour = 0.62 * shade * p.wing
        back: Colour = shade * p.back
        count = 9
        for i in reversed(range(count)):
            share = i / (count - 1)
            k = max(0.0, share - 0.45) / 0.55  # from here on the feathers stand on the arm
            foot = (wrist[0] + (root[0] - wrist[0]) * k, wrist[1] + (root[1] - wrist[1]) * k)
            angle = a2 + turn_back * (0.06 + 0.80 * share**1.15)
            length = hand * (1.0 - 0.52 * share**0.8) + 0.03
            tip = foot[0] + length * cos(angle), foot[1] - length * sin(angle)
            d = self._rod(foot, tip, 0.045, 0.030)
            sheet.paint(sheet.cover(d), dark)
            sheet.paint(sheet.cover(d + 0.010, 0.008), base)
            shaft = self._rod(foot, tip, 0.004, 0.003)
            sheet.paint(0.6 * sheet.cover(shaft), edge)
            if p.bar_share > 0.5:
                mid = (foot[0] * 0.62 + tip[0] * 0.38, foot[1] * 0.62 + tip[1] * 0.38)
                band: Colour = shade * p.wing_bar
                sheet.paint(p.bar_share * sheet.cover(sheet.circle(*mid, 0.030), 0.01), band)
        for a, b, r0, r1 in ((root, wrist, 0.085, 0.062), (wrist, self._part(wrist, a2, hand * 0.42), 0.062, 0.03)):
            d = self._rod(a, b, r0, r1)
            sheet.paint(sheet.cover(d, 0.006), 0.45 * base + 0.55 * back)
            sheet.paint(0.5 * sheet.cover(d + r0 * 0.55, 0.03), edge)

    @staticmethod
    def _part(start: tuple[float, float], angle: float, length: float) -> tuple[float, float]:
        return start[0] + length * cos(angle), start[1] - length * sin(angle)


def mix_scalar(first: Floats, second: Floats, share: Floats) -> Floats:
    return first + (second - first) * share


def draw_bird(kind: str, pose: str, scale: float) -> Sprite:
    """One bird facing right, anchored at its feet; `scale` is pixels per garden unit."""
    plumage = KINDS[kind]
    return _Puppet(plumage, POSES[pose], plumage.height * scale).draw()
