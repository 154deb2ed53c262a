"""Numbers that carry a check of their own."""

import pytest

from gateway.classify import numbers
from gateway.classify.detect import Detector
from gateway.classify.numbers import is_card, luhn

FIND = Detector(numbers.RULES).find


def found(text: str) -> list[tuple[str, str]]:
    return [(f.entity, text[f.start : f.end]) for f in FIND(text)]


def test_luhn_catches_one_wrong_digit() -> None:
    assert luhn("4539148803436467")
    assert not luhn("4539148803436468")


@pytest.mark.parametrize(
    "card",
    [
        "4539 1488 0343 6467",
        "4539148803436467",
        "5555-5555-5555-4444",
        "3714 496353 98431",
        "6011000990139424",
    ],
)
def test_cards_are_found_in_the_groups_that_are_printed_on_them(card: str) -> None:
    assert found(f"charge {card}, exp 09/27") == [("payment_card", card)]


@pytest.mark.parametrize(
    "text",
    [
        "order 1042",
        "tracking 4539148803436468",
        "ISBN 978-3-16-148410-0",
        "0000 0000 0000 0000",
        "uuid 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "from 2024-01-15 to 2024-02-20",
        "1234567890123456 is my order",
        "Version 10.0.19045.3803",
    ],
)
def test_other_numbers_are_nothing(text: str) -> None:
    assert found(text) == []


def test_an_issuer_has_prefixes_and_lengths() -> None:
    assert not is_card("9" * 16)
    assert not is_card("453914880343")


def test_an_iban_ends_where_its_country_says() -> None:
    assert found("pay DE89 3704 0044 0532 0130 00 please") == [("iban", "DE89 3704 0044 0532 0130 00")]
    assert found("pay DE88 3704 0044 0532 0130 00 please") == []


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 901820",
        "call me on 07700 900881",
        "(212) 555-0187 is the office",
        "tel. 0171 5550123",
        "+33 6 12 34 56 78",
    ],
)
def test_telephone_numbers_are_found(text: str) -> None:
    assert [entity for entity, _ in found(text)] == ["phone"]


def test_a_flood_of_numbers_yields_a_bounded_number_of_findings() -> None:
    assert len(FIND("+49 30 901820, " * 2000)) <= 64


def test_digits_of_an_identifier_in_hexadecimal_are_no_card() -> None:
    assert not found('{"id": "call_d89c3fd40bab4952921337653a4e7e58"}')
    assert not found("d89c3fd4-0bab-4952-9213-37653a4e7e58")
    assert [e for e, _ in found("pay with 4952921337653, please")] == ["payment_card"]
