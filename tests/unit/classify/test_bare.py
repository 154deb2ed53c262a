"""What is put around a request."""

from __future__ import annotations

import pytest

from gateway.classify.bare import bare


@pytest.mark.parametrize(
    "wrapped",
    [
        "  list  my\norders\n",
        "```\nlist my\norders\n```",
        '"list my\norders"',
        "“list my\norders”",
        "> list my\n> orders",
    ],
)
def test_what_is_put_around_a_text_does_not_count(wrapped: str) -> None:
    assert bare(wrapped) == "list my\norders"


@pytest.mark.parametrize("kept", ["```python\nx = 1\n```", '"a" or "b"', "> a\nb", "```\na\n``` or ```b```"])
def test_what_belongs_to_a_text_stays(kept: str) -> None:
    assert bare(kept) == kept


@pytest.mark.parametrize(
    "said",
    [
        "Hi, list my open orders",
        "Hello there! I hope you are well. list my open orders",
        "Good morning team, quick question: list my open orders",
        "hey! list my open orders, thanks!",
        "list my open orders. Thank you very much in advance",
        "Bonjour, list my open orders merci",
    ],
)
def test_courtesies_do_not_count(said: str) -> None:
    assert bare(said).rstrip(".") == "list my open orders"


@pytest.mark.parametrize(
    "said", ["hello", "Hi, how are you?", "thanks!", "Thank you so much, you helped a lot", "hi! bored"]
)
def test_what_is_nothing_but_courtesies_stays(said: str) -> None:
    assert bare(said) == said


def test_a_long_text_costs_no_more_than_its_length() -> None:
    assert bare("hi " * 40_000).startswith("hi hi")
    assert bare("thanks " * 40_000).startswith("thanks")
