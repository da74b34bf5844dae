"""Machines inside this one: Debian trixie with the real systemd, libcamera and picamera2, and a virtual camera.

    with Chroot() as inside: inside.run("python3 -m camera --help")       not booted; this machine's network and devices
    with Machine() as machine: machine.run("systemctl start x")           booted by systemd, with a network of its own

Both begin as the same root (`trixie_prepare.py`) and forget everything at the end. They see the checkout at `/birbcam`,
read-only, and run commands with it on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from trixie_prepare import DIST_PACKAGES, trixie_root
from virtual_camera import HOOK
from waiting import wait_until

CHECKOUT = Path(__file__).parent.parent
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SIZES = ((1920, 1080), (1280, 720), (640, 360), (320, 180))  # px; what the virtual camera can be asked for
PREFIX = "birbcam-trixie-"
CONTROL = "run/virtual_camera.json"

__all__ = ["CHECKOUT", "Chroot", "Machine", "trixie_root"]


class Inside:
    """A root of its own that can be written to, in memory; what both kinds share."""

    def __init__(self, size: str = "4g") -> None:
        self.path = Path()
        self._root = trixie_root()
        self._size = size
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._prepare()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def command(
        self, command: str | Sequence[str], user: str = "root", environment: Mapping[str, str] | None = None
    ) -> list[str]:
        """What to run here so that `command` (a line for the shell, or words) runs in there, by `user`."""
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        home, uid = self._home_and_uid(user)
        variables = {"HOME": home, "USER": user, "LOGNAME": user, "PATH": PATH, "LANG": "C.UTF-8"}
        variables |= {"PYTHONPATH": "/birbcam", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        if user != "root":
            variables["XDG_RUNTIME_DIR"] = f"/run/user/{uid}"
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *words]
        assignments = [f"{name}={value}" for name, value in (variables | dict(environment or {})).items()]
        return [*self._enter(), "env", "-i", "--chdir=/", *assignments, *words]

    def run(
        self,
        command: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float = 60.0,
        user: str = "root",
        environment: Mapping[str, str] | None = None,
        input: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in there to its end; with `check` it must succeed."""
        done = subprocess.run(
            self.command(command, user, environment),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}),  # type: ignore[call-overload]
        )
        if check and done.returncode != 0:
            shown = command if isinstance(command, str) else shlex.join(command)
            raise AssertionError(f"{shown}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> Path:
        """Write a file in there, with the folders above it; its path as seen from here."""
        # Not by joining alone: an absolute symbolic link in there would lead out.
        target = self.path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)
        return target

    def cameras(self, *models: str, frames: str = "", sizes: Sequence[tuple[int, int]] = SIZES) -> None:
        """Which camera modules are there, by model (`imx708_wide`); none unplugs all. Counts for who looks anew.

        They show bars, or the pictures 0.jpg, 1.jpg ... of the folder `frames` in there, again and again.
        """
        shown = f"frames:\n    path: {json.dumps(frames)}" if frames else 'test_pattern: "bars"'
        formats = "".join(f"\n  - width: {w}\n    height: {h}\n    frame_rates: [30, 60]" for w, h in sizes)
        text = "%YAML 1.1\n---\n" + "".join(
            f'"Virtual{number}":\n  supported_formats:{formats}\n  {shown}\n'
            f'  location: "CameraLocationBack"\n  model: "{model}"\n'
            for number, model in enumerate(models)
        )
        self.write("usr/share/libcamera/pipeline/virtual/virtual.yaml", text if models else "%YAML 1.1\n---\n{}\n")

    def camera_control(self, **values: object) -> None:
        """Set light and faults of the virtual cameras from now on (see `virtual_camera.py`)."""
        path = Path(f"/{CONTROL}")
        temporary = f"{path}.new"
        self.run(["sh", "-c", f"cat >{temporary} && mv {temporary} {path}"], input=json.dumps(values))

    def _prepare(self) -> None:
        _remove_orphans()
        base = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._undo.callback(_remove_empty, base)
        self._mount(base, "-t", "tmpfs", "-o", f"size={self._size}", "birbcam-test")
        self._undo.callback(shutil.rmtree, base / "upper", ignore_errors=True)
        for name in ("upper", "work", "root"):
            (base / name).mkdir()
        self.path = base / "root"
        layers = f"lowerdir={self._root},upperdir={base / 'upper'},workdir={base / 'work'}"
        self._mount(self.path, "-t", "overlay", "-o", layers, "overlay")
        (self.path / "birbcam").mkdir()
        self.write(f"{DIST_PACKAGES}/virtual_camera.py", (CHECKOUT / "tests/virtual_camera.py").read_bytes())
        self.write(f"{DIST_PACKAGES}/virtual_camera_hook.py", HOOK)
        self.write(f"{DIST_PACKAGES}/virtual_camera.pth", "import virtual_camera_hook\n")
        self.cameras("imx708_wide")

    def _mount(self, target: Path, *arguments: str) -> None:
        subprocess.run(["mount", *arguments, str(target)], check=True, capture_output=True, text=True)
        self._undo.callback(subprocess.run, ["umount", "--lazy", str(target)], check=False, capture_output=True)

    def _home_and_uid(self, user: str) -> tuple[str, int]:
        for line in (self.path / "etc/passwd").read_text().splitlines():
            entry = line.split(":")
            if entry[0] == user:
                return entry[5], int(entry[2])
        raise AssertionError(f"no user {user} in there")

    def _enter(self) -> list[str]:
        raise NotImplementedError


