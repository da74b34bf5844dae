"""Users, accounts and tokens through their pages: by a browser without a screen, and by a real one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from config.errors import StorageError
from config.settings import Settings
from conftest import Running
from mediamtx.layout import Layout
from visiting import PHONE, opened, start_web
from webapp.accounts import Role, User
from webapp.app import create_app
from webapp.users import UserFile
from website import HTML, QUICK_HASHER, Visitor

pytestmark = pytest.mark.usefixtures("quick_hashes")
PASSWORD = "a blue tit"
HASH = QUICK_HASHER.hash(PASSWORD)
LAN, NAME = "192.168.1.20", "birbcam.local"
NEW = {"new": "three small owls", "again": "three small owls"}


@pytest.fixture
def users(settings: Settings) -> UserFile:
    users = UserFile(Layout.of(settings))
    users.set_password(PASSWORD)
    return users


@pytest.fixture
def app(settings: Settings, users: UserFile) -> Flask:
    """The app with the admin "admin"."""
    return create_app(settings)


def add(users: UserFile, name: str, role: Role = "viewer") -> User:
    user = User(name.lower(), name, role, HASH, 0)
    users.change(lambda accounts: accounts.with_user(user))
    return user


def logged_in(app: Flask, name: str = "admin", address: str = LAN) -> Visitor:
    visitor = Visitor(app, address, NAME)
    assert visitor.log_in(PASSWORD, name).status_code == 303
    return visitor


def is_in(visitor: Visitor) -> bool:
    return visitor.client.get("/").status_code == 200


def cookie_of(visitor: Visitor, settings: Settings) -> str:
    """The cookie that the visitor's browser keeps."""
    found = visitor.client.get_cookie(f"birbcam_{settings.web.port}", domain=NAME)
    assert found is not None
    return found.value


def thief_of(app: Flask, cookie: str, settings: Settings) -> Visitor:
    """Somebody who got hold of a cookie."""
    thief = Visitor(app, LAN, NAME)
    thief.client.set_cookie(f"birbcam_{settings.web.port}", cookie, domain=NAME)
    return thief


def test_changing_the_own_password_ends_the_other_sessions(app: Flask, users: UserFile, settings: Settings) -> None:
    here, there = logged_in(app), logged_in(app)
    page, send = "/settings/account", "/settings/account/password"
    assert here.post(send, page, old="what was it", **NEW).status_code == 403
    unlike = here.post(send, page, old=PASSWORD, new="three small owls", again="four small owls")
    assert (unlike.status_code, "not the same" in unlike.text) == (400, True)
    assert "at least 8" in here.post(send, page, old=PASSWORD, new="tit", again="tit").text
    assert "one of the first" in here.post(send, page, old=PASSWORD, new="password1", again="password1").text
    assert is_in(there)  # nothing of this changed it

    thief = thief_of(app, cookie_of(here, settings), settings)
    assert is_in(thief)
    assert here.post(send, page, old=PASSWORD, **NEW).location == "/settings/account?done=password"
    assert is_in(here) and not is_in(there) and not is_in(thief)
    assert there.log_in(PASSWORD).status_code == 403
    assert there.log_in(NEW["new"]).status_code == 303
    users.set_password("by ./birbcam password")
    assert not is_in(here) and not is_in(there)


def test_sessions_are_shown_and_ended(app: Flask, users: UserFile) -> None:
    add(users, "Anna")
    here, there = logged_in(app, "anna"), logged_in(app, "anna", "192.168.1.30")
    page = here.get("/settings/account").text
    assert page.count(">this one<") == 1
    assert "192.168.1.20" in page and "192.168.1.30" in page
    handles = dict.fromkeys(re.findall(r"/settings/account/sessions/([0-9a-f]{16})/end", page))
    mine, other = (h for h in handles)  # the one last used first
    assert here.post(f"/settings/account/sessions/{other}/end", page="/settings/account").status_code == 303
    assert is_in(here) and not is_in(there)

    admin = logged_in(app)
    assert admin.post(f"/settings/account/sessions/{mine}/end", page="/").status_code == 404  # hers, not the admin's
    assert admin.post(f"/settings/users/admin/sessions/{mine}/end", page="/").status_code == 404
    assert admin.post(f"/settings/users/anna/sessions/{mine}/end", page="/").status_code == 303
    assert not is_in(here) and is_in(admin)


