"""What each role may do, over every route that there is: a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from webapp.access import ADMIN_WORDS, OPEN, VIEWERS_MAY, may
from webapp.accounts import Role, new_token, new_user
from webapp.app import create_app
from webapp.users import UserFile
from website import HTML, Visitor, routes

pytestmark = pytest.mark.usefixtures("quick_hashes")
PASSWORD = "a blue tit"
LAN, NAME = "192.168.1.20", "birbcam.local"


@pytest.fixture
def app(settings: Settings) -> Flask:
    """The app with an admin and a viewer, both with the same password."""
    users = UserFile(Layout.of(settings))
    users.set_password(PASSWORD)
    users.change(lambda accounts: accounts.with_user(new_user("Anna", "viewer", PASSWORD, 0)))
    return create_app(settings)


def logged_in(app: Flask, name: str) -> Visitor:
    visitor = Visitor(app, LAN, NAME)
    assert visitor.log_in(PASSWORD, name).status_code == 303
    return visitor


def token_of(settings: Settings, role: Role) -> dict[str, str]:
    """The header of a program with a fresh token."""
    token, secret = new_token(f"a {role}", role, 0)
    UserFile(Layout.of(settings)).change(lambda accounts: accounts.with_token(token))
    return {"Authorization": f"Bearer {secret}"}


def asked(app: Flask, ask: Callable[[str, str, dict[str, Any]], int]) -> list[tuple[str, Rule, int]]:
    """Each method and rule with its status, sent by `ask(method, path, options)`."""
    return [
        (method, rule, ask(method, path, {} if method == "GET" else {"json": {"seconds": 1}}))
        for method, path, rule in routes(app)
    ]


def for_admins(method: str, rule: Rule) -> bool:
    """Whether viewers must be refused, told in other words than the guard does."""
    if rule.endpoint in VIEWERS_MAY | OPEN:
        return False
    words = ("settings", "system", "users", "tokens", "tuning")
    return method != "GET" or any(word in rule.rule.split("/") for word in words)


def test_nobody_gets_anything_but_the_open_addresses(app: Flask) -> None:
    visitor = Visitor(app, LAN, NAME)
    found = asked(app, lambda method, path, options: visitor.client.open(path, method=method, **options).status_code)
    for method, rule, status in found:
        if rule.endpoint not in OPEN:
            assert status == 401, f"{method} {rule.rule}"
    assert {rule.endpoint for _, rule, _ in found} >= OPEN
    assert len(found) > 50


@pytest.mark.parametrize("by_token", [False, True])
def test_a_viewer_looks_and_changes_nothing(app: Flask, settings: Settings, by_token: bool) -> None:
    visitor = Visitor(app, LAN, NAME) if by_token else logged_in(app, "anna")
    headers = token_of(settings, "viewer") if by_token else {"X-CSRFToken": visitor.token("/settings/account")}

    def ask(method: str, path: str, options: dict[str, Any]) -> int:
        if path in ("/logout", "/settings/account/sessions/end"):
            return 303  # they work, and would end the session: test_webapp_account clicks them
        return visitor.client.open(path, method=method, headers=headers, **options).status_code

    for method, rule, status in asked(app, ask):
        if for_admins(method, rule):
            assert status == 403, f"{method} {rule.rule}"
        else:
            assert status not in (401, 403), f"{method} {rule.rule}"


@pytest.mark.parametrize("by_token", [False, True])
def test_an_admin_may_do_everything(app: Flask, settings: Settings, by_token: bool) -> None:
    visitor = Visitor(app, LAN, NAME) if by_token else logged_in(app, "admin")
    headers = token_of(settings, "admin") if by_token else {"X-CSRFToken": visitor.token("/settings/account")}

    def ask(method: str, path: str, options: dict[str, Any]) -> int:
        if path in ("/logout", "/settings/account/sessions/end"):
            return 303
        return visitor.client.open(path, method=method, headers=headers, **options).status_code

    for method, rule, status in asked(app, ask):
        assert status not in (401, 403), f"{method} {rule.rule}"


def test_without_the_csrf_token_a_logged_in_browser_changes_nothing(app: Flask) -> None:
    """A foreign page can make it send forms, and JSON without a preflight."""
    visitor = logged_in(app, "admin")
    found = asked(app, lambda method, path, options: visitor.client.open(path, method=method, **options).status_code)
    for method, rule, status in found:
        if method != "GET":
            assert status == 400, f"{method} {rule.rule}"


def test_the_list_of_what_viewers_may_names_routes_that_there_are(app: Flask) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert known >= VIEWERS_MAY
    assert known >= OPEN


@pytest.mark.parametrize(
    ("role", "method", "endpoint", "rule", "allowed"),
    [
        ("viewer", "GET", "a.b", "/camera/<name>", True),
        ("viewer", "HEAD", "a.b", "/camera/<name>", True),
        ("viewer", "OPTIONS", "a.b", "/camera/<name>", True),
        ("viewer", "POST", "a.b", "/camera/<name>", False),
        ("viewer", "QUERY", "a.b", "/camera/<name>", False),
        ("viewer", "GET", "a.b", "/settings/storage", False),
        ("viewer", "GET", "a.b", "/api/v1/system/log", False),
        ("viewer", "GET", "a.b", "/api/v1/cameras/<name>/settings", False),
        ("viewer", "GET", "tuning.shown", "/api/v1/cameras/<name>/tuning", False),
        ("viewer", "POST", "auth.logout", "/logout", True),
        ("admin", "DELETE", "a.b", "/api/v1/system", True),
        (None, "GET", "a.b", "/camera/<name>", False),
        (None, "POST", "auth.logout", "/logout", False),
    ],
)
def test_who_may(role: Role | None, method: str, endpoint: str, rule: str, allowed: bool) -> None:
    assert may(role, method, endpoint, rule) is allowed


def test_a_viewer_is_told_whom_to_ask_and_shown_no_buttons(app: Flask, settings: Settings) -> None:
    users = UserFile(Layout.of(settings))
    users.change(lambda accounts: accounts.with_user(new_user("Ben", "admin", PASSWORD, 0)))
    visitor = logged_in(app, "Anna")
    page = visitor.get("/settings/users")
    assert page.status_code == 403
    assert "Ask admin or Ben." in page.text
    assert 'href="/settings"' not in visitor.get("/").text
    assert 'href="/settings/account"' in visitor.get("/").text
    program = visitor.client.delete("/api/v1/cameras/front/recording", headers=token_of(settings, "viewer"))
    assert "This token is for looking" in program.json["detail"]


def test_a_role_that_is_taken_away_is_gone_with_the_next_request(app: Flask, settings: Settings) -> None:
    users = UserFile(Layout.of(settings))
    users.change(lambda accounts: accounts.with_user(new_user("Ben", "admin", PASSWORD, 0)))
    visitor = logged_in(app, "ben")
    assert visitor.get("/settings/users").status_code == 200
    ben = users.read().named("Ben")
    assert ben is not None
    users.change(lambda accounts: accounts.with_changed(ben.key, role="viewer"))
    assert visitor.get("/settings/users").status_code == 403
    users.change(lambda accounts: accounts.without_user(ben.key))
    assert visitor.client.get("/").status_code == 401


def test_no_page_tells_the_passwords_of_cameras(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    camera = CameraSettings(
        source="rtsp://user:hunter22@192.0.2.7/one", detect_url="rtsp://user:hunter22@192.0.2.7/two", enabled=False
    )
    settings.cameras["front"] = camera
    app = create_app(settings)
    visitor = Visitor(app)
    token = visitor.token("/")
    for method, path, _ in routes(app):
        answer = visitor.client.open(
            path, method=method, headers=HTML | {"X-CSRFToken": token}, json=None if method == "GET" else {}
        )
        assert "hunter22" not in answer.text, f"{method} {path}"
    assert "hunter22" not in caplog.text


def test_the_words_for_admins_are_no_names_of_cameras(app: Flask) -> None:
    """A camera called "system" must not lock viewers out: words count where the route itself has them."""
    assert may("viewer", "GET", "pages.camera", "/camera/<name>")
    assert not any(f"<{word}>" in rule.rule for rule in app.url_map.iter_rules() for word in ADMIN_WORDS)
