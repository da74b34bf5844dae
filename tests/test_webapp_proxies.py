"""Behind a reverse proxy: whose word counts, and the real nginx and Caddy with what the guide says."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, expect

from config.errors import ConfigError, WebError
from config.load import load_settings
from config.networks import parse_networks
from config.settings import Settings
from conftest import Running, free_ports
from mediamtx.addresses import publish_url
from mediamtx.layout import Layout
from mediamtx.names import Stream
from visiting import address_of, opened
from waiting import wait_until
from webapp.access import check_exposure
from webapp.app import create_app
from webapp.proxies import TrustedProxies, believed_addresses
from webapp.settings_checks import web_problems
from webapp.users import UserFile
from website import publish_clip

PASSWORD = "a blue tit"
START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
GUIDE = (Path(__file__).parent.parent / "docs" / "reverse-proxy.md").read_text()


@pytest.mark.parametrize(
    ("trusted", "peer", "said", "believed"),
    [
        ("", "127.0.0.1", "203.0.113.9", None),
        ("10.0.0.1", "127.0.0.1", "203.0.113.9", None),
        ("127.0.0.1", "127.0.0.1", "203.0.113.9", ["203.0.113.9"]),
        ("127.0.0.1", "127.0.0.1", "", []),
        ("127.0.0.1", "127.0.0.1", "198.51.100.1, 203.0.113.9", ["203.0.113.9"]),  # the first is made up
        ("127.0.0.1", "127.0.0.1", "127.0.0.1, 203.0.113.9", ["203.0.113.9"]),
        ("127.0.0.1, 10.0.0.0/8", "127.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.7", ["203.0.113.9", "10.0.0.7"]),
        ("127.0.0.1", "127.0.0.1", "203.0.113.9, 10.0.0.7", ["10.0.0.7"]),
        ("127.0.0.1", "::ffff:127.0.0.1", "203.0.113.9", ["203.0.113.9"]),
        ("::1", "::1", "2001:db8::7", ["2001:db8::7"]),
        ("127.0.0.1", "127.0.0.1", "unknown", []),
        ("127.0.0.1", "127.0.0.1", "203.0.113.9, _hidden", []),
        ("127.0.0.1", "127.0.0.1", "203.0.113.9:443", []),
        ("127.0.0.1", "127.0.0.1", '"a, 203.0.113.9', ["203.0.113.9"]),  # a quote swallows no comma
        ("127.0.0.1", "", "203.0.113.9", None),
    ],
)
def test_which_addresses_are_believed(trusted: str, peer: str, said: str, believed: list[str] | None) -> None:
    assert believed_addresses(peer, said, parse_networks(trusted)) == believed


def seen_by(app: Flask, **environ: str) -> dict[str, Any]:
    """What the app sees of a request, through a proxy on 127.0.0.1 that is trusted."""
    seen: dict[str, Any] = {}

    @app.before_request
    def look() -> None:
        seen.update(address=request.remote_addr, https=request.is_secure, root=request.script_root, host=request.host)

    app.test_client().get("/healthz", environ_overrides={"REMOTE_ADDR": "127.0.0.1"} | environ)
    return seen


@pytest.fixture
def app(settings: Settings) -> Flask:
    bare = Flask("bare")
    bare.wsgi_app = TrustedProxies(bare.wsgi_app, "127.0.0.1")  # type: ignore[method-assign]
    return bare


def test_what_a_trusted_proxy_says_counts(app: Flask) -> None:
    seen = seen_by(
        app,
        HTTP_X_FORWARDED_FOR="203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_PREFIX="/birbcam",
        HTTP_X_FORWARDED_HOST="evil.example",
    )
    assert seen == {"address": "203.0.113.9", "https": True, "root": "/birbcam", "host": "localhost"}


@pytest.mark.parametrize("prefix", ["//evil.example", "/a/../b", "/a b", "x", "/a,/b", "/<script>", "/" * 3, "/.."])
def test_a_path_that_is_none_is_passed_over(app: Flask, prefix: str) -> None:
    assert seen_by(app, HTTP_X_FORWARDED_PREFIX=prefix)["root"] == ""


@pytest.mark.parametrize("scheme", ["gopher", "https:", '"x,https', "", "http"])
def test_a_scheme_that_is_none_is_passed_over(app: Flask, scheme: str) -> None:
    seen = seen_by(app, HTTP_X_FORWARDED_PROTO=scheme, HTTP_X_FORWARDED_FOR='"x, 203.0.113.9')
    assert seen["https"] is (scheme == '"x,https')  # as plain as the proxy itself added it, at the end
    assert seen["address"] == "203.0.113.9"


def test_from_anybody_else_the_headers_mean_nothing(app: Flask) -> None:
    seen = seen_by(
        app,
        REMOTE_ADDR="192.168.1.66",
        HTTP_X_FORWARDED_FOR="127.0.0.1",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_PREFIX="/x",
    )
    assert seen == {"address": "192.168.1.66", "https": False, "root": "", "host": "localhost"}


def with_web(settings: Settings, **changes: Any) -> Settings:
    return replace(settings, web=replace(settings.web, **changes))


def test_settings_that_would_lock_out_or_let_in_are_refused(settings: Settings) -> None:
    users = UserFile(Layout.of(settings))
    with pytest.raises(WebError, match=r'trusted_proxies .* "\./birbcam password"'):
        check_exposure(with_web(settings, trusted_proxies="127.0.0.1"), users)
    users.set_password(PASSWORD)
    check_exposure(with_web(settings, trusted_proxies="127.0.0.1", https_only=True), users)
    with pytest.raises(WebError, match="https_only needs a proxy"):
        check_exposure(with_web(settings, https_only=True), users)


def test_a_list_of_addresses_is_checked_with_the_other_settings(tmp_path: Path) -> None:
    config = tmp_path / "config.txt"
    for wrong in ("here", "127.0.0.1 ::1", "1", "192.168.1.7/24"):
        config.write_text(f'[web]\ntrusted_proxies = "{wrong}"\n')
        with pytest.raises(ConfigError, match="must be addresses"):
            load_settings({"BIRBCAM_CONFIG": str(config)})


@pytest.mark.parametrize(
    ("changes", "present", "password", "by_https", "key", "said"),
    [
        ({"trusted_proxies": "127.0.0.1"}, {}, False, False, "trusted_proxies", "set one first"),
        ({"trusted_proxies": "127.0.0.1"}, {}, True, False, "", ""),
        ({"https_only": True}, {}, True, True, "https_only", "needs a proxy"),
        ({"https_only": True}, {"trusted_proxies": "127.0.0.1"}, True, False, "https_only", "lock you out"),
        ({"https_only": True}, {"trusted_proxies": "127.0.0.1"}, True, True, "", ""),
        (
            {"trusted_proxies": ""},
            {"trusted_proxies": "1.2.3.4", "https_only": True},
            True,
            True,
            "trusted_proxies",
            "",
        ),
        ({"session_days": 3}, {}, False, False, "", ""),
    ],
)
def test_the_page_lets_nobody_lock_himself_out(
    changes: dict[str, Any], present: dict[str, Any], password: bool, by_https: bool, key: str, said: str
) -> None:
    before = {"host": "127.0.0.1", "port": 8080, "trusted_proxies": "", "https_only": False} | present
    problems = web_problems(
        {f"web.{name}": value for name, value in changes.items()},
        {f"web.{name}": value for name, value in before.items()},
        {},
        password,
        by_https,
    )
    assert [problem.key for problem in problems] == ([f"web.{key}"] if key else [])
    assert all(said in problem.said for problem in problems)


def test_https_only_refuses_what_is_not_encrypted(settings: Settings) -> None:
    UserFile(Layout.of(settings)).set_password(PASSWORD)
    client = create_app(with_web(settings, trusted_proxies="127.0.0.1", https_only=True)).test_client()
    assert client.get("/login").status_code == 403
    assert client.get("/healthz").status_code == 200
    answer = client.get("/login", headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in create_app(settings).test_client().get("/login").headers


@dataclass
class Caller:
    """A program that keeps cookies and calls from an address of its own."""

    port: int
    source: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    last_cookie: str = ""

    def ask(
        self, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        kind: Any = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        more = {"context": self.tls} if self.tls else {}
        connection = kind("127.0.0.1", self.port, timeout=20, source_address=(self.source, 0), **more)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Accept": "text/html", "Cookie": cookie} | {k.replace("_", "-"): v for k, v in headers.items()}
        body = None
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form)
        with contextlib.closing(connection):
            connection.request("GET" if form is None else "POST", path, body, sent)
            answer = connection.getresponse()
            for said in answer.headers.get_all("Set-Cookie") or []:
                self.last_cookie = said
                name, _, value = said.partition(";")[0].partition("=")
                self.cookies[name] = value
            return answer, answer.read()

    def log_in(self, path: str, password: str = PASSWORD, **headers: str) -> int:
        page = self.ask(f"{path}/login")[1].decode()
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert token is not None, page
        return self.ask(f"{path}/login", {"csrf_token": token[1], "password": password}, **headers)[0].status


@dataclass
class Site:
    """A web app and what it shows, with a live camera."""

    port: int
    clip: str  # address
    web: Running


@pytest.fixture
def start(
    settings: Settings, run_python: Callable[..., Running], publish: Callable[..., Running], tmp_path: Path
) -> Callable[..., Site]:
    def run(**web: Any) -> Site:
        on = with_web(settings, **web)
        UserFile(Layout.of(settings)).set_password(PASSWORD)
        clip = publish_clip(Layout.of(settings), START, data=bytes(range(256)) * 1000)
        run_python(on, "mediamtx")
        wait_until(Layout.of(settings).recorder_file.exists, 20, "the recorder")
        publish(publish_url(on, Stream("front")))
        web = run_python(on, "webapp")
        address_of(web)
        return Site(on.web.port, f"/clips/front/{clip.day}/{clip.name.stem}.mp4", web)

    return run


def found(program: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        pytest.skip(f"{program} not found; install it with: sudo apt install {program}")
    return path


def blocks(language: str, port: int) -> list[str]:
    """The guide's configuration, for our port."""
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return [block.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for block in found]


