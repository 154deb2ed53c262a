"""Rules run near their triggers, and find there what they would find in the whole text."""

from gateway.classify.rule import Rule, whole
from gateway.classify.scan import MOST, Scanner

SCANNER = Scanner(
    (
        Rule("key", r"\bkey ([a-z]+)\b", whole("api_key", 0.9, 1)),
        Rule("zz", r"\bzz\d+", whole("jwt"), reach=8),
    )
)


def spans(text: str) -> list[tuple[str, int, int]]:
    return [(hit.entity, hit.start, hit.end) for hit in SCANNER.hits(text.encode())]


def test_a_finding_stands_wherever_it_is() -> None:
    for before in (0, 500, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 3000):
        text = "-" * before + " key abc " + "-" * 2000

        assert spans(text) == [("api_key", before + 5, before + 8)]


def test_one_that_is_longer_than_the_reach_is_found_whole() -> None:
    assert spans("-" * 1000 + " zz" + "1" * 5000 + " ") == [("jwt", 1001, 6003)]


def test_what_stands_before_a_stretch_is_seen() -> None:
    assert spans("x" * 3000 + "zz1") == []


def test_a_flood_of_one_rule_is_bounded_and_nothing_is_found_twice() -> None:
    assert len(spans("key ab " * 3000)) == MOST
