"""The demo: the whole pipeline in one terminal, ended together."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.errors import BirbCamError, ConfigError, RecorderError, StorageError
from config.load import load_settings
from config.settings import CAMERA_NAME, RecorderSettings, Settings, WebSettings
from config.stopping import stop_on_signal
from launcher.ports import EVERYWHERE, EVERYWHERE_HOSTS, PORT_HOSTS, free_port, is_free
from launcher.processes import Part, Terminal
from mediamtx.addresses import running_recorder
from mediamtx.layout import Layout

WRITTEN_BY_US = "# Written anew by every start of `./birbcam demo`."
SCAN_INTERVAL = 10  # s; an installation scans every 30 s, but who tries the demo is waiting for the first clip
STARTUP = 60.0  # s within which every part must be up
CLOCK_STRIP = [[[0.4, 0.97], [1, 0.97], [1, 1], [0.4, 1]]]  # where the drawn camera shows the time, relative


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says."""

    directory: Path
    host: str
    port: int | None
    camera: str
    recorder: str


def run_demo(options: DemoOptions) -> int:
    """Run recorder, camera, web app and motion job until Ctrl-C or SIGTERM; the exit code.

    Everything lies in `options.directory`; a second start goes on with what is there. Raises ConfigError where an
    option is wrong or a port that was asked for is taken.
    """
    stop = stop_on_signal(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    terminal = Terminal(sys.stdout)
    check_not_running(options)
    check_password(options)
    config_file = write_config(options, terminal.say)
    environment = os.environ | {"BIRBCAM_CONFIG": str(config_file), "PYTHONUNBUFFERED": "1"}
    for variable in ("BIRBCAM_CAMERA", "BIRBCAM_MEDIA_DIR", "BIRBCAM_OUTPUT_DIR", "BIRBCAM_STATE_DIR"):
        environment.pop(variable, None)  # the demo touches no other installation
    settings = load_settings(environment)
    commands = {
        "recorder": ["mediamtx"],
        "camera": ["camera", options.camera],
        "web": ["webapp"],
        "motion": ["motion", "--every", f"{settings.scan_interval:g}"],
    }
    parts = [Part(name, [sys.executable, "-m", *command], environment, terminal) for name, command in commands.items()]
    try:
        for part in parts:
            part.start()
            if part.name == "recorder":
                _wait_for(stop, parts, lambda: _recorder_answers(settings), "the recorder")
        address = web_address(settings)
        _wait_for(stop, parts, lambda: _healthy(address), "the web app")
        if not stop.is_set():
            terminal.say(f"open {address} in a browser; Ctrl-C ends the demo")
            if settings.web.host in EVERYWHERE_HOSTS:
                terminal.say(f"from other computers: http://{own_address()}:{settings.web.port}/")
        while not stop.wait(0.5):
            for part in parts:
                part.heal()
    finally:
        terminal.say("ending: closing the recordings")
        # The camera first: its publisher says goodbye, so that the recorder closes the segments at once.
        for name in ("camera", "motion", "web", "recorder"):
            next(part for part in parts if part.name == name).end()
    return 0


def write_config(options: DemoOptions, say: Callable[[str], None]) -> Path:
    """Write the demo's configuration file, with free ports; its path.

    Ports that nobody asked for move to the next free one, which is said; a taken --port is a ConfigError.
    """
    if not CAMERA_NAME.fullmatch(options.camera):
        raise ConfigError(f"--camera {options.camera}: not a camera name; allowed are a-z, 0-9 and -")
    web = options.port
    if web is None:
        web = free_port("web.port", options.host, WebSettings().port, set(), say)
    elif not 1 <= web <= 65535:
        raise ConfigError(f"--port {web}: out of range; allowed: 1 to 65535")
    elif not is_free(options.host, web):
        raise ConfigError(f"port {web} (--port, setting web.port) is taken; choose another, or leave out --port")
    used = {web}
    ports = {}
    for name in ("rtsp_port", "hls_port", "webrtc_port", "api_port", "metrics_port", "embedded_port"):
        wanted: int = getattr(RecorderSettings(), name)
        host = PORT_HOSTS.get(name, "127.0.0.1")
        ports[name] = free_port(f"mediamtx.{name}", host, wanted, used, say)
        used |= {ports[name], ports[name] + 1}  # the embedded recorder takes a second one
    udp = RecorderSettings().webrtc_udp_port
    while not is_free(EVERYWHERE, udp, socket.SOCK_DGRAM):
        udp += 1
    ports["webrtc_udp_port"] = udp
    directory = options.directory.absolute()
    text = "\n".join([
        WRITTEN_BY_US,
        'media_dir = "."', 'output_dir = "clips"', 'state_dir = "state"', 'log_file = "log.txt"',
        f'recorder = "{options.recorder}"', f"scan_interval = {SCAN_INTERVAL}", "",
        "[web]", f"host = {json.dumps(options.host)}", f"port = {web}", "",
        "[mediamtx]", *(f"{name} = {port}" for name, port in ports.items()), "",
        f"[cameras.{options.camera}]", f'title = "{options.camera.replace("-", " ").capitalize()}"',
        'source = "demo"', "# the clock at the bottom of the drawn picture", f"ignore = {json.dumps(CLOCK_STRIP)}", "",
    ])  # fmt: skip
    path = directory / "config.txt"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.read_text(errors="replace").startswith(WRITTEN_BY_US):
            raise ConfigError(f"{path} was written by somebody else; choose another folder with --dir")
        path.write_text(text)
    except OSError as error:
        raise StorageError(f"{directory}: cannot be written ({error.strerror}); choose another with --dir") from error
    return path


def place_of(options: DemoOptions) -> Settings:
    """Where the demo keeps its things; the rest of the settings at their defaults."""
    directory = options.directory.absolute()
    return Settings(media_dir=directory, output_dir=directory / "clips", state_dir=directory / "state")


def check_not_running(options: DemoOptions) -> None:
    """ConfigError where a demo runs in this folder already; its files must not be touched."""
    try:
        running_recorder(place_of(options))
    except RecorderError:
        return
    raise ConfigError(f"a demo is already running in {options.directory.absolute()}; end it, or choose another --dir")


def check_password(options: DemoOptions) -> None:
    """ConfigError where the page would be open to the network without a password; before anything is started."""
    if _is_loopback(options.host) or Layout.of(place_of(options)).has_password():
        return
    state = place_of(options).state_dir
    raise ConfigError(
        f"--host {options.host} opens the page to the network, which needs a password; set one with: "
        f"BIRBCAM_STATE_DIR={state} ./birbcam password"
    )


def own_address() -> str:
    """This machine's address in its network, as far as the routes tell; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


def web_address(settings: Settings) -> str:
    """Where a browser on this machine finds the page."""
    host = settings.web.host
    if host in EVERYWHERE_HOSTS:
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.web.port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _recorder_answers(settings: Settings) -> bool:
    try:
        running_recorder(settings)
    except RecorderError:
        return False
    return True


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}healthz", timeout=2) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def _wait_for(stop: threading.Event, parts: list[Part], ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + STARTUP
    while not stop.is_set() and not ready():
        for part in parts:
            if part.started and not part.running:
                raise BirbCamError(f"{part.name} ended at start; the reason stands above")
        if time.monotonic() > deadline:
            raise BirbCamError(f"{what} was not up within {STARTUP:g} s; ./birbcam doctor may tell why")
        stop.wait(0.1)