def answers(caller: Caller) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return caller.ask("/birbcam/healthz")[0].status == 200
        except OSError:
            return False

    return ask


def start_nginx(site: Site, run_process: Callable[..., Running], folder: Path) -> Caller:
    """nginx with TLS by a certificate of our own."""
    nginx, openssl = found("nginx"), found("openssl")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    words += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [openssl, *words.split(), "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    (port,) = free_ports(1)
    at_http, at_server = blocks("nginx", site.port)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"""{"user root;" if os.geteuid() == 0 else ""}
        daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 1; events {{}}
        http {{ access_log off; {temporary} {at_http}
            server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
                {at_server} }}
        }}"""
    )
    running = run_process([nginx, "-e", "stderr", "-c", str(config)])
    caller = Caller(port, tls=ssl.create_default_context(cafile=certificate))
    wait_until(lambda: running.process.poll() is not None or answers(caller)(), 20, "nginx answers")
    assert running.process.poll() is None, running.output
    return caller


def start_caddy(site: Site, run_process: Callable[..., Running], folder: Path) -> Caller:
    """Caddy without TLS."""
    caddy = found("caddy")
    (port,) = free_ports(1)
    (block,) = blocks("caddy", site.port)
    config = folder / "Caddyfile"
    options = "{\n    admin off\n}\n"
    config.write_text(options + block.replace("home.example", f"http://127.0.0.1:{port}"))
    running = run_process(
        [caddy, "run", "--config", str(config), "--adapter", "caddyfile"],
        HOME=str(folder),
        XDG_DATA_HOME=str(folder),
        XDG_CONFIG_HOME=str(folder),
    )
    caller = Caller(port)
    wait_until(lambda: running.process.poll() is not None or answers(caller)(), 20, "Caddy answers")
    assert running.process.poll() is None, running.output
    return caller


