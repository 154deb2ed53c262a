from __future__ import annotations

import pytest

from gateway.tuning.wording import asked


@pytest.mark.parametrize(
    "text",
    [
        "Classify this ticket: my kettle leaks",
        "Which category does this belong to: my kettle leaks",
        'Tag this: "my kettle leaks"',
        "Label the text below.\n###\nmy kettle leaks\n###",
        'Please sort this message\n"""\nmy kettle leaks\n"""',
        "Categorize the following.\nText: my kettle leaks",
        'What label would you give to "my kettle leaks"?',
        "  my kettle leaks\n",
    ],
)
def test_the_text_is_found_whatever_instruction_stands_around_it(text: str) -> None:
    assert asked(text) == "my kettle leaks"


@pytest.mark.parametrize(
    "text",
    [
        "two things: the lid is loose, and it leaks",
        'the app says "no signal" all day long, what now',
        "Order no. 7\nSubject: late\nwhere is it?",
    ],
)
def test_a_text_without_an_instruction_is_read_whole(text: str) -> None:
    assert asked(text) == text


@pytest.mark.parametrize("text", ["", "  \n", "Classify this ticket:", 'Tag this: ""'])
def test_an_instruction_without_a_text_leaves_nothing(text: str) -> None:
    assert asked(text) == ""


def test_a_long_sentence_before_a_colon_is_no_instruction() -> None:
    text = "I want to sort this out with you " + "for weeks now " * 8 + ": the bill is wrong"
    assert asked(text) == text
