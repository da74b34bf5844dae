"""The labelled dev set: drawn footage with its truth; `python bench/scenes.py --list | --write FOLDER [names]`.

See bench/README.md. `SCENES` has every scene by name; `write` makes one's footage, `segments` lays it out as recorded.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from scene_book import SCENES, Film, Scene, Truth, Written  # noqa: E402

__all__ = ["SCENES", "Film", "Scene", "Truth", "Written", "write"]

import cv2  # noqa: E402
import scene_dev  # noqa: E402, F401 - enters its scenes
import scene_dev_air  # noqa: E402, F401
import scene_dev_main  # noqa: E402, F401
import scene_dev_more  # noqa: E402, F401
import scene_held  # noqa: E402, F401
import scene_held_main  # noqa: E402, F401
import scene_held_more  # noqa: E402, F401
from scene_film import write  # noqa: E402


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="labelled footage for the benchmarks")
    parser.add_argument("--list", action="store_true", help="name every scene")
    parser.add_argument(
        "--write", metavar="FOLDER", type=Path, help="make the footage of all scenes, or of those named"
    )
    parser.add_argument("--main", action="store_true", help="the main streams too, of scenes that have one; takes long")
    parser.add_argument("--half", choices=("dev", "held"), help="only this half")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", nargs=2, metavar=("NAME", "PNG"), help="a contact sheet of one scene")
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    cv2.setNumThreads(1)  # small pictures: threads would wait for each other
    unknown = [name for name in asked.names if name not in SCENES]
    if unknown:
        parser.error(f"no scene {unknown[0]!r}; --list names them")
    chosen = [s for s in SCENES.values() if (not asked.names or s.name in asked.names) and asked.half in (None, s.half)]
    if asked.sheet:
        from scene_sheet import sheet

        sheet(SCENES[asked.sheet[0]], asked.seed, Path(asked.sheet[1]))
    elif asked.write:
        for scene in chosen:
            done = write(scene, asked.write, asked.seed, asked.main and scene.main)
            print(f"{scene.name}: {done.detect}")
            for event in done.truth:
                print(f"  {event.start:7.1f} to {event.end:7.1f} s  {event.kind}, {event.frames} frames, {event.px} px")
    else:
        for scene in chosen:
            about = scene.about.splitlines()[0]
            print(f"{scene.half:4} {scene.name:22} {scene.seconds:5.0f} s {'main' if scene.main else '    '} {about}")


if __name__ == "__main__":
    main()