@pytest.mark.parametrize("way", ["/logout", "/settings/account/sessions/end"])
def test_a_cookie_that_was_logged_out_is_worth_nothing(app: Flask, settings: Settings, way: str) -> None:
    here, there = logged_in(app), logged_in(app)
    thief = thief_of(app, cookie_of(here, settings), settings)
    assert is_in(thief)
    assert here.post(way, page="/").location == "/login"
    assert not is_in(here) and not is_in(thief)
    assert is_in(there) is (way == "/logout")


@pytest.mark.parametrize(
    "way",
    [
        "/logout",
        "/settings/account/sessions/end",
        "/settings/account/sessions/{}/end",
        "/settings/users/admin/sessions/end",
        "/settings/users/admin/sessions/{}/end",
    ],
)
def test_a_full_disk_keeps_nobody_logged_in(
    app: Flask, settings: Settings, way: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: object) -> None:
        raise StorageError("no space left; make room")

    here = logged_in(app)
    (handle,) = {*re.findall(r"/sessions/([0-9a-f]{16})/end", here.get("/settings/account").text)}
    monkeypatch.setattr("webapp.sessions.replace_file", full)
    assert here.post(way.format(handle), page="/").location == "/login"
    assert "no space left" in caplog.text
    # After a restart the session lives again, but the browser has it no more.
    assert here.client.get_cookie(f"birbcam_{settings.web.port}", domain=NAME) is None


def test_each_log_in_has_a_session_of_its_own(app: Flask, settings: Settings) -> None:
    """Nobody can plant a session that somebody else then logs in."""
    visitor = Visitor(app, LAN, NAME)
    visitor.get("/login")
    thief = thief_of(app, cookie_of(visitor, settings), settings)
    visitor.log_in(PASSWORD)
    assert is_in(visitor) and not is_in(thief)


def test_an_admin_adds_changes_and_deletes_users(app: Flask, users: UserFile) -> None:
    admin, page = logged_in(app), "/settings/users"
    fields = {"name": "Anna", "role": "viewer"} | NEW
    assert admin.post(page, page, **fields).location == "/settings/users?done=added"
    assert "already" in admin.post(page, page, **fields | {"name": "ANNA"}).text
    assert admin.post(page, page, **fields | {"name": " "}).status_code == 400
    assert admin.post(page, page, **fields | {"name": "Ben", "role": "boss"}).status_code == 400
    assert admin.post(page, page, **fields | {"name": "Ben", "again": "x"}).status_code == 400
    anna = users.read().named("anna")
    assert anna is not None and anna.role == "viewer"

    hers = Visitor(app, LAN, NAME)
    assert hers.log_in(NEW["new"], "anna").status_code == 303
    one = f"/settings/users/{anna.key}"
    assert admin.post(f"{one}/role", one, role="admin").status_code == 303
    assert hers.get(page).status_code == 200
    assert admin.post(f"{one}/password", one, new="four small owls", again="four small owls").status_code == 303
    assert not is_in(hers)
    assert hers.log_in("four small owls", "anna").status_code == 303
    assert admin.post(f"{one}/delete", one).location == "/settings/users?done=deleted"
    assert not is_in(hers)
    assert hers.log_in("four small owls", "anna").status_code == 403
    assert admin.get(one).status_code == 404


