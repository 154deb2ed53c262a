from datetime import date

from gateway.backends.local import values

TODAY = date(2026, 11, 24)  # a Tuesday


def test_numbers_are_read_in_digits_and_in_words() -> None:
    found = values.numbers("#1004, $1,250.50, -3 and two; not 3.4.5, web-07 or 10:30")
    assert [f.value for f in found] == [1004, 1250.5, -3, 2]


def test_days_are_read_however_they_are_written() -> None:
    text = "2026-12-05, 3 March, March 4th 2028, tomorrow, next Monday, Friday, in two weeks"
    assert [f.value.isoformat() for f in values.dates(text, TODAY)] == [
        "2026-12-05",
        "2027-03-03",
        "2028-03-04",
        "2026-11-25",
        "2026-11-30",
        "2026-11-27",
        "2026-12-08",
    ]


def test_a_day_that_does_not_exist_is_none() -> None:
    assert values.dates("2026-02-30 and 31 April", TODAY) == []


def test_times_are_read_on_both_clocks() -> None:
    assert [f.value for f in values.times("9 am, 12:30 pm, 15:45, noon")] == [
        "09:00",
        "12:30",
        "15:45",
        "12:00",
    ]


def test_quotes_and_codes_are_read() -> None:
    assert values.quoted('say "yes", don\'t say “no”')[1].value == "no"
    assert [f.value for f in values.matches(values.CODE, "INC-2041 at 10, LH400")] == ["INC-2041", "LH400"]
