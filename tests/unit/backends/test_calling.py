"""One call's limits in time, over real sockets: what counts as the beginning of an answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.backends.anthropic.backend import AnthropicMessages
from gateway.backends.http import Pool
from gateway.backends.openai import OpenAICompatible
from gateway.errors import ProviderBroken, ProviderTimeout
from gateway.interfaces import ChatModel
from gateway.policy.schema import Model
from gateway.types import Api, ChatRequest, Delta, Event, Message, Sent, Timeouts
from tests import messages_replies as messages
from tests import responses_replies as responses
from tests.asking import put_to
from tests.reach import EVERYWHERE
from tests.upstream import Reply, Upstream

LIMITS = Timeouts(connect=1.0, first_token=0.2, idle=1.0, total=5.0)
PAUSE = 0.05  # seconds between two events: eight of them are longer than the first token may take
OWN = b'{"role":"user","content":"Hi"}'
PING, SAID = messages.event("ping"), messages.block_events(1, messages.text("Good day"))
SEAL = {"type": "signature_delta", "signature": "sealed"}


def request(api: Api) -> ChatRequest:
    said = (Message("user", "Hi", OWN, native=OWN),)
    sent = Sent(api, b'{"model":"auto","input":"Hi","stream":true}', said, {})
    return ChatRequest("auto", said, sent.fields, stream=True, sent=sent)


def backend(api: Api, pool: Pool, url: str) -> tuple[Model, ChatModel]:
    """The model, and what asks it in `api`."""
    if api is Api.RESPONSES:
        speaks = (Api.CHAT, api)
        model = Model("m", "openai-compatible", "m", base_url=url, timeouts=LIMITS, retries=0, speaks=speaks)
        return model, OpenAICompatible(model, pool)
    model = Model("m", "anthropic", "claude-x", base_url=url, timeouts=LIMITS, retries=0)
    return model, AnthropicMessages(model, pool)


def hear(api: Api, reply: Reply, heard: list[Event]) -> None:
    """Adds what is said until the stream ends; raises ProviderError where it is given up."""

    async def emit(event: Event) -> None:
        heard.append(event)

    async def run(url: str) -> None:
        pool = Pool(EVERYWHERE)
        try:
            model, asks = backend(api, pool, url)
            await put_to(asks, model, request(api), emit)
        finally:
            await pool.close()

    with Upstream(reply) as up:
        asyncio.run(run(up.url))


def thought(kind: str) -> tuple[bytes, ...]:
    """A message that begins with a long thought, of which nothing is shown."""
    block: Any = {"type": kind, **({"data": "AA=="} if kind == "redacted_thinking" else {})}
    if kind == "thinking":
        block |= {"thinking": "", "signature": ""}
    begun = messages.event("content_block_start", index=0, content_block=block)
    return (
        *(messages.start(), begun, *[PING] * 8, messages.event("content_block_delta", index=0, delta=SEAL)),
        *(messages.event("content_block_stop", index=0), *SAID, *messages.end()),
    )


def reasoned() -> tuple[bytes, ...]:
    """The same as a response."""
    item: Any = {"id": "rs_up", "type": "reasoning", "summary": []}
    place = {"item_id": "msg_up", "output_index": 1, "content_index": 0}
    whole = {"id": "resp_up", "object": "response", "status": "completed", "output": [item]}
    events: list[Any] = [
        *responses.begun(whole),
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *[{"type": "keepalive"}] * 8,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.output_text.delta", **place, "delta": "Good day"},
        {"type": "response.completed", "response": whole},
    ]
    return responses.stream(events).events or ()


HIDDEN = [
    pytest.param(Api.CHAT, thought("thinking"), 2, id="thinking, to a caller of chat completions"),
    pytest.param(Api.MESSAGES, thought("thinking"), 2, id="thinking, to a caller of its own"),
    pytest.param(Api.CHAT, thought("redacted_thinking"), 2, id="a thought that is redacted"),
    pytest.param(Api.RESPONSES, reasoned(), 3, id="reasoning in a response"),
]


@pytest.mark.parametrize(("api", "events", "begun"), HIDDEN)
def test_a_thought_of_which_nothing_is_shown_may_take_longer_than_the_first_token(
    api: Api, events: tuple[bytes, ...], begun: int
) -> None:
    heard: list[Event] = []
    hear(api, Reply(events=events, between=PAUSE), heard)
    assert "".join(each.text for each in heard if isinstance(each, Delta)) == "Good day"


@pytest.mark.parametrize(("api", "events", "begun"), HIDDEN)
def test_a_thought_that_falls_silent_is_given_up_and_another_model_may_still_answer(
    api: Api, events: tuple[bytes, ...], begun: int
) -> None:
    heard: list[Event] = []
    with pytest.raises(ProviderTimeout, match="paused too long"):
        hear(api, Reply(events=events, stall_after=begun), heard)
    assert heard == []


@pytest.mark.parametrize(
    ("api", "events"),
    [
        (Api.MESSAGES, (messages.start(), *[PING] * 8, *SAID, *messages.end())),
        (Api.RESPONSES, (*reasoned()[:2], *reasoned()[3:])),
    ],
)
def test_that_it_was_asked_does_not_begin_an_answer(api: Api, events: tuple[bytes, ...]) -> None:
    with pytest.raises(ProviderTimeout, match="did not begin"):
        hear(api, Reply(events=events, between=PAUSE), [])


def test_what_is_held_before_the_first_word_is_bounded_in_bytes() -> None:
    """Two events are too many of half a megabyte and more: they leave before the stream breaks."""
    heard: list[Event] = []
    ping = messages.event("ping", pad="x" * 600_000)
    with pytest.raises(ProviderBroken):
        hear(Api.MESSAGES, Reply(events=(messages.start(), ping, ping)), heard)
    assert len(heard) == 3
    heard.clear()
    with pytest.raises(ProviderBroken):
        hear(Api.MESSAGES, Reply(events=(messages.start(), ping)), heard)
    assert heard == []
