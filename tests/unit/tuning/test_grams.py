from __future__ import annotations

import numpy as np
import pytest

from gateway.tuning.grams import BUCKETS, CHARACTER_BUCKETS, LONGEST, grams


def test_characters_and_words_are_each_of_unit_length_in_buckets_of_their_own() -> None:
    indices, values = grams("Where is my parcel?")
    characters = indices < CHARACTER_BUCKETS
    assert indices.max() < BUCKETS
    assert np.linalg.norm(values[characters]) == pytest.approx(1)
    assert np.linalg.norm(values[~characters]) == pytest.approx(1)


def test_case_does_not_matter_and_the_same_text_gives_the_same_buckets() -> None:
    first, second = grams("MY PARCEL"), grams("my parcel")
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


def test_a_misspelt_word_shares_most_of_its_buckets() -> None:
    shared = np.intersect1d(grams("password")[0], grams("pasword")[0])
    assert len(shared) > len(grams("pasword")[0]) * 0.5


def test_an_empty_text_has_no_buckets_and_a_huge_one_is_cut() -> None:
    assert len(grams("")[0]) == 0
    assert (grams("ab " * LONGEST)[0] == grams(("ab " * LONGEST)[:LONGEST])[0]).all()


def test_broken_unicode_is_read() -> None:
    assert len(grams("\ud83d parcel")[0]) > 0
