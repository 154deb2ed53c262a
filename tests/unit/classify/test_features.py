"""Features of a text."""

from __future__ import annotations

import numpy as np

from gateway.classify.features import ROWS, WINDOW, Part, features, head_and_tail


def rows(text: str, part: Part = Part.QUESTION) -> set[int]:
    return set(features(text, part)[0].tolist())


def test_case_apostrophes_and_which_digit_it_is_do_not_matter() -> None:
    assert rows("Don't ship order 1042") == rows("dont ship order 3975")
    assert rows("l’été ＡＢ ٣") == rows("lété ａｂ ٤")
    assert rows("ship it") != rows("ship him")


def test_a_long_text_is_read_at_both_ends() -> None:
    read = head_and_tail("start " + "x" * 5000 + " end")

    assert len(read) <= WINDOW + 1
    assert read.startswith("start")
    assert read.endswith("end")


def test_a_window_of_letters_that_are_longer_in_small_is_read_too() -> None:
    found, shares = features("İ" * WINDOW)

    assert len(found) == len(shares) > 2 * WINDOW - 8


def test_every_row_is_in_the_matrix_and_no_text_has_none() -> None:
    for text in ("some text, größer", "x", "?", " ", "\ud800 lone", "𝔘𝔫𝔦 🎉", "漢字かな", "\0\x07"):
        found, shares = features(text)
        assert len(found) == len(shares) > 0
        assert found.max() < ROWS
        assert np.isfinite(shares).all()
    assert features("")[0].tolist() == []


def test_a_word_counts_wherever_it_stands_and_once_more_at_the_edges() -> None:
    middle = "so then we " + "went on and on " * 5 + "zebra" + " and on we went" * 5

    assert len(rows("zebra") & rows(middle)) >= 3  # the word, and its two runs
    assert len(rows("zebra crossing") & rows("zebra is")) > len(
        rows("zebra crossing") & rows("is a zebra then")
    )


def test_an_ascii_word_has_the_same_rows_in_a_text_that_is_not_ascii() -> None:
    assert len(rows("translate") & rows("translate größer")) >= 8


def test_each_sign_of_chinese_is_a_word() -> None:
    assert (
        len(rows("天气", Part.SYSTEM) & rows("今天天气怎么样", Part.SYSTEM)) >= 3
    )  # two signs and their pair


def test_blocks_weigh_the_same() -> None:
    short, long = (features(text, Part.BEFORE)[1] for text in ("one", "one two three four"))

    assert short[0] == 1
    assert np.isclose(long[:7], 7**-0.5).all()  # four words and three pairs


def test_what_a_question_leans_on_has_rows_of_its_own() -> None:
    every = [rows("translate this into French", part) for part in Part]

    assert sum(map(len, every)) == len(set.union(*every))
