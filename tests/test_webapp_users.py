"""Users and tokens as values and on disk: from the one password of before, damaged, killed while writing."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from config.errors import AccountError, WebError
from config.settings import Settings
from mediamtx.layout import Layout
from waiting import wait_until
from webapp.accounts import FIRST, Accounts, Role, User, clean_name, known_role, new_token
from webapp.app import create_app
from webapp.passwords import COMMON, hash_password, password_problem, verify_password
from webapp.users import UserFile
from website import QUICK_HASHER, Visitor

pytestmark = pytest.mark.usefixtures("quick_hashes")
ROOT = Path(__file__).parent.parent
PASSWORD = "a blue tit"
HASH = QUICK_HASHER.hash(PASSWORD)

WRITER = """
import sys
from pathlib import Path
from config.settings import Settings
from mediamtx.layout import Layout
from webapp.accounts import Token
from webapp.users import UserFile
users = UserFile(Layout.of(Settings(state_dir=Path(sys.argv[1]))))
for number in range(100000):
    one = Token(f"{number:x}", f"program {number}", "viewer", "0" * 64, 0)
    users.change(lambda accounts: accounts.without_token(f"{number - 1:x}").with_token(one))
    print(number, flush=True)
"""


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


KILLED = """
import os, signal, sys
from pathlib import Path
from config.settings import Settings
from mediamtx.layout import Layout
from webapp.accounts import User
from webapp.users import UserFile
folder, left = sys.argv[1], int(sys.argv[2])
users = UserFile(Layout.of(Settings(state_dir=Path(folder))))
anna = User("anna", "Anna", "viewer", users.read().users[0].password, 0)

def count(event, arguments):
    global left
    changes = event in ("os.rename", "os.remove") or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
    if changes and folder in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
users.change(lambda accounts: accounts.with_user(anna))
"""


def somebody(name: str, role: Role) -> User:
    """A user with the password, without the time that hashing takes."""
    return User(secrets.token_hex(8), clean_name(name), role, HASH, 0)


def one_user(**changed: Any) -> str:
    """A users' file with one user."""
    user = {"key": "a", "name": "a", "role": "admin", "password": HASH, "made": 1} | changed
    return json.dumps({"version": 1, "users": [user], "tokens": []})


def two_users(layout: Layout) -> UserFile:
    users = UserFile(layout)
    users.set_password(PASSWORD)
    users.change(lambda accounts: accounts.with_user(somebody("Anna", "viewer")))
    return users


def test_the_one_password_of_before_is_that_of_the_admin(settings: Settings, layout: Layout) -> None:
    """Nothing is written, and nothing has to be typed anew."""
    layout.state_dir.mkdir(parents=True)
    layout.web_password.write_text(f"{HASH}\n")
    (user,) = UserFile(layout).read().users
    assert (user.name, user.role) == ("admin", "admin")
    visitor = Visitor(create_app(settings), "192.168.1.20", "birbcam.local")
    assert 'id="username"' not in visitor.get("/login").text  # the log-in looks as before
    assert visitor.log_in(PASSWORD).status_code == 303
    assert visitor.get("/settings/users").status_code == 200
    assert not layout.web_users.exists()


def test_the_first_change_takes_the_old_password_along(settings: Settings, layout: Layout) -> None:
    layout.state_dir.mkdir(parents=True)
    layout.web_password.write_text(f"{HASH}\n")
    app = create_app(settings)
    visitor = Visitor(app)
    visitor.log_in(PASSWORD)
    added = visitor.post(
        "/settings/users", page="/settings/users", name="Anna", role="viewer", new="three owls", again="three owls"
    )
    assert added.location == "/settings/users?done=added"
    assert not layout.web_password.exists()
    assert layout.web_users.stat().st_mode & 0o777 == 0o600
    assert visitor.get("/settings/users").status_code == 200  # the session goes on
    assert Visitor(app).log_in(PASSWORD, "admin").status_code == 303


def test_a_move_that_was_cut_short_is_completed(layout: Layout) -> None:
    """Killed between the new file and the end of the old one, the new one counts."""
    users = two_users(layout)
    layout.web_password.write_text(hash_password("the old one") + "\n")
    assert [user.name for user in UserFile(layout).read().users] == ["admin", "Anna"]
    users.set_password("a marsh tit")
    assert not layout.web_password.exists()


