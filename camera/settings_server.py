"""The settings server: what a web page, here or on another machine, sets of this machine's Pi cameras, over HTTP.

    GET   /v1/cameras                       {"cameras": [{"name", "title", "enabled"}]}
    GET   /v1/cameras/<name>/settings       {"camera", "model", "known", "settings": [...]}: `camera.settings.Field`s
    PATCH /v1/cameras/<name>/settings       {"brightness": 0.2, ...} -> {"changed", "applies"}; with ?check=1 nothing is
                                            changed, and said what would be: "nothing", "live", or "rebuild"
    GET   /v1/cameras/<name>/status         state, restarts, what the camera's process says, heat and supply
    GET   /v1/cameras/<name>/still.jpg      the next picture
    POST  /v1/cameras/<name>/restart        starts its pipeline anew

`Authorization: Bearer <token>`. A refusal is problem+json with "title", "status", "detail", and "problems" per setting.
What is changed needs `Content-Type: application/json`, which a foreign page cannot send without being asked first.
Nothing of a camera's process can hold it up: 503 where there is none, 504 where it does not answer.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from camera.publisher import Publisher
from camera.settings import applies, check_changes, fields_of
from camera.settings_http import Handler, ProblemError, Server
from camera.settings_hub import Cameras, NotRunningError, SupervisedCameras
from camera.sources import Feed
from config.errors import CameraError, ConfigError, StorageError
from config.network import is_local_name, is_loopback
from config.settings import CameraSettings, Settings, SettingsServerSettings

log = logging.getLogger(__name__)

SHORTEST_TOKEN = 16  # characters
_PATH = re.compile(
    r"/v1/cameras(?:/(?P<name>[a-z0-9-]{1,100})/(?P<what>settings|status|still\.jpg|restart))?", re.ASCII
)
_ALLOWED = {"settings": "GET, PATCH", "restart": "POST"}


class SettingsServer:
    """One that runs, in threads of its own."""

    def __init__(self, options: SettingsServerSettings, cameras: Cameras) -> None:
        """Listens at once. ConfigError where it would be open to everybody, CameraError where it cannot listen."""
        check_token(options)

        class _Handler(SettingsHandler):
            token = options.token.encode()
            hub = cameras

        try:
            self._server = Server(options.host, options.port, _Handler)
        except (OSError, UnicodeError) as error:
            raise CameraError(
                f"the settings server cannot listen on {options.host}, port {options.port} ({error}); "
                "change settings_server.host or settings_server.port"
            ) from error
        host = self._server.server_address[0]
        if not options.token and not is_loopback(str(host)):  # a name that means another address
            self._server.server_close()
            raise _without_token(options)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.2], name="settings", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; takes up to 0.2 s."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def check_token(options: SettingsServerSettings) -> None:
    """ConfigError where strangers could set the camera."""
    if options.token and len(options.token) < SHORTEST_TOKEN:
        raise ConfigError(
            f"settings_server.token has {len(options.token)} characters, and needs {SHORTEST_TOKEN}; make one with: "
            "openssl rand -hex 24"
        )
    if not re.fullmatch(r"[!-~]*", options.token):
        raise ConfigError("settings_server.token may have letters, digits and signs of ASCII alone, without spaces")
    if not options.token and options.host != "localhost" and not is_loopback(options.host):
        raise _without_token(options)


def _without_token(options: SettingsServerSettings) -> ConfigError:
    return ConfigError(
        f'settings_server.host = "{options.host}" opens the settings to the network, which needs a token; set '
        'settings_server.token (make one with: openssl rand -hex 24), or settings_server.host to "127.0.0.1"'
    )


class SettingsHandler(Handler):
    """The answers."""

    token = b""
    hub: Cameras

    def respond(self) -> None:
        """Route the request."""
        self._let_in()
        path, _, query = self.path.partition("?")
        match = _PATH.fullmatch(path)
        if match is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such address here")
        name, what = match["name"], match["what"] or ""
        if self.command not in (allowed := _ALLOWED.get(what, "GET")).split(", "):
            raise ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, f"this address takes {allowed}", allow=allowed)
        if name is None:
            self._list()
            return
        camera = self.hub.all().get(name)
        if camera is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no Pi camera with this name here")
        match (what, self.command):
            case ("settings", "GET"):
                self._show(name, camera)
            case ("settings", _):
                self._change(name, camera, only_check="check=1" in query.split("&"))
            case ("status", _):
                self.send_json(self.hub.status(name))
            case ("still.jpg", _):
                self.send(HTTPStatus.OK, "image/jpeg", self._ask(lambda: self.hub.still(name)))
            case _:
                self._read_json()
                self._ask(lambda: self.hub.restart(name))
                log.info("camera %s: restarted through the settings server", name)
                self.send_json({"restarting": True}, HTTPStatus.ACCEPTED)

    def _let_in(self) -> None:
        if self.token:
            kind, _, given = self.headers.get("Authorization", "").partition(" ")
            if (
                not hmac.compare_digest(given.strip().encode("utf-8", "replace"), self.token)
                or kind.lower() != "bearer"
            ):
                raise ProblemError(HTTPStatus.UNAUTHORIZED, "send the token: Authorization: Bearer <token>")
        elif not is_local_name(self.headers.get("Host", "")):  # a foreign page's own name can lead here
            raise ProblemError(HTTPStatus.FORBIDDEN, "without a token, this is reached as localhost alone")

    def _list(self) -> None:
        cameras = [
            {"name": name, "title": camera.title or name, "enabled": camera.enabled}
            for name, camera in self.hub.all().items()
        ]
        self.send_json({"cameras": cameras})

    def _show(self, name: str, camera: CameraSettings) -> None:
        offers = self.hub.offers(name)
        fields = fields_of(camera, offers)
        self.send_json(
            {
                "camera": name,
                "model": offers.get("model"),
                "known": bool(offers),
                "settings": [asdict(field) for field in fields],
            }
        )

    def _change(self, name: str, camera: CameraSettings, only_check: bool) -> None:
        changes = self._read_json()
        wanted, problems = check_changes(changes, fields_of(camera, self.hub.offers(name)))
        if problems:
            said = "; ".join(f"{setting}: {problem}" for setting, problem in list(problems.items())[:5])
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"nothing was changed: {said}", problems=problems)
        if wanted and not only_check:
            try:
                self.hub.change(name, wanted)
            except StorageError as error:
                raise ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, f"nothing was changed: {error}") from error
        self.send_json({"changed": wanted, "applies": applies(wanted)})

    def _read_json(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
        try:
            value = json.loads(self.body() or b"{}")
        except (ValueError, RecursionError) as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is no JSON") from error
        if not isinstance(value, dict):
            raise ProblemError(HTTPStatus.BAD_REQUEST, 'the body must be a JSON object: {"brightness": 0.2}')
        return value

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except NotRunningError as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from error
        except CameraError as error:
            raise ProblemError(HTTPStatus.GATEWAY_TIMEOUT, str(error)) from error


class Service:
    """Runs a server as the settings say; used by the supervisor's thread."""

    def __init__(self, settings: Settings) -> None:
        self.cameras = SupervisedCameras(settings)
        self.server: SettingsServer | None = None
        self._options = SettingsServerSettings()
        self._said = ""

    def follow(self, settings: Settings, publishers: Mapping[Feed, Publisher]) -> None:
        """Take over what the supervisor has; what prevents the server is said once, and it is tried again."""
        self.cameras.follow(settings, publishers)
        options = settings.settings_server
        if options != self._options:
            self.stop()
            self._options, self._said = options, ""
        if not options.enabled or self.server is not None:
            return
        try:
            self.server = SettingsServer(options, self.cameras)
        except (ConfigError, CameraError) as error:
            if self._said != str(error):
                log.error("%s", error)
                self._said = str(error)
            return
        log.info("the settings server listens on %s, port %d", options.host, self.server.port)

    def stop(self) -> None:
        """End the server, where one runs."""
        if self.server is not None:
            self.server.stop()
            self.server = None
