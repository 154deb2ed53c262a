"""What a query is about, in the index's own terms."""

from __future__ import annotations

import sqlite3

from gateway.knowledge.index import TOKENIZER
from gateway.knowledge.terms import MOST_CHARACTERS, Stemmer, content_words, words


def test_words_that_only_ask_are_left_out() -> None:
    assert content_words("Could you please tell me how long I can return a tent?") == ["return", "tent"]


def test_each_word_counts_once_and_single_digits_count() -> None:
    assert content_words("tent, tent & 5 tents x") == ["tent", "5", "tents"]


def test_a_text_as_long_as_a_book_is_read_to_a_bound() -> None:
    assert len(content_words("abc" + "".join(f" w{n}" for n in range(10_000)))) < MOST_CHARACTERS


def test_stems_are_those_of_the_full_text_index() -> None:
    text = "Returning returned returns; the cafés' batteries, washing-machines und Übergröße"
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE VIRTUAL TABLE t USING fts5(x, tokenize='{TOKENIZER}')")
    base.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, row)")
    base.execute("INSERT INTO t VALUES (?)", (text,))
    indexed = {row[0] for row in base.execute("SELECT term FROM v")}
    stemmer = Stemmer()
    assert set(stemmer.stems(words(text))) == indexed
    assert list(stemmer.stems(["returning", "returned"])) == ["return", "return"]