class Chroot(Inside):
    """The root without a boot: each command is a process of this machine, which signals reach and /proc shows."""

    def _prepare(self) -> None:
        super()._prepare()
        for name in ("proc", "sys", "dev"):
            self._mount(self.path / name, "--bind", f"/{name}")
        self._mount(self.path / "dev/shm", "-t", "tmpfs", "tmpfs")
        self._mount(self.path / "run", "-t", "tmpfs", "tmpfs")
        self._mount(self.path / "birbcam", "--bind", "-o", "ro", str(CHECKOUT))

    def _enter(self) -> list[str]:
        return ["chroot", str(self.path)]


class Machine(Inside):
    """The root booted by its own systemd, with nothing of this machine but the kernel.

    Its network reaches no further than this machine: it has `address`, and this machine is `host_address` to it.
    `binds` are folders of this machine that it sees read-only, by the path in there.
    """

    def __init__(self, binds: Mapping[str, Path] | None = None, size: str = "4g") -> None:
        super().__init__(size)
        number = os.getpid() % 16384
        self.name = f"birb{os.getpid()}"
        self.host_address, self.address = (
            f"10.{200 + number // 4096}.{number // 16 % 256}.{number % 16 * 16 + last}" for last in (1, 2)
        )
        self._binds = {"/birbcam": CHECKOUT} | dict(binds or {})
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._nspawn is not None:
            self.kill()
        super().__exit__(kind, error, trace)

    @property
    def interface(self) -> str:
        """This machine's end of the cable between them; `ip link set INTERFACE down` pulls it."""
        return f"ve-{self.name}"

    def boot(self) -> None:
        """Start it, and wait until systemd has started everything."""
        log = self.path.parent / "console.log"
        command = ["systemd-nspawn", "--quiet", "-D", str(self.path), "--boot", "--register=no", "--keep-unit"]
        command += ["--network-veth", f"--machine={self.name}", "--console=read-only", "--resolv-conf=off"]
        command += [f"--bind-ro={ours}:{theirs}" for theirs, ours in self._binds.items()]
        _kill_orphans()
        groups = _make_cgroups(self.name)
        enter_groups = " && ".join(
            [*(f"echo $$ >{group}/cgroup.procs" for group in groups), f"exec {shlex.join(command)}"]
        )
        with log.open("wb") as output:
            self._nspawn = subprocess.Popen(
                ["sh", "-c", enter_groups],
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leader = wait_until(self._find_leader, 20, f"the machine starts: {log.read_text(errors='replace')}")
        wait_until(self._is_up, 60, "systemd in there is up", pause=0.1)
        for words in (
            ["ip", "address", "replace", f"{self.host_address}/28", "dev", self.interface],
            ["ip", "link", "set", self.interface, "up"],
            [*self._nsenter(), "ip", "address", "replace", f"{self.address}/28", "dev", "host0"],
            [*self._nsenter(), "ip", "link", "set", "host0", "up"],
        ):
            subprocess.run(words, check=True, capture_output=True)

    def kill(self) -> None:
        """Pull the plug: everything in there dies at once. What it has written stays; `boot()` starts it again."""
        if self._leader:
            try:
                os.kill(self._leader, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._ended()

    def stop(self) -> None:
        """Shut it down in order."""
        subprocess.run(self.command(["systemctl", "poweroff", "--no-wall"]), capture_output=True, check=False)
        self._ended()

    def reboot(self) -> None:
        """Shut it down in order and start it again."""
        self.stop()
        self.boot()

    def journal(self, unit: str) -> str:
        """What a unit has said."""
        return self.run(["journalctl", "--no-pager", "-o", "short-precise", "-u", unit], check=False).stdout

    def _prepare(self) -> None:
        super()._prepare()
        self.boot()

    def _ended(self) -> None:
        assert self._nspawn is not None
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._nspawn.pid, signal.SIGKILL)
            self._nspawn.wait()
        self._nspawn, self._leader = None, 0
        _remove_cgroups(self.name)

    def _find_leader(self) -> int:
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, (self.path.parent / "console.log").read_text(errors="replace")
        pid = self._nspawn.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            try:
                status = Path(f"/proc/{child}/status").read_text()
            except OSError:
                continue  # a helper, gone already
            numbers = status.partition("NSpid:")[2].partition("\n")[0].split()
            if len(numbers) > 1 and numbers[-1] == "1":
                return int(child)
        return 0

    def _is_up(self) -> bool:
        words = [*self._nsenter(), "systemctl", "is-system-running"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
        return done.stdout.strip() in ("running", "degraded")

    def _enter(self) -> list[str]:
        # In a control group of that machine: its logind does not know what to do with others.
        groups = [root / f"birbcam-{self.name}/payload/init.scope/cgroup.procs" for root in _cgroup_roots()]
        join = "; ".join(f"test -e {group} && echo $$ >{group}" for group in groups)
        return ["sh", "-c", f'{join}; exec "$0" "$@"', *self._nsenter()]

    def _nsenter(self) -> list[str]:
        assert self._leader, "the machine is not running"
        spaces = ["--mount", "--uts", "--ipc", "--pid", "--cgroup", "--net", "--root"]
        return ["nsenter", "-t", str(self._leader), *spaces]


def _cgroup_roots() -> list[Path]:
    """Where systemd in there looks for its control groups: both halves of a hybrid system, or the one of a new one."""
    hybrid = [Path("/sys/fs/cgroup") / name for name in ("systemd", "unified")]
    return [root for root in hybrid if root.exists()] or [Path("/sys/fs/cgroup")]


def _kill_orphans() -> None:
    """Ends machines whose tests were killed: nobody else does."""
    for root in _cgroup_roots():
        for group in root.glob("birbcam-birb*"):
            pid = group.name.removeprefix("birbcam-birb")
            if not Path("/proc", pid).exists():
                for processes in group.rglob("cgroup.procs"):
                    for orphan in processes.read_text().split():
                        try:
                            os.kill(int(orphan), signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                _remove_cgroups(group.name.removeprefix("birbcam-"))


def _make_cgroups(name: str) -> list[Path]:
    """Control groups of the machine's own: two machines must not share them."""
    groups = [root / f"birbcam-{name}" for root in _cgroup_roots()]
    for group in groups:
        group.mkdir(exist_ok=True)
    return groups


def _remove_cgroups(name: str) -> None:
    for root in _cgroup_roots():
        group = root / f"birbcam-{name}"
        deadline = time.monotonic() + 5
        while group.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(group, topdown=False):
                try:
                    Path(folder).rmdir()
                except OSError:
                    time.sleep(0.01)  # its last process is just going


def _remove_orphans() -> None:
    """Gives back the memory of roots whose tests were killed."""
    for base in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = base.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
            for mount in reversed([mount for mount in mounts if Path(mount).is_relative_to(base)]):
                subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
            _remove_empty(base)


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        pass  # still mounted where something in there lives on
