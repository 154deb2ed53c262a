"""Topics of a text about a person."""

from gateway.classify.topics import topics


def test_a_text_may_have_several_topics() -> None:
    assert topics("I was fired after my cancer diagnosis and sue my boss") == (
        "health",
        "legal",
        "employment",
    )


def test_a_text_may_have_none() -> None:
    assert topics("Deliver it to Paula in Kassel") == ()
