"""The first visit after an installation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from config.errors import WebError
from config.settings import Settings, WebSettings
from config.setup_code import ALPHABET, new_code, same_code
from mediamtx.layout import Layout
from webapp.access import check_exposure
from webapp.app import create_app
from webapp.passwords import verify_password
from webapp.users import UserFile
from website import Visitor

pytestmark = pytest.mark.usefixtures("quick_hashes")
CODE, PASSWORD = "K7QM-2RTX", "a blue tit"
LAN, NAME = "192.168.1.20", "birbcam.local:8080"


@pytest.fixture
def app(settings: Settings) -> Flask:
    """The app as an installation leaves it."""
    app = create_app(settings)
    Layout.of(settings).setup_code.write_text(f"{CODE}\n")
    return app


def send(visitor: Visitor, code: str = CODE, again: str = PASSWORD) -> int:
    return visitor.post("/setup", page="/setup", code=code, new=PASSWORD, again=again).status_code


def test_a_code_is_easy_to_type() -> None:
    code = new_code()
    assert len(code) == 9 and set(code) <= {*ALPHABET, "-"} and code != new_code()
    assert same_code(f" {code.lower().replace('-', ' ')} ", code)
    assert not same_code(code[:-1], code)
    assert not same_code("", code)


def test_the_first_visitor_of_the_network_sets_the_password_with_the_code(app: Flask, settings: Settings) -> None:
    visitor = Visitor(app, LAN, NAME)
    assert visitor.get("/camera/front").location == "/setup"
    assert "Set-up code" in visitor.get("/setup").text
    assert send(visitor, "k7qm2rtx") == 303
    assert visitor.get("/").status_code == 200
    assert verify_password(UserFile(Layout.of(settings)).read().users[0].password, PASSWORD)
    assert not Layout.of(settings).setup_code.exists()
    # It worked once: the next visitor has to log in.
    assert Visitor(app, LAN, NAME).client.get("/setup").status_code == 401


def test_without_the_code_nothing_is_seen_and_nothing_set(app: Flask, settings: Settings) -> None:
    visitor = Visitor(app, LAN, NAME)
    assert visitor.client.get("/api/v1/status").status_code == 403
    assert visitor.client.get("/camera/front").status_code == 403
    assert visitor.post("/password", page="/setup", new=PASSWORD, again=PASSWORD).status_code == 403
    assert send(visitor, again="another") == 400
    assert [send(visitor, f"AAAA-AAA{number}") for number in range(2, 6)] == [403, 403, 403, 429]
    assert send(visitor) == 429
    assert not UserFile(Layout.of(settings)).read().closed


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_the_internet_is_not_asked_for_the_code(app: Flask, header: str) -> None:
    assert Visitor(app, "203.0.114.9", NAME).get("/setup").status_code == 403
    assert Visitor(app, "127.0.0.1", NAME).get("/setup", headers={header: LAN}).status_code == 403
    assert Visitor(app, "fe80::1%eth0", NAME).get("/setup").status_code == 200
    assert Visitor(app, "::ffff:192.168.1.20", NAME).get("/setup").status_code == 200


def test_a_code_opens_the_app_to_the_network(app: Flask, settings: Settings) -> None:
    open_to_all = replace(settings, web=WebSettings(host="0.0.0.0"))
    check_exposure(open_to_all, UserFile(Layout.of(settings)))
    Layout.of(settings).setup_code.unlink()
    with pytest.raises(WebError, match="needs a password"):
        check_exposure(open_to_all, UserFile(Layout.of(settings)))
    assert Visitor(app, LAN, NAME).get("/setup").status_code == 403
