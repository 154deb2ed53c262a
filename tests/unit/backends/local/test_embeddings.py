"""Embeddings made in process, as callers get them."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.access.keys import ANYONE
from gateway.api.embeddings import parse
from gateway.backends.local.embeddings import MAX_CHARACTERS, LocalEmbeddings
from gateway.backends.minilm import MiniLM
from gateway.errors import ContextLength, ProviderRefused, ProviderTimeout, ProviderUnavailable
from gateway.labels import clear
from gateway.policy.schema import Model
from gateway.types import Answer, Api, Event, Label, Timeouts, Usage
from tests.embedders import real

pytestmark = pytest.mark.anyio
MODEL = Model("own", "local", "minilm", kind="embedding", clearance=Label.RESTRICTED)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def minilm() -> AsyncIterator[MiniLM]:
    model = real()
    yield model
    await model.close()


async def ask(minilm: MiniLM, model: Model = MODEL, **body: Any) -> Answer:
    events: list[Event] = []

    async def emit(event: Event) -> None:
        events.append(event)

    request = parse(json.dumps({"model": "own", **body}).encode(), ANYONE)
    await LocalEmbeddings(model, lambda: minilm).answer(
        clear(request, Label.RESTRICTED, model, "model"), emit, model.timeouts
    )
    (answer,) = events
    assert isinstance(answer, Answer)
    return answer


def read(answer: Answer) -> Any:
    return json.loads(answer.raw or b"")


async def test_vectors_come_in_openais_shape_with_their_tokens_counted(minilm: MiniLM) -> None:
    answer = await ask(minilm, input=["hello world", "hello"])
    body = read(answer)
    assert (answer.api, answer.usage) == (Api.EMBEDDINGS, Usage(input=7))
    assert (body["object"], body["model"]) == ("list", "own")
    assert body["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert [(item["object"], item["index"]) for item in body["data"]] == [("embedding", 0), ("embedding", 1)]
    assert [len(item["embedding"]) for item in body["data"]] == [384, 384]
    assert math.hypot(*body["data"][0]["embedding"]) == pytest.approx(1)


async def test_base64_says_the_same_numbers_little_end_first(minilm: MiniLM) -> None:
    text = "a text that is embedded twice"
    floats = read(await ask(minilm, input=text))["data"][0]["embedding"]
    coded = read(await ask(minilm, input=text, encoding_format="base64"))["data"][0]["embedding"]
    assert list(struct.unpack("<384f", base64.b64decode(coded))) == floats


async def test_a_text_may_have_256_tokens_and_no_more(minilm: MiniLM) -> None:
    assert (await ask(minilm, input="word " * 254)).usage == Usage(input=256)
    with pytest.raises(ContextLength, match="text 2 of 'input' has 257 tokens") as caught:
        await ask(minilm, input=["short", "word " * 255])
    assert caught.value.param == "input"
    with pytest.raises(ContextLength, match=f"has {MAX_CHARACTERS + 1:,} characters"):
        await ask(minilm, input="x" * (MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"input": [1, 2]}, "input", "as text, not as tokens"),
        ({"input": "x", "dimensions": 256}, "dimensions", "384 dimensions"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format", "float or base64"),
    ],
)
async def test_what_it_cannot_do_is_said(minilm: MiniLM, body: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(ProviderRefused, match=said) as caught:
        await ask(minilm, **body)
    assert (caught.value.http_status, caught.value.param) == (400, param)


async def test_its_total_time_is_kept(minilm: MiniLM) -> None:
    hurried = Model("own", "local", "minilm", kind="embedding", timeouts=Timeouts(total=0.001))
    request = clear(
        parse(json.dumps({"model": "own", "input": ["x" * 99] * 999}).encode(), ANYONE),
        Label.PUBLIC,
        hurried,
        "model",
    )

    async def emit(event: Event) -> None:
        raise AssertionError("nothing is answered in a millisecond")

    with pytest.raises(ProviderTimeout):
        await LocalEmbeddings(hurried, lambda: minilm).answer(request, emit, hurried.timeouts)


async def test_an_embedder_that_is_not_installed_is_told_when_it_is_asked() -> None:
    def missing() -> MiniLM:
        raise ProviderUnavailable("it is not installed")

    async def emit(event: Event) -> None: ...

    request = clear(parse(b'{"model":"own","input":"x"}', ANYONE), Label.PUBLIC, MODEL, "model")
    with pytest.raises(ProviderUnavailable, match="not installed"):
        await LocalEmbeddings(MODEL, missing).answer(request, emit, Timeouts())
