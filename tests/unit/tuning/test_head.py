from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from gateway.tuning.head import BadHead, Head, valid_name
from gateway.tuning.train import train
from tests.heads import embed_words, small_task


@pytest.fixture(scope="module")
def head() -> Head:
    return asyncio.run(train("stuff", small_task(), embed_words, embedder="words")).head


def verdict(head: Head, text: str) -> tuple[str, bool]:
    vectors = asyncio.run(embed_words(head.readings(text)))
    said = head.predict(text, vectors)
    return said.label, said.unsure


def test_a_head_labels_a_sentence_that_it_has_not_seen(head: Head) -> None:
    assert verdict(head, "we ran out of copper") == ("metal", False)


def test_an_instruction_around_the_text_changes_nothing(head: Head) -> None:
    assert verdict(head, 'Which category is this: "we ran out of wool"') == ("cloth", False)


def test_a_request_for_something_else_makes_it_unsure(head: Head) -> None:
    assert verdict(head, "How many letters has plum")[1]


def test_a_text_about_nothing_that_it_knows_makes_it_unsure(head: Head) -> None:
    assert verdict(head, "42")[1]


def test_vectors_that_are_no_numbers_never_give_a_sure_answer(head: Head) -> None:
    broken = np.full((2, head.dimensions), np.nan, dtype=np.float32)
    assert head.predict("we ran out of copper", broken).unsure


def test_a_saved_head_comes_back_the_same_and_its_file_is_the_same_each_time(
    head: Head, tmp_path: Path
) -> None:
    head.save(tmp_path / "one.npz")
    head.save(tmp_path / "two.npz")
    again = Head.load(tmp_path / "one.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert (again.classes, again.thresholds, again.made_from) == (
        head.classes,
        head.thresholds,
        head.made_from,
    )
    assert verdict(again, "silk and tweed") == verdict(head, "silk and tweed")


def test_a_file_that_is_no_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(BadHead, match=r"head\.npz cannot be read as a head"):
        Head.load(path)
    with pytest.raises(BadHead):
        Head.load(tmp_path / "absent.npz")


def test_a_head_of_another_format_says_which(head: Head, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    np.savez(path, about=np.array('{"format": 99}'))
    with pytest.raises(BadHead, match="format 99, this version reads 1"):
        Head.load(path)


@pytest.mark.parametrize("name", ["", "Tagger", "../tagger", "a/b", "a b", "-a", "a" * 65, "a.npz"])
def test_a_name_with_a_path_or_odd_letters_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a head"):
        valid_name(name)


@pytest.mark.parametrize("name", ["ticket-tagger", "a", "spam_2"])
def test_a_slug_is_a_name(name: str) -> None:
    assert valid_name(name) == name
