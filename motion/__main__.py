"""`python -m motion`: finds motion in what was recorded and makes clips of it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

from config.errors import BirbCamError, run_main
from config.load import load_settings, use_config
from config.logs import setup_logging
from config.settings import Settings
from config.stopping import stop_on_signal
from mediamtx.clips import Clip
from mediamtx.names import iso
from motion.job import Report, run_pass
from motion.progress import progress_for, say
from motion.rescan import Wish
from motion.times import FORMS, duration, parse_span
from motion.whatif import TRIED, as_values, lines, parse_settings, what_if
from motion.workers import Workers


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="birbcam scan",
        description="Find motion in the finished segments and make event clips: one pass over all cameras.",
    )
    parser.add_argument("--config", metavar="FILE", help="the configuration file (else BIRBCAM_CONFIG)")
    parser.add_argument("--camera", metavar="NAME", help="this camera only")
    parser.add_argument("--json", action="store_true", help="print one JSON document per pass")
    parser.add_argument("--every", metavar="SECONDS", type=_seconds, help="repeat, with this pause, until SIGTERM")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="let the workers of a Dask cluster scan; its scheduler, as tcp://host:8786"
    )
    past = parser.add_argument_group("the past", f"TIME is local: {FORMS}. A day ends with its last second.")
    past.add_argument(
        "--what-if",
        metavar="NAME=VALUE",
        nargs="+",
        action="extend",
        help="tell which events there would be with other settings, from the scores kept of past days (the last 24 "
        f"hours without --since); changes nothing. Can be tried: {', '.join(TRIED)}",
    )
    past.add_argument(
        "--again",
        action="store_true",
        help="scan the footage since TIME again, as far as it is still there, after a change of min_size, say, or of "
        "the program. Clips in which nothing is found any more are removed; kept and deleted ones stay as they are",
    )
    past.add_argument("--since", metavar="TIME", help="from then on; with --what-if or --again")
    past.add_argument("--until", metavar="TIME", help="up to then (now)")
    options = parser.parse_args(arguments)
    if options.what_if is None and not options.again and (options.since or options.until):
        parser.error("--since and --until are for --what-if and --again: without these all that is new is scanned")
    if options.again and options.since is None:
        parser.error('--again needs --since: from when on, as in --since yesterday or --since "2026-11-20 18:03"')
    if options.again and options.what_if is not None:
        parser.error("--what-if judges kept scores and --again makes new ones; take one of them")
    if options.every is not None and (options.again or options.what_if is not None):
        parser.error("--every repeats ordinary passes; leave it out with --what-if and --again")
    return options


def main() -> int:
    """Run one pass, or one after the other; the exit code is 1 where one of them had an error."""
    options = parse_arguments(sys.argv[1:])
    use_config(options.config)
    stop = stop_on_signal()
    settings = load_settings(only_camera=options.camera)
    setup_logging(settings.log_level, settings.log_file, "motion")
    if options.what_if is not None:
        return try_out(settings, options)
    if options.every is not None:
        return run(settings, options, stop)
    wish = None
    if options.again:
        span = parse_span(options.since, options.until, settings.zone, datetime.now(UTC))
        wish = Wish(span, f"{iso(span.start)} {iso(span.end) if options.until else 'now'}")
    with scanning(settings, options) as workers:
        code = run_once(settings, options.json, stop, workers, wish)
    return leave(code, workers)


def try_out(settings: Settings, options: argparse.Namespace) -> int:
    """Tell what other settings would change."""
    values = parse_settings(options.what_if)
    span = parse_span(options.since or "24h", options.until, settings.zone, datetime.now(UTC))
    comparisons = what_if(settings, values, span)
    if options.json:
        print(json.dumps(as_values(comparisons, values, span, settings.zone)))
    else:
        print("\n".join(lines(comparisons, span, settings.zone)))
    return 0


@contextmanager
def scanning(settings: Settings, options: argparse.Namespace) -> Iterator[Workers]:
    """Those who scan; they end with the block."""
    crew = None
    if options.dask is not None or settings.workers:
        from motion.crews import crew_for  # a pass that scans by itself does without

        crew = crew_for(settings.workers, options.dask)
    workers = Workers(crew)
    try:
        yield workers
    finally:
        workers.close()


def leave(code: int, workers: Workers) -> int:
    """The exit code; where workers are left that nobody can end, the process ends here, since Python waits for them."""
    if workers.undead:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def run(settings: Settings, options: argparse.Namespace, stop: Event) -> int:
    """Passes with a pause between, until `stop`; each with the settings as they are then."""
    failed = 0
    said = ""
    while not stop.is_set():
        count = settings.workers
        with scanning(settings, options) as workers:
            while not stop.is_set() and settings.workers == count:
                try:
                    settings = load_settings(only_camera=options.camera)
                    failed |= run_once(settings, options.json, stop, workers)
                    said = ""
                except BirbCamError as error:  # the next pass may find it mended
                    failed = 1
                    if str(error) != said:
                        said = str(error)
                        print(f"birbcam: {said}", file=sys.stderr)
                stop.wait(options.every)
        leave(failed, workers)
    return failed


def run_once(settings: Settings, as_json: bool, stop: Event, workers: Workers, wish: Wish | None = None) -> int:
    """One pass, and what it prints: a line per clip, or one JSON document."""

    def told(clip: Clip) -> None:
        if not as_json:
            say(line(clip, settings))

    with progress_for(not as_json and sys.stderr.isatty()) as progress:
        report = run_pass(settings, lambda: datetime.now(UTC), stop.is_set, told, workers, progress, wish)
    if as_json:
        print(json.dumps(report_values(report)), flush=True)
    elif report.already_running:
        print("already running", flush=True)
    else:
        for clip in report.removed:
            print(f"removed {line(clip, settings)}", flush=True)
        if wish is not None:
            print(summary(report), flush=True)
    if wish is not None and (report.already_running or stop.is_set()):
        left = "try again later" if report.already_running else "the next pass goes on with it"
        print(f"birbcam: not everything was scanned again; {left}", file=sys.stderr)
        return 1
    return 1 if report.errors else 0


def summary(report: Report) -> str:
    """What came of scanning again: `scanned 24.0 min of footage again: 1 clip made, 2 removed, 3 with other boxes`."""
    if not report.rescanned:
        return "nothing was scanned again: there is no footage of that time that was scanned before"
    changes = [
        (len(report.clips), f"clip{'s' * (len(report.clips) != 1)} made"),
        (len(report.removed), "removed"),
        (len(report.renewed), "with another score or other boxes"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in changes if count) or "nothing changed"
    return f"scanned {duration(report.rescanned)} of footage again: {said}"


def line(clip: Clip, settings: Settings) -> str:
    """`front 2026-11-20 18:03:04 motion 14.2 s score 63 best 18:03:09 -> path`, in local time."""
    score = "" if clip.score is None else f" score {clip.score:.0f}"
    best = "" if clip.best is None else f" best {clip.best.astimezone(settings.zone):%H:%M:%S}"
    start = clip.start.astimezone(settings.zone)
    return f"{clip.camera} {start:%Y-%m-%d %H:%M:%S} {clip.kind} {clip.duration:.1f} s{score}{best} -> {clip.path}"


def report_values(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "already_running": report.already_running,
        "clips": [
            {
                "camera": clip.camera,
                "kind": clip.kind,
                "start": iso(clip.start),
                "end": iso(clip.end),
                "windows": [[iso(window.start), iso(window.end)] for window in clip.windows],
                "score": clip.score,
                "best": None if clip.best is None else iso(clip.best),
                "path": str(clip.path),
            }
            for clip in report.clips
        ],
        "removed": [str(clip.path) for clip in report.removed],
        "renewed": [str(clip.path) for clip in report.renewed],
        "scanned_again": report.rescanned,
        "errors": report.errors,
    }


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 86400:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0 and below 86400")
    return value


if __name__ == "__main__":
    sys.exit(run_main(main))