@pytest.mark.slow
def test_killed_at_each_step_of_the_first_change_nobody_is_locked_out(layout: Layout) -> None:
    """From the one password of before to the users' file."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    steps = 0
    layout.state_dir.mkdir(parents=True)
    for at in range(1, 30):
        layout.web_users.unlink(missing_ok=True)
        layout.web_password.write_text(f"{HASH}\n")
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(layout.state_dir), str(at)], env=environment, timeout=60
        )
        users = UserFile(layout)
        accounts = users.read()
        assert not accounts.problem
        assert [user.name for user in accounts.users][:1] == ["admin"]
        assert accounts.users[0].password == HASH
        assert (layout.web_users.exists() or layout.web_password.exists()) and layout.has_password()
        if done.returncode == 0:
            assert [user.name for user in accounts.users] == ["admin", "Anna"]
            break
        assert done.returncode == -signal.SIGKILL
        steps = at
        # What is left over does not get in the way of the next one.
        names = [user.name for user in users.change(lambda all_: all_).users]
        assert names in (["admin"], ["admin", "Anna"])
        assert not layout.web_password.exists()
    assert steps >= 3  # the temporary file, its name, the end of the old one


@pytest.mark.slow
def test_killed_at_any_moment_the_file_is_the_old_or_the_new(layout: Layout) -> None:
    two_users(layout)
    dice = random.Random(7)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(layout.state_dir)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            for _ in range(dice.randrange(1, 40)):
                assert writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            said = [int(line) for line in writer.stdout.read().splitlines()[:-1]]
        accounts = UserFile(layout).read()
        assert not accounts.problem
        assert [user.name for user in accounts.users] == ["admin", "Anna"]
        assert len(accounts.tokens) == 1
        assert not said or int(accounts.tokens[0].key, 16) >= said[-1]  # what was said to be done is on disk
        assert layout.web_users.stat().st_mode & 0o777 == 0o600
        UserFile(layout).change(lambda accounts: accounts.without_token(accounts.tokens[0].key))  # no lock is left


@pytest.mark.slow
def test_two_processes_write_one_after_the_other(layout: Layout) -> None:
    users = two_users(layout)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(layout.state_dir)], env=environment, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None and writer.stdout.readline()
        for number in range(20):
            guest = somebody(f"guest {number}", "viewer")
            users.change(lambda accounts, guest=guest: accounts.with_user(guest))  # type: ignore[misc]
        wait_until(lambda: UserFile(layout).read().tokens, 5, "the other one goes on")
        writer.kill()
    accounts = UserFile(layout).read()
    assert [user.name for user in accounts.users] == ["admin", "Anna", *(f"guest {number}" for number in range(20))]
    assert len(accounts.tokens) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"version": 1}',
        '{"version": 1, "users": [], "tokens": []}',
        '{"version": 1, "users": [{"key": "a"}], "tokens": []}',
        one_user(password="no hash"),
        one_user(role="boss"),
        one_user(role="viewer"),
        one_user(name=1),
        one_user(made="today"),
        one_user().replace('"tokens": []', '"tokens": [{}]'),
        "[" * 100_000,
    ],
)
def test_a_damaged_file_opens_nothing_and_names_the_cure(settings: Settings, layout: Layout, content: str) -> None:
    app = create_app(settings)
    layout.web_users.write_text(content)
    users = UserFile(layout)
    with pytest.raises(WebError, match=r"web_users.json: damaged; .*\./birbcam password"):
        users.check()
    with pytest.raises(WebError):
        users.change(lambda accounts: accounts)
    assert layout.web_users.read_text() == content
    assert Visitor(app).client.get("/").status_code == 401

    users.set_password(PASSWORD)  # the cure
    assert layout.web_users.with_suffix(".damaged.json").read_text() == content
    assert [user.name for user in users.read().users] == ["admin"]
    assert Visitor(app).log_in(PASSWORD).status_code == 303


def test_a_file_of_a_later_version_is_left_alone(layout: Layout) -> None:
    layout.state_dir.mkdir(parents=True)
    layout.web_users.write_text('{"version": 2}')
    with pytest.raises(WebError, match="update this one"):
        UserFile(layout).check()
    with pytest.raises(WebError, match="update this one"):
        UserFile(layout).set_password(PASSWORD)
    assert layout.web_users.read_text() == '{"version": 2}'


def test_a_state_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WebError, match="Not a directory"):
        UserFile(Layout.of(Settings(state_dir=tmp_path / "file" / "state"))).set_password(PASSWORD)


def test_the_password_from_the_command_line_is_the_admins(layout: Layout) -> None:
    users = two_users(layout)
    assert users.set_password("a marsh tit").name == "admin"
    assert users.set_password("a coal tit", "ANNA").name == "Anna"
    accounts = users.read()
    assert verify_password(accounts.users[0].password, "a marsh tit")
    assert verify_password(accounts.users[1].password, "a coal tit")
    with pytest.raises(AccountError, match="no user Ben; there are: admin, Anna"):
        users.set_password("a marsh tit", "Ben")


def test_the_first_user_is_the_admin(layout: Layout) -> None:
    with pytest.raises(AccountError, match='password of "admin" first'):
        UserFile(layout).set_password(PASSWORD, "Anna")
    assert UserFile(layout).set_password(PASSWORD, FIRST).role == "admin"


def test_the_last_admin_stays() -> None:
    admin, viewer = somebody("admin", "admin"), somebody("Anna", "viewer")
    accounts = Accounts((admin, viewer))
    with pytest.raises(AccountError, match="last admin"):
        accounts.without_user(admin.key)
    with pytest.raises(AccountError, match="last admin"):
        accounts.with_changed(admin.key, role="viewer")
    promoted = accounts.with_changed(viewer.key, role="admin")
    assert [user.name for user in promoted.without_user(admin.key).users] == ["Anna"]


def test_names() -> None:
    accounts = Accounts((somebody("  Grandpa   Karl ", "admin"), somebody("Zoë", "viewer")))
    assert accounts.users[0].name == "Grandpa Karl"
    for name in ("grandpa karl", "GRANDPA  KARL", "Zoe\u0308"):  # composed and decomposed letters are the same
        assert accounts.named(name) is not None
        with pytest.raises(AccountError, match="already"):
            accounts.with_user(somebody(name, "viewer"))
    assert accounts.named("Karl") is None
    for name in ("", "   ", "x" * 41, "a\u202eb", "\u200b"):
        with pytest.raises(AccountError):
            clean_name(name)
    assert clean_name("a\nb") == "a b"  # never a line of its own in a log
    with pytest.raises(AccountError, match="admin, viewer"):
        known_role("root")


def test_a_token_is_kept_as_a_digest_alone(layout: Layout) -> None:
    users = two_users(layout)
    token, secret = new_token("Home Assistant", "viewer", 5)
    users.change(lambda accounts: accounts.with_token(token))
    assert secret.startswith("birbcam_") and len(secret) > 40
    assert secret not in layout.web_users.read_text()
    accounts = UserFile(layout).read()
    assert accounts.token(secret) == token
    assert accounts.token(secret + "x") is None
    assert accounts.token(token.digest) is None
    with pytest.raises(AccountError, match="already"):
        accounts.with_token(new_token("home assistant", "admin", 6)[0])
    assert accounts.without_token(token.key).token(secret) is None
    assert secret not in repr(accounts) and HASH[-20:] not in repr(accounts)


def test_a_token_ends_with_what_its_maker_was(layout: Layout) -> None:
    users = two_users(layout)
    anna = users.read().users[1].key
    users.change(lambda accounts: accounts.with_changed(anna, role="admin"))
    of_old, old = new_token("of old", "admin", 5)
    strong, admins = new_token("strong", "admin", 5, anna)
    weak, viewers = new_token("weak", "viewer", 5, anna)
    users.change(lambda accounts: accounts.with_token(of_old).with_token(strong).with_token(weak))
    content = json.loads(layout.web_users.read_text())
    del content["tokens"][0]["maker"]  # as earlier releases wrote it
    layout.web_users.write_text(json.dumps(content))

    def let_in(accounts: Accounts) -> list[bool]:
        return [accounts.token(secret) is not None for secret in (old, admins, viewers)]

    accounts = UserFile(layout).read()
    assert let_in(accounts) == [True, True, True]
    assert let_in(accounts.with_changed(anna, password=HASH)) == [True, True, True]
    viewer = accounts.with_changed(anna, role="viewer")
    assert let_in(viewer) == [True, False, True]
    assert let_in(viewer.with_changed(anna, role="admin")) == [True, False, True]  # it was revoked
    assert let_in(accounts.without_user(anna)) == [True, False, False]
    assert let_in(replace(accounts, users=accounts.users[:1])) == [True, False, False]  # however that came


@pytest.mark.parametrize("password", ["password1", "PASSWORD1", "12345678", "aaaaaaaaaa", "abababababab", "Anna-Maria"])
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    assert "one of the first" in (password_problem(password, "anna-maria") or "")


@pytest.mark.parametrize("password", ["a blue tit", "пароль мой", "🐦🐦🦉 at dawn", " spaces around ", "x7#kq9!Lz"])
def test_passwords_of_any_letters_will_do(password: str) -> None:
    assert password_problem(password) is None
    assert verify_password(hash_password(password), password)
    assert not verify_password(hash_password(password), password.strip() + " ")


def test_there_are_enough_common_passwords() -> None:
    assert len(COMMON.read_text().splitlines()) > 3000


def test_whoever_is_not_there_costs_as_much_as_who_is(monkeypatch: pytest.MonkeyPatch) -> None:
    work = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hash: str, password: str) -> bool:
        work.append(hash.rsplit("$", 2)[0])  # kind and cost
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    assert not verify_password(HASH, "wrong")
    assert not verify_password(None, "wrong")
    assert work[0] == work[1]
    assert len(work) == 2
