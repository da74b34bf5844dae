"""Child processes of the demo, with real ones."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.errors import BirbCamError
from launcher import processes
from launcher.processes import Part, Terminal
from waiting import wait_until

pytestmark = pytest.mark.slow


def part(name: str, code: str, out: io.StringIO) -> Part:
    return Part(name, [sys.executable, "-u", "-c", code], os.environ, Terminal(out))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_each_line_carries_the_name_of_its_process() -> None:
    out = io.StringIO()
    one = part("web", "print('hello'); print('w\\u00f6rld')", out)
    one.start()
    wait_until(lambda: not one.running, 10, "the process ended")
    one.end()
    assert out.getvalue() == "     web | hello\n     web | wörld\n"


def test_a_part_that_dies_is_started_again_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RESTART_PAUSE", 0.05)
    out = io.StringIO()
    one = part("camera", "print('up'); import time; time.sleep(60)", out)
    one.start()
    wait_until(lambda: out.getvalue().count("up") == 1, 10, "started")
    assert one._process is not None
    one._process.kill()

    def again() -> bool:
        one.heal()
        return out.getvalue().count("up") == 2

    wait_until(again, 10, "started again")
    one.end()
    assert out.getvalue().count("camera ended (SIGKILL); starting it again") == 1


def test_a_part_that_cannot_start_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RESTART_PAUSE", 0.0)
    one = part("camera", "raise SystemExit(3)", io.StringIO())
    one.start()
    deadline = time.monotonic() + 20
    with pytest.raises(BirbCamError, match="camera does not stay up"):
        while time.monotonic() < deadline:
            one.heal()
    one.end()


def test_end_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, pathlib, time; c = subprocess.Popen(['sleep', '300']);"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(c.pid)); time.sleep(300)"
    )
    one = part("web", code, io.StringIO())
    one.start()
    child = int(wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 10, "child") or 0)
    one.end()
    assert not one.running
    wait_until(lambda: not alive(child), 5, "the grandchild is gone")


def test_children_end_when_the_demo_is_killed(tmp_path: Path) -> None:
    script = f"""
import os, sys, time, io
from launcher.processes import Part, Terminal
p = Part("web", ["sleep", "300"], os.environ, Terminal(sys.stdout))
p.start()
open({str(tmp_path / "pid")!r}, "w").write(str(p._process.pid))
time.sleep(300)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": "."})
    text = wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 10, "child started")
    assert alive(int(text))
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(int(text)), 5, "the child ended with its parent")
