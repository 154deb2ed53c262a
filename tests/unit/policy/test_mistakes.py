from __future__ import annotations

import pytest

from gateway.policy.mistakes import Mistake, PolicyMistakes, looks_secret, nearest, proposal, shortened


def test_a_mistake_prints_its_place_what_is_wrong_and_what_would_be_right() -> None:
    mistake = Mistake("routes.yaml", 3, 7, "there is no model smal", "did you mean small?")
    assert str(mistake) == "routes.yaml:3:7: there is no model smal; did you mean small?"


def test_mistakes_are_told_in_the_order_of_their_places_and_once() -> None:
    late, early = Mistake("a.yaml", 9, 1, "late"), Mistake("a.yaml", 2, 1, "early")
    assert PolicyMistakes([late, early, late]).mistakes == (early, late)


def test_the_nearest_name_is_proposed_and_a_distant_one_is_not() -> None:
    assert nearest("Handbok", ["handbook", "crm"]) == "handbook"
    assert nearest("zebra", ["handbook", "crm"]) is None


def test_without_a_near_name_the_choice_is_shown() -> None:
    assert proposal("zebra", ["b", "a"], "there are") == "there are: a, b"
    assert proposal("zebra", [], "there are") == "there are: none"


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-" + "A1b2C3d4" * 4,
        "pm-" + "a1B2_c3-" * 4,
        "Bearer ghp_" + "a1B2" * 9,
        "AKIA" + "ABCD1234" * 2,
        "eyJ" + "hbGciOi" * 2 + ".eyJ" + "zdWIiOi" * 2 + ".x",
        "-----BEGIN RSA PRIVATE KEY-----",
        "0123456789abcdef" * 4,
    ],
)
def test_what_has_the_form_of_a_secret_is_known_and_shown_by_its_beginning_only(text: str) -> None:
    assert looks_secret(text)
    assert shortened(text) == text[:4] + "…"


@pytest.mark.parametrize(
    "text",
    [
        "task-knowledge-lookup-and-more-words",
        "risk-assessment-of-everything",
        "gpt-5-mini-2025-08-07",
        "a" * 30,
    ],
)
def test_a_long_name_is_no_secret(text: str) -> None:
    assert not looks_secret(text)


def test_a_long_text_is_cut() -> None:
    assert shortened("word " * 20) == ("word " * 20)[:40] + "…"
