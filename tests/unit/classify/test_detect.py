"""Detection as a whole: offsets, overlaps, bounds, time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.classify.detect import RULES, Detector
from gateway.classify.scan import MOST
from gateway.types import Label

DETECTOR = Detector()


def test_plain_text_has_no_findings() -> None:
    assert DETECTOR.find("Which category does this ticket belong to: my card was charged twice") == ()


def test_offsets_count_characters_not_bytes() -> None:
    text = "Grüße 👋 an leila@mail.example und 4539 1488 0343 6467"

    assert [text[f.start : f.end] for f in DETECTOR.find(text)] == [
        "leila@mail.example",
        "4539 1488 0343 6467",
    ]


def test_findings_do_not_overlap_and_the_higher_label_wins() -> None:
    (found,) = DETECTOR.find("mongodb+srv://app:zQ81kkd02LmP@cluster0.example.net/")

    assert (found.entity, found.label) == ("connection_string", Label.RESTRICTED)


def test_a_finding_names_its_message() -> None:
    assert DETECTOR.find("x@mail.example", 7)[0].message == 7


def test_lone_surrogates_do_no_harm() -> None:
    assert [f.entity for f in DETECTOR.find("\ud800 leila@mail.example")] == ["email"]


@pytest.mark.parametrize(
    "unit",
    ["1", "1 ", "a@", "eyJaaaaaaaaaaa.", "password is ", "+1 ", "aa:", "1.1.", "GB29 NWBK ", "token=", "é"],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        took = []
        for _ in range(3):  # the quickest of three in CPU time: others use the machine too
            started = time.process_time()
            DETECTOR.find(text)
            took.append(time.process_time() - started)
        return min(took)

    assert seconds(160_000) < 32 * max(seconds(20_000), 0.002)  # 8 times the text; quadratic would be 64


def test_a_flood_of_one_kind_is_bounded() -> None:
    assert len(DETECTOR.find("bob.k@site.example " * 5000)) <= MOST * 2


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_yields_ordered_spans_within_it(text: str) -> None:
    found = DETECTOR.find(text)

    edges = [edge for f in found for edge in (f.start, f.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)


def test_every_rule_compiles_and_its_trigger_covers_its_pattern() -> None:
    samples = ["my password is hunter2", "DE89 3704 0044 0532 0130 00", "PESEL 44051401359", "x@mail.example"]

    assert len(RULES) > 80
    assert all(DETECTOR.find(sample) for sample in samples)
