"""Contact sheets of scenes: what they look like, with the events around."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scene_book import Scene
from scene_film import DETECT_FPS, measured, painter

COLUMNS = 4


def sheet(scene: Scene, seed: int, path: Path, count: int = 16, times: list[float] | None = None) -> None:
    """Pictures spread over the scene, half of them where somebody is there; below each its time and the px changed."""
    paint = painter(scene, seed)
    if times is None:
        every = np.linspace(0, scene.seconds - 0.4, count // 2)
        busy = [t for t in np.arange(0, scene.seconds, 0.2) if any(a.pose(t) is not None for a in paint.world.actors)]
        times = sorted(
            [*every, *(np.array(busy)[np.linspace(0, len(busy) - 1, count // 2).astype(int)] if busy else every + 0.2)]
        )
    cells = []
    for time in times:
        picture, changed = measured(paint, round(time * DETECT_FPS))
        shown = cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420)
        shown = cv2.resize(shown, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
        label = f"{time:.1f} s {sorted(changed.values(), reverse=True)[:3] if changed else ''}"
        cv2.putText(shown, label, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1, cv2.LINE_AA)
        cells.append(shown)
    rows = [np.hstack(cells[at : at + COLUMNS]) for at in range(0, len(cells) - len(cells) % COLUMNS, COLUMNS)]
    cv2.imwrite(str(path), np.vstack(rows))
