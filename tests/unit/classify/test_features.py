"""Features of a text."""

import numpy as np

from gateway.classify.features import (
    BUCKETS,
    WINDOW,
    blocks,
    head_and_tail,
    lookup,
    names,
    ngrams,
    shares,
    tokens,
)


def test_words_are_lower_case_and_every_digit_is_a_zero() -> None:
    assert tokens("Where is order 1042?") == ["where", "is", "order", "0000", "?"]


def test_a_letter_of_another_alphabet_changes_no_other_word() -> None:
    text = "It's A_B: 17th,\x1c(no!)\x07\x7f\t`{x}~^"

    assert tokens(f"{text} ж") == [*tokens(text), "ж"]
    assert tokens("I've ２ l’été 100") == ["i've", "２", "l’été", "000"]


def test_a_window_of_letters_that_are_longer_in_small_is_read_too() -> None:
    rows, sizes = blocks("İ" * WINDOW, lookup({}))

    assert len(shares(sizes)) == len(rows) > 3 * WINDOW


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
    runs = np.frombuffer(ngrams("some text, größer"), np.intp)

    assert len(runs) == 17 - 2 + 17 - 3 + 17 - 4
    assert runs.min() >= 0
    assert runs.max() < BUCKETS
    assert [len(ngrams("abcde"[:size])) // 8 for size in range(6)] == [0, 0, 0, 1, 3, 6]


def test_a_run_has_one_row_wherever_it_stands() -> None:
    short, long = (set(np.frombuffer(ngrams(text), np.intp)) for text in ("café", "a café, closed"))

    assert len(short) == 3
    assert short < long


def test_unknown_names_are_left_out_and_blocks_weigh_the_same() -> None:
    rows, sizes = blocks("Hello you", lookup({"hello": BUCKETS, "<hello": BUCKETS + 1}))

    assert list(rows[:2]) == [BUCKETS, BUCKETS + 1]
    assert sizes[:3] == (1, 1, 0)
    assert len(rows) == sum(sizes) == len(shares(sizes))
    assert np.isclose(shares((4, 1, 0, 0)), [0.5, 0.5, 0.5, 0.5, 1]).all()


def test_every_name_is_found_at_its_row() -> None:
    texts = ["Is < 3 < 4, or > 2?", "^ a ^ b: # c", "Translate this:\n" + "one two " * 20, "x", "<<>>", ""]
    every = dict.fromkeys(name for text in texts for block in names(text) for name in block)
    vocabulary = {name: BUCKETS + n for n, name in enumerate(every)}

    for text in texts:
        rows, sizes = blocks(text, lookup(vocabulary))
        wanted = [[vocabulary[name] for name in block] for block in names(text)]
        assert list(sizes[:3]) == list(map(len, wanted))
        assert rows[: sum(sizes[:3])].tolist() == [row for block in wanted for row in block]


def test_no_text_has_no_features() -> None:
    rows, sizes = blocks("", lookup({}))

    assert len(rows) == sum(sizes) == 0
