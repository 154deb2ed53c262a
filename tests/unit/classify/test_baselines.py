"""The baselines that a model must beat."""

from gateway.classify.baselines import keyword, majority


def test_keywords_name_a_label_or_the_default() -> None:
    assert keyword("task", "Translate this") == "translation"
    assert keyword("freshness", "weather right now") == "live"
    assert keyword("sensitivity", "hello") == "public"


def test_the_majority_is_the_share_of_the_commonest() -> None:
    assert majority(["a", "a", "b", "a"]) == 0.75
