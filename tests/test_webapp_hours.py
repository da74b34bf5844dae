"""A day's clips under the hours of the viewer's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from mediamtx.names import iso
from webapp.hours import day_name, hours_of, zone_of

BERLIN = ZoneInfo("Europe/Berlin")


def labels(zone: tzinfo, day: date, *times: datetime) -> list[str]:
    clips = [{"start": iso(time)} for time in times]
    return [hour.label for hour in hours_of(clips, zone, day)]


def test_clips_stand_under_the_viewers_hours() -> None:
    noon = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    (two, one) = hours_of(
        [{"start": iso(noon + timedelta(minutes=m))} for m in (40, 20, 0)], BERLIN, date(2026, 11, 20)
    )
    assert (two.key, two.label, [time for _, time in two.clips]) == ("2026-11-20T14+01:00", "14:00", ["14:10:00"])
    assert (one.key, one.label, [time for _, time in one.clips]) == (
        "2026-11-20T13+01:00",
        "13:00",
        ["13:50:00", "13:30:00"],
    )


def test_another_date_than_the_cameras_is_said() -> None:
    """The day is Tokyo's: it begins at 16:00 of the day before in Berlin."""
    early, late = datetime(2026, 11, 19, 15, 5, tzinfo=UTC), datetime(2026, 11, 20, 14, 55, tzinfo=UTC)
    assert labels(BERLIN, date(2026, 11, 20), late, early) == ["15:00", "16:00 · Thu 19 Nov"]


def test_the_hour_that_comes_twice_is_two() -> None:
    """On 25 October 2026 at 3:00 summer time the clocks go back to 2:00."""
    winter, summer = datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert labels(BERLIN, date(2026, 10, 25), winter, summer) == ["02:00", "02:00 (UTC+02:00)"]
    assert labels(ZoneInfo("Asia/Kolkata"), date(2026, 10, 25), winter) == ["07:00"]


@pytest.mark.parametrize(
    ("cookie", "zone"),
    [
        ("America/Argentina/Ushuaia", ZoneInfo("America/Argentina/Ushuaia")),
        ("Etc/GMT+5", ZoneInfo("Etc/GMT+5")),
        ("", BERLIN),
        ("Europe", BERLIN),
        ("Europe/Nowhere", BERLIN),
        ("../../etc/passwd", BERLIN),
        ("/etc/passwd", BERLIN),
        ("a" * 5000, BERLIN),
        ("Europe/Paris\n", BERLIN),
        ("\0", BERLIN),
    ],
)
def test_a_browser_tells_its_zone(cookie: str, zone: tzinfo) -> None:
    assert zone_of(cookie, BERLIN) == zone


def test_names_of_days() -> None:
    today = date(2026, 3, 1)
    names = [day_name(today - timedelta(days=days), today) for days in (0, 1, 2, 90)]
    assert names == ["Today", "Yesterday", "Fri 27 Feb", "Mon 1 Dec 2025"]
