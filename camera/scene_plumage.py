"""How each kind of bird of the demo garden is coloured: a table of colours, and the pattern of its head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from camera.scene_paint import Colour, Floats, colour, mix, smooth

HeadPattern = Callable[[Floats, Floats, Floats, "Plumage"], Floats]
"""Colours of a head from the direction of each point: forward, up, sideways (-1 to 1)."""


@dataclass(frozen=True, eq=False)
class Plumage:
    """One kind of bird; sizes in parts of its height when perched, colours as painted in full light."""

    name: str
    height: float  # perched, garden units
    back: Colour
    breast: Colour
    belly: Colour
    wing: Colour
    wing_edge: Colour
    wing_bar: Colour
    tail: Colour
    beak: Colour
    head: HeadPattern
    legs: Colour
    bar_share: float = 0.0  # how visible the wing bar is, 0 to 1
    patch: bool = False  # a broad patch on the wing instead of a bar
    stripe: Colour | None = None  # down the middle of the breast
    flank: Colour | None = None  # between breast and back
    eye_ring: Colour | None = None
    beak_length: float = 0.11
    beak_depth: float = 0.042
    body: tuple[float, float] = (0.37, 0.262)
    tail_length: float = 0.42
    head_size: float = 0.205


def _plain(forward: Floats, c: Colour) -> Floats:
    return np.broadcast_to(c, (*forward.shape, 3))


def _side(sideways: Floats) -> Floats:
    return np.abs(sideways)


def _blue_tit(forward: Floats, up: Floats, sideways: Floats, plumage: Plumage) -> Floats:
    field = _plain(forward, colour("fbfaf2"))
    field = mix(field, colour("e6dfb8"), 0.5 * smooth(-0.35, -0.8, up))
    cap = smooth(0.40, 0.52, up + 0.10 * forward) * smooth(1.02, 0.84, forward)
    field = mix(field, colour("2f7fc8"), cap)
    line = smooth(0.115, 0.06, np.abs(up - 0.18 - 0.1 * forward)) * smooth(0.98, 0.9, forward)
    field = mix(field, colour("1d3358"), line)
    collar = smooth(0.12, 0.03, np.abs(up + 0.48 + 0.55 * forward * forward - 0.25)) * smooth(0.35, 0.0, forward)
    field = mix(field, colour("22406e"), np.maximum(collar, smooth(-0.62, -0.78, forward)))
    bib = smooth(-0.42, -0.55, up) * smooth(0.25, 0.5, forward) * smooth(0.5, 0.35, _side(sideways))
    return mix(field, colour("1f2c4a"), bib)


def _great_tit(forward: Floats, up: Floats, sideways: Floats, plumage: Plumage) -> Floats:
    field = _plain(forward, colour("20262f"))
    field = mix(field, colour("3a4a66"), 0.5 * smooth(0.55, 0.95, up))
    a, b = forward - 0.02, up + 0.22
    cheek = smooth(0.56, 0.46, np.hypot(a * 0.95 + 0.25 * b, b * 1.25)) * smooth(0.25, 0.4, _side(sideways))
    return mix(field, colour("fcfbf4"), cheek)


def _robin(forward: Floats, up: Floats, sideways: Floats, plumage: Plumage) -> Floats:
    field = _plain(forward, plumage.back)
    grey = smooth(-0.28, 0.02, forward + 0.5 * smooth(0.4, 0.0, up) - 0.25 * up)
    field = mix(field, colour("a9b3bd"), grey * smooth(0.75, 0.5, up))
    face = smooth(0.0, 0.14, forward + 0.15 - 0.45 * np.maximum(up, 0) + 0.25 * np.minimum(up, 0))
    return mix(field, plumage.breast, face * smooth(0.62, 0.42, up))


def _blackbird(forward: Floats, up: Floats, sideways: Floats, plumage: Plumage) -> Floats:
    return mix(_plain(forward, plumage.back), colour("4a4b57"), 0.6 * smooth(0.3, 0.95, up))


def _goldfinch(forward: Floats, up: Floats, sideways: Floats, plumage: Plumage) -> Floats:
    field = _plain(forward, colour("fbf3e4"))
    field = mix(field, plumage.back, smooth(-0.55, -0.8, forward))
    black = np.maximum(
        smooth(0.46, 0.58, up), smooth(0.16, 0.08, np.abs(forward + 0.22 + 0.3 * up)) * smooth(-0.3, -0.1, up)
    )
    field = mix(field, colour("1d1b1c"), black)
    red = smooth(0.42, 0.54, forward + 0.05 * up)
    field = mix(field, colour("cf2418"), red * smooth(-0.75, -0.6, up) * smooth(0.7, 0.55, up))
    return mix(field, colour("231a18"), smooth(0.945, 0.97, forward))


def _bullfinch(forward: Floats, up: Floats, sideways: Floats, plumage: Plumage) -> Floats:
    field = mix(_plain(forward, plumage.back), plumage.breast, smooth(0.2, -0.1, up - 0.4 * forward))
    cap = np.maximum(smooth(0.24, 0.34, up), smooth(0.62, 0.74, forward))
    return mix(field, colour("16171d"), cap)


KINDS: dict[str, Plumage] = {
    kind.name: kind
    for kind in (
        Plumage(
            "blue tit",
            height=80,
            back=colour("8fa663"),
            breast=colour("f6dc4f"),
            belly=colour("f8eb9c"),
            wing=colour("4a83c4"),
            wing_edge=colour("9cc3e8"),
            wing_bar=colour("fbfaf2"),
            bar_share=1.0,
            tail=colour("4f86c2"),
            beak=colour("3c4048"),
            beak_length=0.085,
            head=_blue_tit,
            legs=colour("5d6b80"),
            head_size=0.222,
            body=(0.36, 0.27),
        ),
        Plumage(
            "great tit",
            height=88,
            back=colour("7d9350"),
            breast=colour("f3d640"),
            belly=colour("f3e27c"),
            wing=colour("6d8497"),
            wing_edge=colour("b6c6d0"),
            wing_bar=colour("f7f6ee"),
            bar_share=0.9,
            tail=colour("566a7e"),
            beak=colour("2e3136"),
            beak_length=0.10,
            head=_great_tit,
            legs=colour("5d6b80"),
            stripe=colour("23262b"),
        ),
        Plumage(
            "robin",
            height=88,
            back=colour("8d7550"),
            breast=colour("e8702a"),
            belly=colour("f3eee2"),
            wing=colour("86694a"),
            wing_edge=colour("b89c74"),
            wing_bar=colour("c9a878"),
            bar_share=0.35,
            tail=colour("7c6044"),
            beak=colour("3d332f"),
            beak_depth=0.03,
            head=_robin,
            flank=colour("a9b3bd"),
            legs=colour("8a6a52"),
            body=(0.37, 0.275),
        ),
        Plumage(
            "blackbird",
            height=90,
            back=colour("2b2a30"),
            breast=colour("312f35"),
            belly=colour("2d2b30"),
            wing=colour("29282e"),
            wing_edge=colour("55545f"),
            wing_bar=colour("3a3942"),
            tail=colour("252429"),
            beak=colour("f2a01f"),
            beak_length=0.17,
            beak_depth=0.04,
            head=_blackbird,
            legs=colour("6a4c30"),
            eye_ring=colour("f4b53a"),
            body=(0.40, 0.245),
            tail_length=0.56,
            head_size=0.19,
        ),
        Plumage(
            "goldfinch",
            height=82,
            back=colour("b98c5c"),
            breast=colour("d9b68a"),
            belly=colour("fbf4e6"),
            wing=colour("26221f"),
            wing_edge=colour("5a514a"),
            wing_bar=colour("ffce1f"),
            bar_share=1.0,
            tail=colour("2b2623"),
            beak=colour("ecd0b0"),
            beak_length=0.125,
            beak_depth=0.055,
            head=_goldfinch,
            patch=True,
            legs=colour("a07a68"),
        ),
        Plumage(
            "bullfinch",
            height=90,
            back=colour("8f99a6"),
            breast=colour("e8705f"),
            belly=colour("ee8a76"),
            wing=colour("23242c"),
            wing_edge=colour("565a68"),
            wing_bar=colour("dfe3e6"),
            bar_share=0.9,
            tail=colour("20212a"),
            beak=colour("22232a"),
            beak_length=0.075,
            beak_depth=0.065,
            head=_bullfinch,
            legs=colour("6b5650"),
            head_size=0.215,
            body=(0.38, 0.282),
        ),
    )
}