def check_site(site: Site, caller: Caller) -> None:
    """What must work below /birbcam/, whatever the proxy."""
    assert caller.ask("/birbcam")[0].status in (301, 302, 308)
    answer, _ = caller.ask("/birbcam/recordings/front?x=1")
    assert answer.getheader("Location") == "/birbcam/login?next=/birbcam/recordings/front?x%3D1"
    assert caller.log_in("/birbcam") == 303
    assert "Path=/birbcam" in caller.last_cookie and "HttpOnly" in caller.last_cookie
    answer, page = caller.ask("/birbcam/")
    assert answer.status == 200
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.decode())
    assert addresses and all(address.startswith("/birbcam/") for address in addresses)
    assert all(caller.ask(address)[0].status == 200 for address in addresses if address.startswith("/birbcam/static"))

    whole, film = caller.ask(f"/birbcam{site.clip}")
    assert (whole.status, len(film)) == (200, 256_000)
    part, piece = caller.ask(f"/birbcam{site.clip}", Range="bytes=1000-1255")
    assert (part.status, part.getheader("Content-Range")) == (206, "bytes 1000-1255/256000")
    assert piece == film[1000:1256]

    live = "/birbcam/live/front/index.m3u8"
    wait_until(lambda: caller.ask(live)[0].status == 200, 30, "the live playlist comes")
    playlist = caller.ask(live)[1].decode()
    assert playlist.startswith("#EXTM3U")
    child = next(line for line in playlist.splitlines() if line and not line.startswith("#"))
    assert caller.ask(f"/birbcam/live/front/{child}")[0].status == 200


