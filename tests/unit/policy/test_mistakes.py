from __future__ import annotations

from gateway.policy.mistakes import Mistake, PolicyMistakes, nearest, proposal


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
