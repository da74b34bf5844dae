"""Who may come in."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from config.errors import StorageError, WebError
from config.network import is_local_name, is_loopback
from config.settings import Settings
from mediamtx.layout import Layout
from webapp import VERSION
from webapp.access import check_exposure
from webapp.app import create_app
from webapp.headers import SECURITY_HEADERS
from webapp.passwords import session_secret
from webapp.users import UserFile
from website import HTML, Visitor, routes

pytestmark = pytest.mark.usefixtures("quick_hashes")
PASSWORD = "a blue tit"


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def locked(settings: Settings, app: Flask) -> Flask:
    """The app once a password is set."""
    UserFile(Layout.of(settings)).set_password(PASSWORD)
    return app


def test_what_does_not_exist_is_not_told_to_strangers(locked: Flask) -> None:
    assert Visitor(locked).client.get("/camera/nobody").status_code == 401
    assert Visitor(locked).client.get("/no/such/page").status_code == 401


def test_a_browser_is_led_to_the_log_in_and_back(locked: Flask) -> None:
    visitor = Visitor(locked, "192.168.1.20", "birbcam.local")
    answer = visitor.get("/recordings/front?clip=x&y=1")
    assert answer.status_code == 302
    assert answer.location == "/login?next=/recordings/front?clip%3Dx%26y%3D1"
    assert visitor.get(answer.location).status_code == 200
    answer = visitor.post("/login", next="/recordings/front?clip=x", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/recordings/front?clip=x")
    assert visitor.get("/").status_code == 200
    assert visitor.get("/login").location == "/"  # nothing to do there any more


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: a=b",
        "",
        "x",
    ],
)
def test_the_log_in_leads_nowhere_else(locked: Flask, target: str) -> None:
    answer = Visitor(locked).post("/login", next=target, password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_session_cookie(locked: Flask) -> None:
    visitor = Visitor(locked)
    (cookie,) = [value for value in visitor.log_in(PASSWORD).headers.getlist("Set-Cookie") if "Max-Age=0" not in value]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert "Secure" not in cookie  # over http a browser would not keep it
    assert "Set-Cookie" not in visitor.get("/api/v1/status").headers


@pytest.mark.parametrize(("root", "start"), [("", "__Host-birbcam_"), ("/birds", "__Secure-birbcam_")])
def test_the_cookie_of_an_encrypted_page_stays_encrypted(locked: Flask, root: str, start: str) -> None:
    https = {"wsgi.url_scheme": "https", "SCRIPT_NAME": root}
    cookie = Visitor(locked).client.get("/login", environ_overrides=https).headers["Set-Cookie"]
    assert cookie.startswith(start)
    assert "; Secure" in cookie
    assert f"; Path={root or '/'}" in cookie
    assert "Domain" not in cookie


def test_logging_out(locked: Flask) -> None:
    visitor = Visitor(locked)
    visitor.log_in(PASSWORD)
    assert visitor.post("/logout", page="/").location == "/login"
    assert visitor.client.get("/").status_code == 401


def test_a_wrong_password(locked: Flask) -> None:
    visitor = Visitor(locked)
    answer = visitor.log_in("a great tit")
    assert answer.status_code == 403
    assert "This is not the password." in answer.text
    assert visitor.client.get("/").status_code == 401


def test_guessing_is_slowed_down_for_the_one_who_guesses(locked: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.auth.time.monotonic", lambda: 1000.0)  # a busy machine hashes for longer than the pause
    guesser = Visitor(locked, "192.168.1.66")
    codes = [guesser.log_in(f"guess {number}").status_code for number in range(4)]
    assert codes == [403, 403, 403, 429]
    answer = guesser.log_in(PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "wait" in answer.text
    assert Visitor(locked, "192.168.1.20").log_in(PASSWORD).status_code == 303


def test_the_first_password_is_set_on_this_computer(app: Flask, settings: Settings) -> None:
    stranger = Visitor(app, "192.168.1.20", "birbcam.local")
    assert stranger.get("/password").status_code == 403

    owner = Visitor(app)
    assert 'href="/password"' in owner.get("/").text
    answer = owner.post("/password", page="/password", new=PASSWORD, again=PASSWORD)
    assert answer.location == "/"
    assert owner.get("/").status_code == 200
    assert Visitor(app).client.get("/").status_code == 401
    file = Layout.of(settings).web_users
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in file.read_text()


@pytest.mark.parametrize(
    ("address", "host", "header", "code"),
    [
        ("127.0.0.1", "localhost:8080", {}, 200),
        ("127.0.0.1", "127.0.0.1", {}, 200),
        ("::1", "[::1]:8080", {}, 200),
        ("::ffff:127.0.0.1", "localhost", {}, 200),
        ("192.168.1.20", "localhost", {}, 403),
        ("127.0.0.1", "evil.example", {}, 403),  # its name was made to point here
        ("127.0.0.1", "localhost.evil.example", {}, 403),
        ("127.0.0.1", "127.0.0.1.evil.example", {}, 403),
        ("127.0.0.1", "", {}, 403),
        ("127.0.0.1", "[::1", {}, 403),
        ("127.0.0.1", "localhost", {"X-Forwarded-For": "203.0.113.9"}, 403),  # a proxy on this computer
        ("127.0.0.1", "localhost", {"Via": "1.1 proxy"}, 403),
    ],
)
def test_without_a_password_only_this_computer_comes_in(
    app: Flask, address: str, host: str, header: dict[str, str], code: int
) -> None:
    visitor = Visitor(app, address, host)
    assert visitor.get("/", headers=header).status_code == code
    if code == 403:
        assert "./birbcam password" in visitor.client.get("/api/v1/status", headers=header).json["detail"]


def test_whatever_changes_something_needs_the_token(app: Flask) -> None:
    visitor = Visitor(app)
    tried = [(method, path) for method, path, _ in routes(app) if method != "GET"]
    assert {method for method, _ in tried} >= {"POST", "PUT", "PATCH", "DELETE"}
    for method, path in tried:
        answer = visitor.client.open(path, method=method, json={"seconds": 60})
        assert answer.status_code == 400, path
        assert "load it again" in answer.json["detail"]


def test_the_token_of_another_session_will_not_do(app: Flask) -> None:
    mine, theirs = Visitor(app), Visitor(app)
    theirs.token("/")
    answer = theirs.client.post("/logout", headers={"X-CSRFToken": mine.token("/")})
    assert answer.status_code == 400


def test_the_token_as_a_header(app: Flask) -> None:
    visitor = Visitor(app)
    answer = visitor.client.post(
        "/api/v1/cameras/front/save", json={"seconds": 4}, headers={"X-CSRFToken": visitor.token("/")}
    )
    assert "seconds" in answer.json["detail"]  # it came as far as that


def test_what_the_security_list_names_is_there() -> None:
    root = Path(__file__).parent.parent
    text = (root / "docs" / "security.md").read_text()
    named = set(re.findall(r"`((?:webapp|tests|mediamtx|docs)/[\w./-]+)`", text))
    assert len(named) > 5
    assert not [name for name in named if not (root / name).exists()]
    assert {f"{part}" for part in range(1, 16)} == set(re.findall(r"^\| \*\*(\d+)\*\* ", text, re.MULTILINE))


def test_the_version_is_that_of_the_release() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION


def test_every_answer_carries_the_security_headers(app: Flask) -> None:
    visitor = Visitor(app)
    for path in ["/", "/healthz", "/api/v1/status", "/static/base.css", "/no/such/page", "/live/front/index.m3u8"]:
        headers = visitor.client.get(path).headers
        for name, value in SECURITY_HEADERS.items():
            assert headers[name] == value, (path, name)
        assert headers["Cache-Control"], path
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy


def test_errors_are_a_page_for_people_and_json_for_programs(app: Flask) -> None:
    visitor = Visitor(app)
    page = visitor.get("/camera/nobody")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is no camera with this name." in page.text
    answer = visitor.client.get("/camera/nobody")
    assert (answer.status_code, answer.json) == (
        404,
        {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no camera with this name."},
    )
    assert visitor.client.put("/api/v1/status").status_code == 405


def test_too_large_a_body_is_refused(app: Flask) -> None:
    assert Visitor(app).client.post("/login", data=b"x" * 100_000).status_code == 413


def test_under_a_path_of_a_larger_site(app: Flask, settings: Settings) -> None:
    site = Client(DispatcherMiddleware(create_app(settings), {"/garden/birds": app}))
    headers = HTML | {"Host": "localhost"}
    base = {"REMOTE_ADDR": "127.0.0.1"}
    page = site.get("/garden/birds/camera/front", headers=headers, environ_overrides=base)
    assert page.status_code == 200
    assert 'src="/' not in page.text.replace('src="/garden/birds/', "")
    assert 'href="/' not in page.text.replace('href="/garden/birds/', "")

    UserFile(Layout.of(settings)).set_password(PASSWORD)
    answer = site.get("/garden/birds/camera/front?x=1", headers=headers, environ_overrides=base)
    assert answer.location == "/garden/birds/login?next=/garden/birds/camera/front?x%3D1"
    assert site.get(answer.location, headers=headers, environ_overrides=base).status_code == 200


def test_static_files_are_kept_by_their_version(app: Flask) -> None:
    visitor = Visitor(app)
    page = visitor.get("/").text
    address = page.partition('href="/static/base.css')[2].partition('"')[0]
    assert address.startswith("?v=")
    assert "max-age=31536000" in visitor.get(f"/static/base.css{address}").headers["Cache-Control"]
    plain = visitor.get("/static/base.css")
    assert "no-cache" in plain.headers["Cache-Control"]
    again = visitor.get("/static/base.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_the_network_needs_a_password(settings: Settings, host: str) -> None:
    passwords = UserFile(Layout.of(settings))
    open_to_all = dataclasses.replace(settings, web=dataclasses.replace(settings.web, host=host))
    check_exposure(settings, passwords)
    with pytest.raises(WebError, match=r"\./birbcam password"):
        check_exposure(open_to_all, passwords)
    passwords.set_password(PASSWORD)
    check_exposure(open_to_all, passwords)


def test_a_damaged_password_file_opens_nothing(settings: Settings, app: Flask) -> None:
    layout = Layout.of(settings)
    layout.web_password.write_text("a blue tit\n")
    with pytest.raises(WebError, match=r"\./birbcam password"):
        check_exposure(settings, UserFile(layout))
    assert Visitor(app).client.get("/").status_code == 401


@pytest.mark.logs_errors
def test_a_damaged_password_file_is_told_to_who_logs_in(settings: Settings, app: Flask) -> None:
    Layout.of(settings).web_password.write_text("a blue tit\n")
    answer = Visitor(app).log_in(PASSWORD)
    assert answer.status_code == 500
    assert "./birbcam password" in answer.text


def test_an_empty_password_file_opens_nothing(settings: Settings, app: Flask) -> None:
    Layout.of(settings).web_password.touch()
    assert Visitor(app).client.get("/").status_code == 401


def test_the_secret_is_made_once_and_mended(settings: Settings) -> None:
    layout = Layout.of(settings)
    first = session_secret(layout)
    assert len(first) == 32
    assert session_secret(layout) == first
    assert layout.web_secret.stat().st_mode & 0o777 == 0o600
    layout.web_secret.write_text("cut sho")
    assert session_secret(layout) not in (first, b"")


def test_a_state_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="web_secret: cannot be"):
        create_app(dataclasses.replace(settings, state_dir=tmp_path / "file" / "state"))


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("192.168.1.1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_loopback_addresses(address: str, local: bool) -> None:
    assert is_loopback(address) is local


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("[::1]:80", True),
        ("birb.local", False),
        ("a@localhost@evil.example", False),
    ],
)
def test_local_names(host: str, local: bool) -> None:
    assert is_local_name(host) is local