def check_addresses(site: Site, caller: Caller) -> None:
    """Who calls is known by its own address, whatever it says of itself."""
    page = caller.ask("/birbcam/settings/account")[1].decode()
    assert f"{caller.source} ·" in page
    guesser, other = replace(caller, source="127.0.0.66", cookies={}), replace(caller, source="127.0.0.77", cookies={})
    codes = [guesser.log_in("/birbcam", "wrong", X_Forwarded_For=f"198.51.100.{n}") for n in range(5)]
    assert codes[:3] == [403] * 3 and 429 in codes
    assert other.log_in("/birbcam", "wrong") == 403
    assert "a wrong password from 127.0.0.66" in site.web.output
    assert "198.51.100" not in site.web.output


@pytest.mark.slow
def test_nginx_with_tls(
    start: Callable[..., Site], run_process: Callable[..., Running], tmp_path: Path, browser: Browser
) -> None:
    found("nginx")
    site = start(trusted_proxies="127.0.0.1", https_only=True)
    caller = replace(start_nginx(site, run_process, tmp_path), source="127.0.0.5")
    check_site(site, caller)
    assert "__Secure-birbcam" in caller.last_cookie and "Secure;" in caller.last_cookie
    answer, _ = caller.ask("/birbcam/")
    assert answer.getheader("Strict-Transport-Security") == "max-age=31536000"
    assert Caller(site.port).ask("/login")[0].status == 403  # past the proxy, unencrypted

    with opened(browser, f"https://127.0.0.1:{caller.port}/birbcam", ignore_https_errors=True) as tab:
        tab.open("/camera/front")
        tab.page.get_by_label("Password").fill(PASSWORD)
        tab.page.get_by_role("button", name="Log in").click()
        wait_until(lambda: tab.video("v.currentTime", of="live-player") > 0.5, 30, "the live picture plays")
        tab.page.get_by_role("button", name="Log out").click()
        expect(tab.page.get_by_role("button", name="Log in")).to_be_visible()
    check_addresses(site, caller)


@pytest.mark.slow
def test_caddy(start: Callable[..., Site], run_process: Callable[..., Running], tmp_path: Path) -> None:
    found("caddy")
    site = start(trusted_proxies="127.0.0.1")
    caller = replace(start_caddy(site, run_process, tmp_path), source="127.0.0.5")
    check_site(site, caller)
    assert "Secure" not in caller.last_cookie
    check_addresses(site, caller)


@pytest.mark.slow
def test_unless_it_is_configured_no_header_counts(start: Callable[..., Site]) -> None:
    site = start()
    caller = Caller(site.port)
    lies = {"X_Forwarded_Proto": "https", "X_Forwarded_Prefix": "/x", "X_Forwarded_For": "203.0.113.9"}
    for other in ({"X_Forwarded_Ssl": "on"}, {"X_Forwarded_Protocol": "ssl"}, {"Script_Name": "/x"}, {}):
        answer, _ = caller.ask("/", **lies | other)
        assert answer.getheader("Location") == "/login?next=/"
    caller.ask("/login", **lies)
    assert "Secure" not in caller.last_cookie and "Path=/;" in caller.last_cookie
    codes = [caller.log_in("", "wrong", X_Forwarded_For=f"198.51.100.{number}") for number in range(5)]
    assert codes[:3] == [403] * 3 and 429 in codes
