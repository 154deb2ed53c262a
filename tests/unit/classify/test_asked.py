"""What of a conversation tells what is asked."""

from __future__ import annotations

from gateway.classify.asked import LEANS, Asked, asked
from gateway.classify.features import Part


def test_the_last_user_message_is_asked_and_leans_on_what_was_said_before() -> None:
    said = [("system", "Be brief."), ("user", "one"), ("assistant", "1"), ("user", "two"), ("assistant", "2")]
    said += [("developer", "No jokes."), ("user", "three")]

    assert asked(said) == Asked("three", "Be brief.\nNo jokes.", "two", "2")
    assert asked([]) == Asked("")
    assert asked([("user", "hi"), ("tool", "x")]) == Asked("hi")


def test_of_an_answer_in_pieces_the_last_that_says_something_counts() -> None:
    assert asked([("user", "a"), ("assistant", "Let me look."), ("assistant", ""), ("user", "b")]).answer == (
        "Let me look."
    )


def test_a_long_question_leans_less_on_what_was_said_but_as_much_on_the_application() -> None:
    short, long = (
        {part: share for part, _, share in Asked("x" * n, "s", "b", "a").leaning()} for n in (9, 240)
    )

    assert short == {Part.SYSTEM: 1, Part.BEFORE: 1, Part.ANSWER: 1}
    assert long == {Part.SYSTEM: 1, Part.BEFORE: LEANS / 240, Part.ANSWER: LEANS / 240}
