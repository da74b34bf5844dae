"""Sessions: kept by the server, ended from anywhere, written seldom."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from config.errors import StorageError
from webapp.accounts import Accounts, Role, User
from webapp.sessions import MOST_OF_ONE, REST, Sessions, device_of
from webapp.threads import Threads

DAY = 86400.0
NOW = 1_795_000_000.0
MONTH = 30 * DAY


def somebody(name: str, role: Role = "viewer") -> User:
    return User(secrets.token_hex(8), name, role, f"hash of {name}", 0)


ANNA, BEN = somebody("Anna", "admin"), somebody("Ben")
ALL = Accounts((ANNA, BEN))


def opened(path: Path) -> Sessions:
    return Sessions(path / "web_sessions.json", MONTH, Threads())


def begin(sessions: Sessions, user: User = ANNA, now: float = NOW) -> str:
    return sessions.begin(user, "192.168.1.20", "Firefox on Linux", now)


def test_a_session_survives_a_restart_and_nothing_on_disk_opens_it(tmp_path: Path) -> None:
    secret = begin(opened(tmp_path))
    again = opened(tmp_path)
    found = again.find(secret, ALL, NOW + 5)
    assert found is not None and found.user == ANNA.key
    file = tmp_path / "web_sessions.json"
    assert secret not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    for wrong in ("", "x", secret + "x", found.digest, found.handle):
        assert again.find(wrong, ALL, NOW) is None


def test_secrets_differ(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    assert len({begin(sessions) for _ in range(20)}) == 20
    assert len(begin(sessions)) >= 43  # 256 bits


def test_it_ends_after_its_time_however_often_it_is_used(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    secret = begin(sessions)
    found = sessions.find(secret, ALL, NOW + MONTH - 1)
    assert found is not None
    sessions.seen(found, "192.168.1.20", NOW + MONTH - 1)
    assert sessions.find(secret, ALL, NOW + MONTH + 1) is None
    assert sessions.of(ANNA, ALL, NOW + MONTH + 1) == []


def test_it_ends_with_its_user_its_password_or_by_hand(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    one, two, other = begin(sessions), begin(sessions), begin(sessions, BEN)
    assert sessions.find(one, ALL.with_changed(ANNA.key, password="another"), NOW) is None
    assert sessions.find(other, ALL.without_user(BEN.key), NOW) is None
    found = sessions.find(one, ALL, NOW)
    assert found is not None
    sessions.end([found], NOW)
    for all_of_them in (sessions, opened(tmp_path)):
        assert all_of_them.find(one, ALL, NOW) is None
        assert all_of_them.find(two, ALL, NOW) is not None
        assert len(all_of_them.of(ANNA, ALL, NOW)) == 1


def test_tidying_forgets_what_counts_no_more(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    begin(sessions)
    begin(sessions, BEN)
    sessions.token_used("gone", NOW)
    sessions.tidy(Accounts((ANNA,)), NOW)
    content = json.loads((tmp_path / "web_sessions.json").read_text())
    assert [item["user"] for item in content["sessions"]] == [ANNA.key]
    assert content["tokens"] == {}


def test_being_seen_is_written_once_an_hour(tmp_path: Path) -> None:
    sessions, file = opened(tmp_path), tmp_path / "web_sessions.json"
    secret = begin(sessions)
    written = []
    for minute in range(0, 180, 2):
        now = NOW + 60 * minute
        found = sessions.find(secret, ALL, now)
        assert found is not None
        before = file.stat().st_ino, file.stat().st_mtime_ns
        sessions.seen(found, "192.168.1.20", now)
        sessions.token_used("key", now)
        if (file.stat().st_ino, file.stat().st_mtime_ns) != before:
            written.append(minute)
    assert written == [0, 62, 124]  # the first use of the token, then a little over REST each
    assert REST == 3600
    assert sessions.of(ANNA, ALL, NOW + 180 * 60)[0].seen == NOW + 178 * 60
    assert sessions.last_used("key") == NOW + 178 * 60
    assert sessions.last_used("other") is None


def test_another_address_is_written_once_a_minute(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    secret, kept = begin(sessions), []
    for second in range(0, 130, 2):  # a phone that comes from two addresses in turn
        found = sessions.find(secret, ALL, NOW)
        assert found is not None
        sessions.seen(found, f"192.168.1.{70 + second % 4}", NOW + second)
        kept.append(opened(tmp_path).of(ANNA, ALL, NOW)[0].seen - NOW)
    assert sorted({*kept}) == [0, 62, 124]
    assert opened(tmp_path).of(ANNA, ALL, NOW)[0].address == "192.168.1.70"


def test_they_do_not_grow_without_end(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    first = begin(sessions)
    for number in range(MOST_OF_ONE):
        begin(sessions, now=NOW + 1 + number)
    assert sessions.find(first, ALL, NOW) is None
    assert len(sessions.of(ANNA, ALL, NOW + 99)) == MOST_OF_ONE


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"sessions": 1}', '{"version": 1, "sessions": [{}], "tokens": {}}', "\0"),
        '{"sessions": [{"digest": "a", "user": "b", "stamp": "c", "made": "1", "seen": 1, "address": "", "device": ""}'
        '], "tokens": {}}',
    ],
)
def test_a_damaged_file_costs_a_log_in(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "web_sessions.json").write_text(content)
    sessions = opened(tmp_path)
    assert "log in again" in caplog.text
    assert sessions.find(begin(sessions), ALL, NOW) is not None


def test_without_room_one_can_come_in_but_is_told_when_an_end_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sessions = Sessions(tmp_path / "file" / "web_sessions.json", MONTH, Threads())
    found = sessions.find(begin(sessions), ALL, NOW)
    assert found is not None
    with pytest.raises(StorageError, match="make room"):
        sessions.end([found], NOW)
    assert sessions.of(ANNA, ALL, NOW) == []


def test_a_clock_that_is_not_set_yet_ends_nothing(tmp_path: Path) -> None:
    secret = begin(opened(tmp_path))
    assert opened(tmp_path).find(secret, ALL, 30.0) is not None  # a Pi boots in 1970


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on a Mac"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_what_a_browser_is_called(agent: str, device: str) -> None:
    assert device_of(agent) == device
