from gateway.backends.local.extract import MAX_SENTENCES, best, candidates, quoted
from gateway.types import Passage
from tests.unit.backends.local.documents import LIBRARY


def answered(question: str, passages: tuple[Passage, ...]) -> str | None:
    quote = best(question, passages, candidates(question, passages), None)
    return None if quote is None else quoted(quote)


def test_by_words_alone_a_sentence_is_quoted_with_its_number() -> None:
    quote = answered("Is food allowed in the study rooms?", LIBRARY)
    assert quote is not None
    assert "Food is not allowed" in quote
    assert quote.endswith("[5]")


def test_what_the_passages_do_not_say_is_not_quoted() -> None:
    assert answered("Who was the first astronaut on Mars?", LIBRARY) is None
    assert answered("anything", ()) is None


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    passage = Passage("The lounge is on floor nine. It closes at midnight on weekdays.", "a.md", "", "k", 1.0)
    assert answered("When does it close on weekdays, at midnight?", (passage,)) == (
        "“The lounge is on floor nine. It closes at midnight on weekdays.” [1]"
    )


def test_a_long_document_is_looked_at_in_part() -> None:
    passage = Passage(" ".join(f"Rule {n} is about boats." for n in range(500)), "a.md", "", "k", 1.0)
    assert len(candidates("boats", (passage,))) == MAX_SENTENCES
