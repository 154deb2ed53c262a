"""What detector rules share."""

import pytest

from gateway.classify.rule import entropy, is_placeholder, mixed


@pytest.mark.parametrize(
    "value",
    ["<password>", "$TOKEN", "${STRIPE_KEY}", "********", "your-key-here", "os.environ", "str", "..."],
)
def test_a_value_that_stands_for_a_secret_is_a_placeholder(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["hunter42!Blue", "kartoffel-8841", "7hQ2!kz0"])
def test_a_secret_is_no_placeholder(value: str) -> None:
    assert not is_placeholder(value)


def test_entropy_is_in_bits_a_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


def test_kinds_of_character_are_counted() -> None:
    assert [mixed(value) for value in ("abc", "aB", "aB3", "aB3!")] == [1, 2, 3, 4]
