from datetime import UTC, datetime

import pytest

from gateway.demo.clock import now_in

MOMENT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def test_the_time_is_told_as_clocks_in_the_zone_show_it() -> None:
    now = now_in("Asia/Tokyo", MOMENT)
    assert (now.time, now.weekday, now.date, now.utc_offset) == ("07:30", "Thursday", "2026-07-02", "+09:00")


def test_utc_needs_no_zone_data() -> None:
    assert now_in("utc", MOMENT).time == "22:30"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", ""])
def test_an_unknown_zone_is_said_so(zone: str) -> None:
    with pytest.raises(LookupError, match="no time zone"):
        now_in(zone, MOMENT)
