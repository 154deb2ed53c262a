"""Numbers given by states: by check digit, or by the words before them."""

import pytest

from gateway.classify import national
from gateway.classify.detect import Detector

FIND = Detector(national.RULES).find


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("My SSN is 536-22-8714", "ssn"),
        ("social security no. 212 09 3345", "ssn"),
        ("national insurance number QQ 12 34 56 C", "ssn"),
        ("NHS number 943 476 5919", "medical_record"),
        ("SIN 046 454 286 for the T4", "ssn"),
        ("TFN 123 456 782", "tax_id"),
        ("Steuer-ID 65 929 970 489", "tax_id"),
        ("numéro de sécu 1 85 05 78 006 084 36", "ssn"),
        ("BSN 123456782", "ssn"),
        ("DNI 12345678Z", "id_card"),
        ("codice fiscale RSSMRA85T10A562S", "tax_id"),
        ("PESEL 44051401359", "id_card"),
        ("CPF 529.982.247-25", "tax_id"),
        ("Aadhaar 2345 6789 0124", "id_card"),
        ("身份证号码 11010519491231002X", "id_card"),
        ("passport 533380006, room 14", "passport"),
        ("Driver licence D1234-56789-01234 was suspended", "driver_licence"),
        ("MRN 00482213", "medical_record"),
        ("health insurance no is A123456780", "insurance_number"),
    ],
)
def test_national_numbers_are_found(text: str, entity: str) -> None:
    assert [found.entity for found in FIND(text)] == [entity]


@pytest.mark.parametrize(
    "text",
    [
        "Regex for US social security numbers please",
        "Medicare was reformed in 2003",
        "passport rules from 2024-05-01 on",
        "order 44051401359",
        "call 123456782",
        "12345678A is a part number",
        "Which countries print the national ID number on the passport?",
    ],
)
def test_what_only_looks_or_sounds_like_one_is_not(text: str) -> None:
    assert FIND(text) == ()


def test_a_wrong_check_digit_after_telling_words_is_less_sure() -> None:
    (right,), (wrong,) = FIND("PESEL 44051401359"), FIND("PESEL 44051401358")

    assert wrong.confidence < right.confidence
