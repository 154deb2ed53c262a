"""Disguises are seen through, and every edge found behind them is mapped back."""

import pytest

from gateway.classify.detect import Detector
from gateway.classify.folded import Folded, disguised, typed

FIND = Detector().find


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pass\u200bword", "password"),
        ("so\u00adft", "soft"),
        ("４５３９", "4539"),
        ("٤٥٣٩", "4539"),
        ("\U0001d7d2\U0001d7d3", "45"),
        ("p\u0430ssword", "password"),
        ("\u0410KIA", "AKIA"),
        ("a\u2009b\u3000c", "a b c"),
        ("536\u201122\u20118714", "536-22-8714"),
        ("user＠mail．example", "user@mail.example"),
    ],
)
def test_a_disguise_is_folded(written: str, meant: str) -> None:
    assert disguised(written, written.encode())
    assert Folded(written).text == meant


@pytest.mark.parametrize(
    "text", ["plain", "Grüße, café", "пароль от сервера", "тел.+7 912", "密码，请看（一）", "A4 или а4"]
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Folded(text).text == text


def test_typeset_dashes_and_spaces_are_plain_in_the_same_place() -> None:
    assert typed("10\u00a0–\u00a012") == "10 - 12"


def test_edges_are_those_of_the_original() -> None:
    text = "a\u200bbc\u200b\u200bd"
    folded = Folded(text)

    assert folded.text == "abcd"
    assert text[folded.start(1) : folded.end(3)] == "bc"
    assert (folded.start(0), folded.end(4)) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("pay by 4539\u200b1488\u200b0343\u200b6467 now", "4539\u200b1488\u200b0343\u200b6467"),
        ("ＳＳＮ ５３６-２２-８７１４ 👋", "５３６-２２-８７１４"),
        ("the p\u0430ssword is Kastanie99, ok", "Kastanie99"),
    ],
)
def test_a_finding_has_the_disguise_in_its_span(text: str, secret: str) -> None:
    (found,) = FIND(text)

    assert text[found.start : found.end] == secret
