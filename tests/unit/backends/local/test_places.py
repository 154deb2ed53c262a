from gateway.backends.local.places import currencies, timezones


def test_zones_are_known_by_name_by_city_and_by_country() -> None:
    text = "Europe/Madrid, new york, San Francisco, UTC"
    assert [f.value for f in timezones(text)] == [
        "Europe/Madrid",
        "America/New_York",
        "America/Los_Angeles",
        "UTC",
    ]


def test_words_that_are_also_zones_are_not_taken_for_them() -> None:
    assert timezones("we met in the center, est. 1990") == []


def test_currencies_are_known_by_code_by_name_and_by_sign() -> None:
    assert [f.value for f in currencies("100 usd, Swiss francs, £, yen")] == ["USD", "CHF", "GBP", "JPY"]
    assert currencies("all for the cat") == []
