"""How well the shipped tagger finds names, addresses and dates in text written apart.

The floors are a little below what was measured; `python -m gateway.classify.fit_tagger` prints the figures on
rows held out.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
import pytest

from gateway.classify import marked
from gateway.classify.chain import Document, batches, emissions
from gateway.classify.judged import Quality, quality
from gateway.classify.marked import Kind, Marked
from gateway.classify.spelling import spelled
from gateway.classify.swapped import pool, swapped
from gateway.classify.tagger import HITS, WEIGHTS, Tagger, pieces
from gateway.classify.tokenised import MOST, tokens

HELD = Path(__file__).parent / "spans-held.jsonl"


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load(WEIGHTS)


@pytest.fixture(scope="module")
def rows() -> list[Marked]:
    return list(marked.of_file(HELD))


@pytest.fixture(scope="module")
def measured(tagger: Tagger, rows: list[Marked]) -> Quality:
    return quality((row, tagger.find(row.text)) for row in rows)


def test_no_line_of_it_was_fitted_on(rows: list[Marked]) -> None:
    fitted = {row.text for row in [*marked.written(), *marked.plain(), *marked.plain(label="confidential")]}

    assert len(rows) == 120
    assert fitted.isdisjoint(row.text for row in rows)


def test_little_public_text_raises_an_alarm_and_most_private_text_is_reached(measured: Quality) -> None:
    assert measured.public == 60
    assert measured.alarms < 0.05
    assert measured.reached > 0.65


@pytest.mark.parametrize(
    ("entity", "recall", "precision"),
    [("person", 0.6, 0.9), ("street_address", 0.8, 0.9), ("date_of_birth", 0.5, 0.7)],
)
def test_what_is_marked_is_mostly_found_and_what_is_found_is_mostly_marked(
    entity: str, recall: float, precision: float, measured: Quality
) -> None:
    found = next(each for each in measured.entities if each.entity == entity)

    assert found.near / found.spans > recall
    assert found.touching / found.hits > precision


def test_the_weights_are_small_and_load_quickly() -> None:
    Tagger.load(WEIGHTS)
    begun = perf_counter()
    Tagger.load(WEIGHTS)

    assert perf_counter() - begun < 0.2
    assert WEIGHTS.stat().st_size < 2_000_000


def test_a_name_is_found_where_it_stands(tagger: Tagger) -> None:
    text = "Dear Mrs Szymańska, my husband Tobias Achterberg was born on 3 May 1961."

    found = {(hit.entity, text[hit.start : hit.end]) for hit in tagger.find(text)}

    assert ("person", "Tobias Achterberg") in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "?",
        "thanks, that helps a lot",
        "Who wrote Crime and Punishment, Tolstoy or Dostoevsky?",
        "Wie funktioniert eine Waschmaschine und warum braucht sie einen Filter?",
        "\ud800 lone",
        "🙂🙂 🙂",
        "कखग १२",
    ],
)
def test_in_text_about_nobody_nothing_is_found(text: str, tagger: Tagger) -> None:
    assert tagger.find(text) == ()


def test_in_long_text_hits_are_few_in_order_and_apart(tagger: Tagger) -> None:
    text = "My sister Anna Berg lives at 17 Mill Lane, Derby DE1 3BX. Her husband Tom Berg is 41.\n" * 400

    hits = tagger.find(text)

    assert 0 < len(hits) <= HITS
    assert all(one.end <= other.start for one, other in pairwise(hits))
    assert all(0.0 < hit.confidence <= 1.0 for hit in hits)


def test_a_text_is_cut_at_spaces_and_nothing_is_lost() -> None:
    text = "word and more " * 500 + "x" * 5000

    parts = list(pieces(text))

    assert "".join(part for _, part in parts) == text
    assert all(len(part) <= MOST for _, part in parts)
    assert all(text[at : at + len(part)] == part for at, part in parts)


def test_the_tagger_scores_as_the_fit_does(tagger: Tagger) -> None:
    """A long and a short text: the sums over places near by and around are the same in both."""
    texts = ["My aunt Renata is 81.", "He said that Anna and Tom left. " * 30]
    read = [tokens(text, tagger.names) for text in texts]
    batch = batches([Document(each.rows, np.zeros(len(each.starts), np.intp), 1.0) for each in read])[0]

    fitted = emissions(batch, (tagger.weights * tagger.scale).astype(np.float32))

    for number, each in enumerate(read):
        served = tagger.scores(each.rows)
        assert np.allclose(served, fitted[number, : len(served)], atol=1e-3)


@pytest.mark.parametrize(
    ("text", "word", "whole"),
    [
        ("ask Desmond Achebe-Hall now", "Achebe", "Achebe-Hall"),
        ("ask J. Mbeki, please", "Mbeki", "J. Mbeki"),
        ("Judith K. sleeps", "Judith", "Judith K."),
        ("this is Anna's book", "Anna", "Anna"),
        ("Lionel Strickland at the corner", "Lionel", "Lionel Strickland"),
    ],
)
def test_a_name_is_told_with_what_is_written_together_with_it(
    text: str, word: str, whole: str, tagger: Tagger
) -> None:
    read = tokens(text, tagger.names)
    first = next(n for n, at in enumerate(read.starts) if text[at:].startswith(word))

    start, end = spelled(text, read, first, first + 1, "person")

    assert text[start:end] == whole


def test_marks_are_taken_off_and_a_name_with_an_age_is_two_spans() -> None:
    text, spans = marked.unmarked("ask ⟦age_with_name:Anna Berg (41)⟧ or ⟦person:Tom⟧")

    assert text == "ask Anna Berg (41) or Tom"
    assert [(entity, text[start:end]) for entity, start, end in spans] == [
        ("person", "Anna Berg"),
        ("age_with_name", "41"),
        ("person", "Tom"),
    ]


def test_a_swapped_row_says_the_same_of_somebody_else() -> None:
    text, spans = marked.unmarked("my son ⟦person:Tom Berg⟧ is ⟦age_with_name:9⟧, and ⟦person:Tom⟧ sings")
    row = Marked(text, spans, Kind.SPANS, "block", "confidential")

    other = swapped(row, pool(), Random(1))

    first, _, again = (other.text[start:end] for _, start, end in other.spans)
    assert other.text.startswith("my son ")
    assert other.text.endswith(" sings")
    assert first.startswith(again)
    assert "Tom" not in other.text
