"""Features of a text."""

import numpy as np

from gateway.classify.features import BUCKETS, WINDOW, blocks, head_and_tail, names, ngrams, shares, tokens


def test_words_are_lower_case_and_every_digit_is_a_zero() -> None:
    assert tokens("Where is order 1042?") == ["where", "is", "order", "0000", "?"]


def test_a_long_text_is_read_at_both_ends() -> None:
    read = head_and_tail("start " + "x" * 5000 + " end")

    assert len(read) <= WINDOW + 1
    assert read.startswith("start")
    assert read.endswith("end")


def test_the_edges_count_as_such() -> None:
    words, edges, shape = names("Translate this: hello there")

    assert "translate this" in words
    assert {"<translate", ">there", "^translate this :"} <= set(edges)
    assert "#endsword" in shape


def test_character_runs_are_hashed_into_buckets() -> None:
    runs = ngrams("some text, größer")

    assert len(runs) == 17 - 2 + 17 - 3 + 17 - 4
    assert runs.min() >= 0
    assert runs.max() < BUCKETS
    assert len(ngrams("ab")) == 0


def test_unknown_names_are_left_out_and_blocks_weigh_the_same() -> None:
    rows, sizes = blocks("Hello you", {"hello": BUCKETS, "<hello": BUCKETS + 1})

    assert list(rows[:2]) == [BUCKETS, BUCKETS + 1]
    assert sizes[:3] == [1, 1, 0]
    assert len(rows) == sum(sizes) == len(shares(sizes))
    assert np.isclose(shares([4, 1])[0], 0.5)


def test_no_text_has_no_features() -> None:
    rows, sizes = blocks("", {})

    assert len(rows) == sum(sizes) == 0