def test_the_last_admin_can_neither_go_nor_become_a_viewer(app: Flask, users: UserFile) -> None:
    add(users, "Anna")
    admin = logged_in(app)
    for send in ("role", "delete"):
        answer = admin.post(f"/settings/users/admin/{send}", page="/", role="viewer")
        assert (answer.status_code, "last admin" in answer.text) == (400, True)
    assert "only admin" in admin.get("/settings/users/admin").text
    own = admin.post("/settings/users/admin/password", page="/", **NEW)
    assert own.location == "/settings/account"  # where the present one is asked for
    assert is_in(admin)


def test_an_admin_who_deletes_herself_is_logged_out(app: Flask, users: UserFile) -> None:
    add(users, "Anna", "admin")
    anna = logged_in(app, "anna")
    assert anna.post("/settings/users/anna/delete", page="/").location == "/login"
    assert not is_in(anna)


def test_with_one_user_no_name_is_asked_for(app: Flask, users: UserFile) -> None:
    assert 'id="username"' not in Visitor(app).get("/login").text
    assert Visitor(app).log_in(PASSWORD, "whatever a password manager kept").status_code == 303
    add(users, "Anna")
    assert 'id="username"' in Visitor(app).get("/login").text
    assert Visitor(app).log_in(PASSWORD).status_code == 403
    assert Visitor(app).log_in(PASSWORD, " aNNa ").status_code == 303


def test_who_is_there_is_not_told(app: Flask, users: UserFile, monkeypatch: pytest.MonkeyPatch) -> None:
    add(users, "Anna")
    monkeypatch.setattr("webapp.auth.time.monotonic", lambda: 1000.0)
    answers = []
    for address, name in (("192.168.1.30", "anna"), ("192.168.1.31", "nobody")):
        visitor = Visitor(app, address, NAME)
        tries = [visitor.log_in("wrong password", name) for _ in range(5)]
        texts = [answer.text.replace(f'value="{name}"', "") for answer in tries]
        hidden = [re.sub(r'(csrf[-_]token" (?:value|content))="[^"]+"', "", text) for text in texts]
        answers.append([(answer.status_code, text) for answer, text in zip(tries, hidden, strict=True)])
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [403, 403, 403, 429, 429]


