"""What a request asks of the local model that it would have to pass over."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.api.chat import parse
from gateway.backends.local.chat import LocalChat
from gateway.backends.local.smollm import SmolLM
from gateway.backends.local.unsaid import check
from gateway.errors import SpeaksAnother
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.types import Caller, ChatRequest, Event, Label, Message, Timeouts
from tests.unit.backends.local.installed import MODEL, needs

HI = {"role": "user", "content": "Hi"}
SEE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
HEAR = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


def asked(*messages: Any, **members: Any) -> ChatRequest:
    body = {"model": "local", "messages": list(messages or [HI]), **members}
    return parse(json.dumps(body).encode(), Caller("app"))


BEYOND = [
    (asked(n=2), "n", "more than one answer"),
    (asked(logprobs=True), "logprobs", "probabilities"),
    (asked(top_logprobs=3), "top_logprobs", "probabilities"),
    (asked(modalities=["text", "audio"]), "modalities", "spoken"),
    (asked(HI, {"role": "user", "content": [SEE]}), "messages[1]", "an image"),
    (asked({"role": "user", "content": [{"type": "text", "text": "Hi"}, HEAR]}), "messages[0]", "a sound"),
]


@pytest.mark.parametrize(("request_", "param", "why"), BEYOND)
def test_what_it_cannot_give_is_named_and_another_model_may_be_asked(
    request_: ChatRequest, param: str, why: str
) -> None:
    with pytest.raises(SpeaksAnother, match=why) as caught:
        check("mine", request_)
    assert (caught.value.param, caught.value.falls_over, caught.value.http_status) == (param, True, 400)
    assert "'mine'" in caught.value.message


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"n": 1, "logprobs": False, "top_logprobs": 0, "modalities": ["text"], "seed": 3},
        {"n": None, "logprobs": None, "modalities": None},
        {"n": "2", "modalities": {"audio": True}},
    ],
)
def test_all_else_is_answered(members: dict[str, Any]) -> None:
    check("mine", asked(**members))


def test_a_message_is_named_by_its_place_in_the_callers_body() -> None:
    came = asked({"role": "user", "content": [SEE]})
    added = Message("system", "Passages", b'{"role":"system","content":"Passages"}')
    with pytest.raises(SpeaksAnother) as caught:
        check("mine", replace(came, messages=(added, *came.messages)))
    assert caught.value.param == "messages[0]"


def test_the_model_itself_says_so() -> None:
    needs(*MODEL)
    model = Model("mine", "local", "smollm2", clearance=Label.PUBLIC)

    async def emit(event: Event) -> None:
        pytest.fail(f"it said {event}")

    async def run() -> None:
        chat = LocalChat(SmolLM(), name="mine")
        with pytest.raises(SpeaksAnother, match="'mine'"):
            await chat.answer(clear(asked(n=2), Label.PUBLIC, model, "model"), emit, Timeouts())
        await chat.close()

    asyncio.run(run())
