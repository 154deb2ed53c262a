"""Whatever callers and upstreams send in whatever API: it is read or refused, and can be said again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.chat import CHAT
from gateway.api.completions import COMPLETIONS
from gateway.api.dialect import Dialect
from gateway.api.embeddings import EMBEDDINGS
from gateway.api.messages.dialect import COUNT_TOKENS, MESSAGES
from gateway.api.responses.dialect import responses
from gateway.backends import completions, text_completions
from gateway.backends.anthropic import reading as anthropic_reading
from gateway.backends.anthropic.abilities import abilities_of
from gateway.backends.anthropic.render import translated
from gateway.backends.anthropic.unsaid import Unsaid
from gateway.backends.render import chat_body
from gateway.backends.responses import reading as responses_reading
from gateway.backends.speech import Announced, NotJson
from gateway.errors import InvalidRequest, NotFound
from gateway.stored.memory import Memory
from gateway.types import Answer, Api, ChatRequest, Delta
from tests.fuzz.answers import CALLER, DIALECTS, events, streamed, whole
from tests.fuzz.profile import tried
from tests.fuzz.wire import any_json, bodies, chat_events, message_events, response_events

DIALECTS_IN = (CHAT, COMPLETIONS, EMBEDDINGS, MESSAGES, COUNT_TOKENS, responses(Memory()))
CLAUDE = abilities_of("claude-haiku-4-5")


def read(dialect: Dialect, body: dict[str, Any]) -> ChatRequest | None:
    """None: it was refused, as a Responses body with a prompt of the provider's always is."""
    if dialect.api is Api.RESPONSES:
        body = {name: value for name, value in body.items() if name != "prompt"}
    try:
        return dialect.parse(json.dumps(body).encode(), CALLER)
    except (InvalidRequest, NotFound):
        return None


@pytest.mark.parametrize("dialect", DIALECTS_IN, ids=lambda dialect: dialect.api.value)
@given(body=bodies)
@tried(40)
def test_a_body_is_read_or_refused_and_can_be_said_in_every_api(
    dialect: Dialect, body: dict[str, Any]
) -> None:
    request = read(dialect, body)
    if request is None or dialect is EMBEDDINGS:
        return
    said = json.loads(chat_body(request, "other"))
    assert said["model"] == "other"
    assert len(said["messages"]) == len(request.messages)
    assert read(CHAT, {"model": "auto", "messages": said["messages"]}) is not None, (
        "as the gateway reads them"
    )
    try:
        made = json.loads(translated(request, "claude-haiku-4-5", CLAUDE))
    except Unsaid:
        return
    if made["messages"]:  # where nothing is said, the upstream says so
        own = {name: made[name] for name in ("max_tokens", "messages", "system", "tools") if name in made}
        assert read(MESSAGES, {"model": "auto", **own}) is not None, "Messages as the gateway reads them"


words = st.text("abc ", min_size=1, max_size=12).filter(str.strip)
conversation = st.lists(words, min_size=1, max_size=5)


@given(conversation, st.none() | words)
@tried(100)
def test_a_conversation_says_the_same_after_both_ways(spoken: list[str], system: str | None) -> None:
    """Chat completions to Messages and back: who said what, and the instructions."""
    roles = ["user" if place % 2 == 0 else "assistant" for place in range(len(spoken))]
    said = [{"role": role, "content": text} for role, text in zip(roles, spoken, strict=True)]
    first = [] if system is None else [{"role": "system", "content": system}]
    request = read(CHAT, {"model": "auto", "messages": [*first, *said]})
    assert request is not None
    made = read(MESSAGES, json.loads(translated(request, "claude-haiku-4-5", CLAUDE)))
    assert made is not None
    assert [(m.role, m.text.strip()) for m in made.messages] == [
        (m.role, m.text.strip()) for m in request.messages
    ]


# What upstreams answer

Read = Callable[[bytes], Delta | Answer]
UPSTREAMS: dict[str, tuple[Callable[[], Any], Callable[[bytes], Answer], st.SearchStrategy[Any]]] = {
    "chat": (completions.Reader, completions.answer, chat_events),
    "completions": (text_completions.TextReader, text_completions.text_answer, chat_events),
    "messages": (
        lambda: anthropic_reading.Reader(False),
        lambda body: anthropic_reading.answer(body, False),
        message_events,
    ),
    "messages, relayed": (
        lambda: anthropic_reading.Reader(True),
        lambda body: anthropic_reading.answer(body, True),
        message_events,
    ),
    "responses": (responses_reading.Reader, responses_reading.answer, response_events),
}


@pytest.mark.parametrize("upstream", UPSTREAMS)
@given(data=st.data())
@tried(50)
def test_events_are_read_or_skipped_and_told_in_every_api(upstream: str, data: st.DataObject) -> None:
    make, _, likely = UPSTREAMS[upstream]
    reader, deltas = make(), list[Delta]()
    for event in data.draw(st.lists(st.one_of(likely, likely, any_json), max_size=6)):
        try:
            deltas.append(reader.delta(json.dumps(event).encode()))
        except (NotJson, Announced):
            continue
    for dialect in DIALECTS:
        events(streamed(dialect, deltas))


@pytest.mark.parametrize("upstream", UPSTREAMS)
@given(data=st.data())
@tried(50)
def test_a_whole_answer_is_read_or_refused_and_told_in_every_api(upstream: str, data: st.DataObject) -> None:
    _, read_answer, likely = UPSTREAMS[upstream]
    body = json.dumps(data.draw(st.one_of(likely, likely, any_json))).encode()
    try:
        answer = read_answer(body)
    except (NotJson, Announced):
        return
    for dialect in DIALECTS:
        whole(dialect, answer)


@pytest.mark.parametrize("upstream", UPSTREAMS)
@given(st.binary(max_size=40))
@tried(60)
def test_bytes_that_are_no_json_are_told_as_such(upstream: str, body: bytes) -> None:
    make, read_answer, _ = UPSTREAMS[upstream]
    reads: tuple[Read, ...] = (make().delta, read_answer)
    for one in reads:
        try:
            one(body)
        except (NotJson, Announced):
            continue
