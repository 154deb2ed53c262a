"""Rules from a shape or from words."""

from gateway.classify.detect import Detector
from gateway.classify.europe import rentenversicherung, snils
from gateway.classify.numbered import named, shaped
from gateway.classify.papers import kvnr, medicare
from gateway.classify.world import hkid, singapore, taiwan

EVEN = Detector((shaped("id_card", r"\d{3} \d{3}", lambda value: int(value[-1]) % 2 == 0),)).find
WORDS = Detector((named("tax_id", r"\btax id\b", r"\d{6}", lambda value: value[0] == "1"),)).find


def test_a_shape_needs_its_check_and_is_no_part_of_a_longer_number() -> None:
    assert [(f.start, f.end) for f in EVEN("no 123 456.")] == [(3, 10)]
    assert EVEN("no 123 457") == EVEN("no 123 456 7") == EVEN("no 9 123 456") == EVEN("000 000") == ()


def test_words_may_be_joined_as_in_code() -> None:
    for text in ("Tax ID: 123456", "tax_id=123456", '"tax-id": "123456"', "user_taxid 123456"):
        assert [f.confidence for f in WORDS(text)] == [0.9]
    assert [f.confidence for f in WORDS("tax id 223456")] == [0.6]
    assert WORDS("syntax ideas 123456") == ()


def test_checksums_are_those_that_the_offices_publish() -> None:
    assert rentenversicherung("65 170839 J 003")
    assert not rentenversicherung("15 070649 C 104")
    assert snils("112-233-445 95")
    assert kvnr("A123456780")
    assert medicare("2123 45670 1")
    assert hkid("A123456(3)")
    assert singapore("S1234567D")
    assert taiwan("A123456789")
    assert not taiwan("A123456788")
