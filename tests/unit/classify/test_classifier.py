"""The classifier with the weights that are shipped. None of the ordinary requests is among the examples."""

from dataclasses import replace

import pytest

from gateway.classify.classifier import READABLE, LinearClassifier, estimated_tokens, needs
from gateway.types import Api, ChatRequest, Freshness, Label, Message, Sent, Signals, Task, ToolSpec

CLASSIFIER = LinearClassifier()


def asked(*texts: str, system: str = "", other: str = "") -> ChatRequest:
    messages = [Message("system", system, b"")] if system else []
    messages += [Message("user", text, b"") for text in texts]
    return ChatRequest("auto", tuple(messages), {}, other_text=other)


def signals(*texts: str, system: str = "", other: str = "") -> Signals:
    return CLASSIFIER.classify(asked(*texts, system=system, other=other))


ORDINARY = [
    ("What is the return policy?", Task.KNOWLEDGE_LOOKUP),
    ("Where is my order 1042?", Task.TOOL_ACTION),
    ("Which category does this ticket belong to: my card was charged twice", Task.CATEGORIZATION),
    ("write a haiku about autumn", Task.CREATIVE_WRITING),
    ("fix this python function", Task.CODING),
    ("What time is it?", Task.TOOL_ACTION),
    ("what's the weather in Paris now", Task.TOOL_ACTION),
    (
        "Summarise this for my newsletter: The fair drew a record crowd, and the rain held off.",
        Task.SUMMARIZATION,
    ),
    ("Translate 'I would like a coffee' to Portuguese", Task.TRANSLATION),
    ("good evening!", Task.CHIT_CHAT),
]


@pytest.mark.parametrize(("text", "task"), ORDINARY)
def test_ordinary_requests_are_public_and_their_task_is_known(text: str, task: Task) -> None:
    found = signals(text)

    assert (found.sensitivity.best, found.sensitivity.unsure) == (Label.PUBLIC, False)
    assert (found.task.best, found.task.unsure) == (task, False)


@pytest.mark.parametrize(
    ("text", "freshness"),
    [
        ("Where is my order 1042?", Freshness.LIVE),
        ("what's the weather in Paris now", Freshness.LIVE),
        ("What time is it?", Freshness.LIVE),
        ("write a haiku about autumn", Freshness.STATIC),
        ("fix this python function", Freshness.STATIC),
    ],
)
def test_freshness_is_how_soon_the_answer_goes_stale(text: str, freshness: Freshness) -> None:
    assert signals(text).freshness.best is freshness


def test_a_text_about_a_person_is_confidential_and_has_its_topic() -> None:
    found = signals(
        "Write to the school: our son Mattis has leukaemia and starts chemo in the hospital on Monday"
    )

    assert found.sensitivity.best is Label.CONFIDENTIAL
    assert "health" in found.found


def test_a_card_anywhere_makes_the_conversation_restricted() -> None:
    found = signals("thanks", system="The customer paid with 4539 1488 0343 6467.")

    assert found.sensitivity.best is Label.RESTRICTED
    assert [(f.entity, f.message) for f in found.findings] == [("payment_card", 0)]


def test_what_is_outside_the_messages_is_read_for_findings() -> None:
    assert [f.message for f in signals("hello", other='{"user": "x.y@mail.example"}').findings] == [-1]


def test_a_follow_up_leans_on_the_question_before() -> None:
    assert signals("Translate 'see you soon' into German", "and in Polish?").task.best is Task.TRANSLATION


LABEL = "Label each support mail with billing, shipping or other. Reply with the label and nothing else."


def test_a_system_prompt_decides_what_is_done_with_data() -> None:
    mail = "Hi, my card was charged twice for the March invoice. Regards, the café"

    assert signals(mail, system=LABEL).task.best is Task.CATEGORIZATION
    assert signals(mail).task.best is not Task.CATEGORIZATION


def test_a_request_of_its_own_outweighs_the_system_prompt() -> None:
    assert (
        signals("write a haiku about autumn", system="Fix bugs in Python code.").task.best
        is Task.CREATIVE_WRITING
    )


def test_text_past_the_limit_is_unreadable_and_the_newest_is_read() -> None:
    found = signals("word " * (READABLE // 4), "my card is 4539 1488 0343 6467")

    assert found.unreadable
    assert found.sensitivity.best is Label.RESTRICTED


def test_a_part_that_could_not_be_read_makes_the_request_unreadable() -> None:
    request = ChatRequest("auto", (Message("user", "see picture", b"", unreadable=True),), {})

    assert CLASSIFIER.classify(request).unreadable
    beside = ChatRequest("auto", (Message("user", "see metadata", b""),), {}, unreadable=True)
    assert CLASSIFIER.classify(beside).unreadable


def test_an_empty_request_is_classified_too() -> None:
    found = CLASSIFIER.classify(ChatRequest("auto", (), {}))

    assert (found.sensitivity.best, found.findings, found.language) == (Label.PUBLIC, (), "und")


def test_needs_are_read_off_the_request() -> None:
    request = ChatRequest(
        "auto",
        (Message("user", "x", b"", needs=frozenset({"vision"})),),
        {"logprobs": b"true"},
        wants_json=True,
        tools=(ToolSpec("t", "", {}),),
    )

    assert needs(request) == {"vision", "tools", "json_schema", "logprobs"}
    assert needs(ChatRequest("auto", (), {"logprobs": b"false"})) == frozenset()


def test_other_scripts_take_more_tokens_a_character() -> None:
    assert estimated_tokens(asked("word " * 84)) == 104
    assert estimated_tokens(asked("我的订单到哪里了")) > estimated_tokens(asked("abcdefgh"))


def test_a_conversation_that_comes_again_gives_the_same_signals() -> None:
    request = asked("my card is 4539 1488 0343 6467", "and is that safe?", system="You are careful.")

    assert CLASSIFIER.classify(request) == CLASSIFIER.classify(request)
    assert [f.message for f in CLASSIFIER.classify(request).findings] == [1]


def test_probabilities_sum_to_one_on_every_axis() -> None:
    found = signals("Compare two ways to store energy")

    for shares in (found.task.probabilities, found.freshness.probabilities, found.sensitivity.probabilities):
        assert abs(sum(shares.values()) - 1) < 1e-6
    assert set(found.task.probabilities) == {task.value for task in Task}


def test_texts_for_embeddings_are_read_alike_and_push_no_others_out() -> None:
    texts = tuple(Message("user", f"order {i} of anna.smith@example.org", b"") for i in range(9))
    plain = ChatRequest("embed", texts, {})
    embedded = replace(plain, sent=Sent(Api.EMBEDDINGS, b"", texts, {}))
    kept = _remembered()
    signals = CLASSIFIER.classify(embedded)
    assert _remembered() == kept
    assert signals == CLASSIFIER.classify(plain)
    assert {finding.message for finding in signals.findings} == set(range(9))


def _remembered() -> list[int]:
    return [len(CLASSIFIER._read._kept), *(len(cache._kept) for cache in CLASSIFIER._leaning.values())]


def test_names_are_not_looked_for_in_what_is_no_running_text() -> None:
    """An identifier, a seal: what looks like a name there is none."""
    for text in ("hang-up-silent-True", "gAAAAAB" + "x" * 300):
        assert CLASSIFIER.find(text) == ()