def test_many_addresses_cannot_guess_and_do_not_keep_her_out(
    app: Flask, users: UserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(users, "Anna")
    at_home = logged_in(app, "anna", "192.168.1.20")
    monkeypatch.setattr("webapp.auth.time.monotonic", lambda: 1000.0)
    codes = [Visitor(app, f"203.0.113.{number}", NAME).log_in("wrong", "anna").status_code for number in range(12)]
    assert codes == [403] * 10 + [429] * 2
    assert Visitor(app, "203.0.113.99", NAME).log_in(PASSWORD, "anna").status_code == 429
    assert is_in(at_home)
    assert Visitor(app, "192.168.1.20", NAME).log_in(PASSWORD, "anna").status_code == 303


def test_a_log_in_of_ones_own_does_not_make_guessing_free(
    app: Flask, users: UserFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(users, "Anna")
    logged_in(app, "admin", "192.168.1.30")  # so the address is known for the admin
    monkeypatch.setattr("webapp.auth.time.monotonic", lambda: 1000.0)
    codes = []
    for _ in range(12):
        codes.append(Visitor(app, "192.168.1.30", NAME).log_in("wrong", "admin").status_code)
        Visitor(app, "192.168.1.30", NAME).log_in(PASSWORD, "anna")
    assert codes == [403] * 10 + [429] * 2


def test_a_token_lets_a_program_in_without_a_cookie(app: Flask, users: UserFile) -> None:
    admin, page = logged_in(app), "/settings/tokens"
    made = admin.post(page, page, name="Home Assistant", role="viewer")
    assert made.headers["Cache-Control"] == "no-store"
    (secret,) = set(re.findall(r"<code>(birbcam_[\w-]+)</code>", made.text))
    assert secret not in admin.get(page).text
    assert "last used: never" in admin.get(page).text

    program = Visitor(app, "192.168.1.40", NAME)
    bearer = {"Authorization": f"Bearer {secret}"}
    for path, headers in (("/api/v1/status", bearer), ("/", bearer | HTML)):
        answer = program.client.get(path, headers=headers)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert program.client.get("/settings/users", headers=bearer).status_code == 403
    assert program.client.get("/settings/account", headers=bearer).status_code == 404
    assert "last used: never" not in admin.get(page).text

    for wrong in ("Bearer", "Bearer x", f"Bearer {secret}x", f"bearer {secret[:-1]}"):
        answer = program.client.get("/api/v1/status", headers={"Authorization": wrong})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert program.client.get(f"/api/v1/status?token={secret}").status_code == 401  # an address is no place for it
    basic = {"Authorization": "Basic YTpi"}  # a proxy's
    assert admin.client.get("/", headers=basic).status_code == 200

    (token,) = users.read().tokens
    assert admin.post(f"{page}/{token.key}/revoke", page).location == "/settings/tokens?done=revoked"
    assert program.client.get("/api/v1/status", headers=bearer).status_code == 401
    assert admin.post(f"{page}/{token.key}/revoke", page).status_code == 404


def test_a_token_goes_with_the_admin_who_made_it(app: Flask, users: UserFile) -> None:
    add(users, "Anna", "admin")
    anna, admin = logged_in(app, "anna"), logged_in(app)

    def made(name: str, **headers: str) -> dict[str, str]:
        form = {"name": name, "role": "admin"}
        answer = (
            anna.client.post("/settings/tokens", data=form, headers=headers)
            if headers
            else anna.post("/settings/tokens", "/settings/tokens", **form)
        )
        (secret,) = set(re.findall(r"<code>(birbcam_[\w-]+)</code>", answer.text))
        return {"Authorization": f"Bearer {secret}"}

    first = made("Home Assistant")
    second = made("made by it", **first)
    assert "by Anna" in admin.get("/settings/tokens").text
    page = admin.get("/settings/users/anna").text
    assert page.count("Home Assistant, made by it") == 2  # before the role changes, and before it is deleted
    program = Visitor(app, "192.168.1.40", NAME)
    assert [program.client.get("/settings/users", headers=one).status_code for one in (first, second)] == [200, 200]
    admin.post("/settings/users/anna/delete", page="/settings/users/anna")
    assert [program.client.get("/settings/users", headers=one).status_code for one in (first, second)] == [401, 401]
    assert "No program has a token" in admin.get("/settings/tokens").text


def test_a_token_beats_the_cookie_beside_it(app: Flask) -> None:
    """A program with a viewer's token in an admin's browser is a viewer."""
    admin = logged_in(app)
    made = admin.post("/settings/tokens", "/settings/tokens", name="a", role="viewer")
    (secret,) = set(re.findall(r"<code>(birbcam_[\w-]+)</code>", made.text))
    bearer = {"Authorization": f"Bearer {secret}"}
    assert admin.client.post("/api/v1/cameras/front/save", headers=bearer, json={"seconds": 1}).status_code == 403


def test_without_a_password_users_begin_with_one(settings: Settings) -> None:
    visitor = Visitor(create_app(settings))
    assert "Set a password" in visitor.get("/settings/users").text
    assert visitor.post("/settings/users", page="/", name="a", role="viewer", **NEW).location == "/password"
    assert visitor.post("/settings/tokens", page="/", name="a", role="viewer").location == "/password"
    assert visitor.get("/settings/account").location == "/password"
    assert "Your account" not in visitor.get("/settings/users").text


def test_nothing_secret_is_logged(app: Flask, users: UserFile, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    admin = logged_in(app)
    Visitor(app).log_in("a secret wrong one", "a password typed as a name")
    made = admin.post("/settings/tokens", "/settings/tokens", name="a", role="viewer")
    (secret,) = set(re.findall(r"<code>(birbcam_[\w-]+)</code>", made.text))
    admin.post("/settings/users", "/settings/users", name="Anna", role="viewer", **NEW)
    for word in (PASSWORD, "a secret wrong one", "typed as a name", secret, NEW["new"]):
        assert word not in caplog.text
    assert "admin added the viewer Anna" in caplog.text
    assert "a wrong password from 127.0.0.1" in caplog.text


@pytest.fixture
def site(settings: Settings, users: UserFile, run_python: Callable[..., Running]) -> str:
    return start_web(run_python, settings)


def log_in(page: Page, password: str, name: str = "") -> None:
    if name:
        page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.slow
def test_a_family_in_real_browsers(site: str, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, site) as mum, opened(browser, site, PHONE, "dark") as kid:
        mum.open("/")
        log_in(mum.page, PASSWORD)
        expect(mum.page.get_by_role("link", name="Settings")).to_be_visible()
        mum.open("/settings/account")
        mum.page.get_by_role("navigation", name="Settings").get_by_role("link", name="Users").click()
        mum.page.get_by_label("Name").fill("Kid")
        mum.page.get_by_label("Password", exact=True).fill("three small owls")
        mum.page.get_by_label("The same again").fill("three small owls")
        mum.page.get_by_role("button", name="Add").click()
        expect(mum.page.get_by_role("status").filter(has_text="Added")).to_be_visible()

        kid.open("/settings/account")
        log_in(kid.page, "three small owls", "kid")
        expect(kid.page.get_by_role("heading", name="Kid")).to_be_visible()
        expect(kid.page.get_by_text("this one", exact=True)).to_be_visible()
        assert kid.page.get_by_role("link", name="Settings", exact=True).count() == 0
        kid.page.get_by_label("Present password").fill("three small owls")
        kid.page.get_by_label("New password").fill("four small owls")
        kid.page.get_by_label("The same again").fill("four small owls")
        kid.page.get_by_role("button", name="Change it").click()
        expect(kid.page.get_by_text("Your password is changed")).to_be_visible()

        for path in ("/", "/camera/front", "/recordings/front"):  # without a script that asks for what viewers may not
            kid.open(path)
            kid.page.wait_for_load_state("networkidle")

        mum.page.get_by_role("link", name="Change Kid").click()
        expect(mum.page.get_by_role("link", name="Users", exact=True)).to_have_attribute("aria-current", "page")
        mum.page.get_by_label("Admin").check()
        mum.page.get_by_role("button", name="Save the role").click()
        expect(mum.page.get_by_text("It counts from the next click on")).to_be_visible()
        kid.open("/settings/users")
        expect(kid.page.get_by_role("heading", name="Add a user")).to_be_visible()

        mum.page.get_by_text("Delete Kid…").click()
        mum.page.get_by_text("Cancel").click()
        expect(mum.page.get_by_role("button", name="Yes, delete")).to_be_hidden()
        mum.page.get_by_text("Delete Kid…").click()
        mum.page.get_by_role("button", name="Yes, delete").click()
        expect(mum.page.get_by_text("Whatever was logged in as this user")).to_be_visible()
        kid.open("/")
        expect(kid.page.get_by_role("button", name="Log in")).to_be_visible()

        mum.page.get_by_role("link", name="Programs").click()
        mum.page.get_by_label("Name").fill("Home Assistant")
        mum.page.get_by_role("button", name="Make a token").click()
        expect(mum.page.get_by_label("Token", exact=True)).to_contain_text("birbcam_")
        second = mum.page.context.new_page()
        second.goto(site + "/settings/users")
        mum.page.get_by_role("link", name="Your account").click()
        mum.page.get_by_text("Log out everywhere…").click()
        mum.page.get_by_role("button", name="Yes, log out everywhere").click()
        expect(mum.page.get_by_role("button", name="Log in")).to_be_visible()
        expect(second.get_by_role("button", name="Log in")).to_be_visible()  # nothing is left on other tabs
        mum.page.go_back()
        expect(mum.page.get_by_role("button", name="Log in")).to_be_visible()  # nor on the way back
