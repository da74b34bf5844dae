"""The settings server over HTTP, with cameras that are made up."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from made_up_cameras import MadeUp
from settings_client import JPEG, TOKEN, Client

from camera import settings_http
from camera.settings_hub import NotRunningError
from camera.settings_server import SettingsServer, check_token
from config.errors import CameraError, ConfigError, StorageError
from config.settings import SettingsServerSettings
from waiting import wait_until


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[MadeUp, int]]:
    made_up = MadeUp()
    server = SettingsServer(SettingsServerSettings(token=TOKEN, port=0), made_up)
    yield made_up, server.port
    server.stop()


@pytest.fixture
def cameras(served: tuple[MadeUp, int]) -> MadeUp:
    made_up, _ = served
    vars(made_up).update(vars(MadeUp()))
    return made_up


@pytest.fixture
def client(served: tuple[MadeUp, int], cameras: MadeUp) -> Client:
    return Client(served[1])


AT = "/v1/cameras/nest"


def test_what_can_be_set_is_told_and_set(client: Client, cameras: MadeUp) -> None:
    assert client.ask("GET", "/v1/cameras") == (
        200, {"cameras": [{"name": "nest", "title": "Nest box", "enabled": True}]},
    )  # fmt: skip
    status, answer = client.ask("GET", f"{AT}/settings")
    assert (status, answer["camera"], answer["model"], answer["known"]) == (200, "nest", "imx219", True)
    brightness = next(field for field in answer["settings"] if field["name"] == "brightness")
    assert brightness | {"help": ""} == {
        "name": "brightness", "group": "Picture", "kind": "number", "value": 0.0, "default": 0.0, "help": "",
        "unit": "", "low": -0.5, "high": 0.5, "step": 0.01, "choices": [], "applies": "live",
    }  # fmt: skip
    assert "saturation" not in {field["name"] for field in answer["settings"]}

    change = {"brightness": 0.25, "hflip": True, "contrast": 1.0}
    told = {"changed": {"brightness": 0.25, "hflip": True}, "applies": "rebuild"}
    assert client.ask("PATCH", f"{AT}/settings?check=1", change) == (200, told)
    assert not cameras.cameras["nest"].hflip
    assert client.ask("PATCH", f"{AT}/settings", change) == (200, told)
    assert client.ask("PATCH", f"{AT}/settings", change) == (200, {"changed": {}, "applies": "nothing"})
    assert (cameras.cameras["nest"].brightness, cameras.cameras["nest"].hflip) == (0.25, True)
    assert client.ask("PATCH", f"{AT}/settings", {"brightness": 0}) == (
        200, {"changed": {"brightness": 0.0}, "applies": "live"},
    )  # fmt: skip


def test_wrong_values_change_nothing_and_are_all_told(client: Client, cameras: MadeUp) -> None:
    before = cameras.cameras["nest"]
    status, answer = client.ask("PATCH", f"{AT}/settings", {"brightness": 0.7, "contrast": "x", "hflip": True, "y": 1})
    assert status == answer["status"] == 422
    assert set(answer["problems"]) == {"brightness", "contrast", "y"}
    assert answer["problems"]["brightness"] == "beyond what this camera can; allowed: -0.5 to 0.5"
    assert "nothing was changed" in answer["detail"]
    assert cameras.cameras["nest"] == before


def test_status_still_and_restart(client: Client, cameras: MadeUp) -> None:
    assert client.ask("GET", f"{AT}/status")[1]["camera"]["fps"] == 30
    assert client.ask("GET", f"{AT}/still.jpg") == (200, JPEG)
    assert client.ask("POST", f"{AT}/restart") == (202, {"restarting": True})
    assert cameras.restarted == ["nest"]


def test_what_the_camera_fails_at_is_told(client: Client, cameras: MadeUp) -> None:
    cameras.fault = CameraError("no answer of the camera within 2.4 s")
    assert client.ask("GET", f"{AT}/still.jpg")[0] == 504
    cameras.fault = NotRunningError("the camera does not run at the moment")
    assert client.ask("GET", f"{AT}/still.jpg")[0] == 503
    assert client.ask("POST", f"{AT}/restart")[0] == 503
    cameras.fault = StorageError("no space left")
    status, answer = client.ask("PATCH", f"{AT}/settings", {"hflip": True})
    assert status == 507 and "no space left" in answer["detail"]


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4"])
@pytest.mark.parametrize("path", ["/v1/cameras", f"{AT}/restart", "/nothing"])
def test_without_the_token_nothing_is_told(client: Client, cameras: MadeUp, given: str, path: str) -> None:
    client.token = ""
    method = "POST" if "restart" in path else "GET"
    status, answer = client.ask(method, path, **({"Authorization": given} if given else {}))
    assert status == 401 and TOKEN not in str(answer)
    assert cameras.restarted == []


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "expected"),
    [
        ("GET", "/", None, {}, 404),
        ("GET", "/v1/cameras/", None, {}, 404),
        ("GET", "/v1/cameras/other/status", None, {}, 404),
        ("GET", "/v1/cameras/../status", None, {}, 404),
        ("GET", f"{AT}/settings%00", None, {}, 404),
        ("DELETE", f"{AT}/settings", None, {}, 405),
        ("GET", f"{AT}/restart", None, {}, 405),
        ("OPTIONS", f"{AT}/restart", None, {}, 405),
        ("BREW", "/v1/cameras", None, {}, 405),
        ("PATCH", f"{AT}/settings", b"{", {}, 400),
        ("PATCH", f"{AT}/settings", b"[]", {}, 400),
        ("PATCH", f"{AT}/settings", b"\xff\xfe", {}, 400),
        ("PATCH", f"{AT}/settings", b"[" * 10000, {}, 400),
        ("PATCH", f"{AT}/settings", b'{"a": ' + b"1" * 5000 + b"}", {}, 400),
        ("PATCH", f"{AT}/settings", b'{"brightness": NaN, "gain": 1e999}', {}, 422),
        ("PATCH", f"{AT}/settings", b"x" * 20000, {}, 413),
        ("PATCH", f"{AT}/settings", b"{}", {"Content_Type": "text/plain"}, 415),
        ("POST", f"{AT}/restart", None, {"Content_Type": "text/plain"}, 415),
        ("PATCH", f"{AT}/settings", b"{}", {"Content_Length": "-1"}, 400),
        ("PATCH", f"{AT}/settings", b"{}", {"Content_Length": "1e3"}, 400),
        ("GET", "/v1/cameras?" + "x" * 9000, None, {}, 414),
        ("GET", "/v1/cameras", None, {"X": "y" * 40000}, 431),
        ("GET", "/v1/cameras", None, {f"X{number}": "y" for number in range(60)}, 431),
        ("GET", "/v1/cameras", None, {f"X{number}": "y" for number in range(200)}, 431),
    ],
)
def test_requests_that_make_no_sense(
    client: Client, method: str, path: str, body: Any, headers: dict[str, str], expected: int
) -> None:
    assert client.ask(method, path, body, **headers)[0] == expected
    assert client.ask("GET", "/v1/cameras")[0] == 200


def test_hostile_bytes_are_never_our_fault(client: Client) -> None:
    """Changed and cut requests: refused, or served, and the server goes on."""
    chance = random.Random(7)
    body = b'{"brightness": 0.1}'
    head = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    good = f"PATCH {AT}/settings HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    seen = set()
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(1, 30)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randrange(1, 30))
                case _:
                    data[at:at] = chance.choice([b"\r\n", b"\0", b"\r\n\r\n", b"HTTP/9.9", b" ", b"\xff", b":"])
            if not data:
                break
        answer = client.raw(bytes(data))
        if answer:
            seen.add(int(answer.split()[1]))
    assert {200, 400, 401} <= seen <= {200, 400, 401, 404, 405, 411, 413, 415, 422, 431}
    for line in (
        b"\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0",
        b"\0" * 9000,
    ):
        assert b" 5" not in client.raw(line)[:14]
    assert client.ask("GET", "/v1/cameras")[0] == 200


@pytest.mark.slow
def test_clients_that_are_stuck_hold_up_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_http, "REQUEST_TIMEOUT", 1.0)
    starts = (
        b"",
        b"GET /v1",
        b"GET /v1/cameras HTTP/1.1\r\nA: b\r\n",
        b"PATCH / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    )
    stuck = [socket.create_connection(("127.0.0.1", client.port), timeout=10) for _ in range(40)]
    try:
        for number, connection in enumerate(stuck):
            with suppress(ConnectionError):
                connection.sendall(starts[number % len(starts)])
        # There are places for 32: what is more is closed at once, and the others soon.
        for connection in stuck:
            with suppress(ConnectionError):
                while connection.recv(1000):
                    pass
        wait_until(lambda: client.ask("GET", "/v1/cameras")[0] == 200, 5, "there is a place again")
    finally:
        for connection in stuck:
            connection.close()


def test_a_camera_that_is_slow_holds_up_nobody(client: Client, cameras: MadeUp) -> None:
    cameras.go_on.clear()
    answers: list[tuple[int, Any]] = []
    asking = threading.Thread(target=lambda: answers.append(client.ask("GET", f"{AT}/still.jpg")))
    asking.start()
    assert cameras.taken.wait(10)
    assert client.ask("GET", f"{AT}/status")[0] == 200
    assert client.ask("PATCH", f"{AT}/settings", {"hflip": True})[0] == 200
    cameras.go_on.set()
    asking.join(10)
    assert answers == [(200, JPEG)]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "", "nest.local"])
def test_without_a_token_it_is_for_this_machine_alone(cameras: MadeUp, host: str) -> None:
    with pytest.raises(ConfigError, match=r"needs a token; set settings_server\.token .*openssl rand -hex 24"):
        SettingsServer(SettingsServerSettings(host=host, port=0), cameras)
    check_token(SettingsServerSettings(host=host, token=TOKEN))
    for poor in ("short", f"{TOKEN} {TOKEN}", f"{TOKEN}ä"):
        with pytest.raises(ConfigError, match=r"settings_server\.token"):
            check_token(SettingsServerSettings(token=poor))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_without_a_token_foreign_pages_are_kept_out(cameras: MadeUp, host: str) -> None:
    server = SettingsServer(SettingsServerSettings(host=host, port=0), cameras)
    try:
        client = Client(server.port, token="")
        assert client.ask("GET", "/v1/cameras")[0] == 200
        assert client.ask("GET", "/v1/cameras", Host="evil.example")[0] == 403
        assert client.ask("POST", f"{AT}/restart", Content_Type="text/plain")[0] == 415  # what a form can send
    finally:
        server.stop()


def test_a_port_that_is_taken_is_told(cameras: MadeUp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CameraError, match=rf"port {port} .*change settings_server\.host or settings_server\.port"):
            SettingsServer(SettingsServerSettings(port=port), cameras)


def test_it_listens_on_addresses_which_need_no_network(cameras: MadeUp) -> None:
    with pytest.raises(CameraError, match=r"change settings_server\.host"):
        SettingsServer(SettingsServerSettings(host="birds.example", port=0, token=TOKEN), cameras)
    SettingsServer(SettingsServerSettings(host="localhost", port=0), cameras).stop()
