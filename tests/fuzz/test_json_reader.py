"""The JSON reader: any bytes become a request or a clear refusal."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.api.wire import chat_request
from gateway.backends.render import chat_body
from gateway.errors import InvalidRequest
from gateway.types import Api, ChatRequest
from tests.fuzz.profile import json_values, texts, tried

PIECES = (
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"null", b"true", b"0", b"-", b"1e999", b"NaN"),
    *(b"Infinity", b"1" * 5_000, b"\\ud800", b"\xed\xa0\x80", b"\xff", b"\xef\xbb\xbf", b"\0", b"/*"),
    *(
        b'"model"',
        b'"messages"',
        b'"auto"',
        b'"role"',
        b'"user"',
        b'"content"',
        b"[" * 3_000,
        b'{"a":' * 2_000,
    ),
)
parts = st.one_of(
    texts(),
    st.none(),
    st.lists(
        st.one_of(
            st.fixed_dictionaries(
                {"type": st.sampled_from(("text", "refusal", "image_url", "input_audio", "file", "x"))},
                optional={
                    "text": texts(),
                    "refusal": texts(),
                    "image_url": json_values(3),
                    "x": json_values(3),
                },
            ),
            json_values(3),
        ),
        max_size=3,
    ),
)
calls = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"function": st.fixed_dictionaries({"name": texts()}, optional={"arguments": texts()})},
            optional={"id": texts(), "type": st.just("function")},
        ),
        json_values(3),
    ),
    max_size=3,
)
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(("system", "developer", "user", "assistant", "tool", "function"))},
    optional={
        "content": parts,
        "tool_calls": st.one_of(st.none(), calls),
        "tool_call_id": texts(),
        "name": texts(),
        "reasoning_content": texts(),
        "x": json_values(4),
    },
)
bodies = st.fixed_dictionaries(
    {"model": st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)},
    optional={
        "messages": st.one_of(st.lists(messages, min_size=1, max_size=4), json_values(4)),
        "tools": json_values(),
        "metadata": json_values(4),
        "stream": st.booleans(),
        "stream_options": json_values(4),
        "response_format": json_values(4),
        "max_tokens": json_values(2),
        "brand_new": json_values(),
    },
)


def written(value: Any, spread: bool, plain: bool) -> bytes:
    return json.dumps(value, indent=1 if spread else None, ensure_ascii=plain).encode()


def checked(body: bytes) -> ChatRequest | None:
    """What is read; an accepted body says what was sent, and can be written again."""
    try:
        request = chat_request(body)
    except InvalidRequest:
        return None
    sent = json.loads(body)
    assert request.model == sent["model"]
    assert [json.loads(message.raw) for message in request.messages] == sent["messages"]
    assert [message.role for message in request.messages] == [message["role"] for message in sent["messages"]]
    assert list(request.fields) == list(sent)
    assert request.sent is not None
    assert (request.sent.body, request.api, request.untouched) == (body, Api.CHAT, True)
    again = json.loads(chat_body(request, "other"))
    changed = {"model", "stream", "stream_options"}
    assert {k: v for k, v in again.items() if k not in changed} == {
        k: v for k, v in sent.items() if k not in changed
    }
    return request


@given(st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)))
@example(b"[" * 100_000)
@example(b'{"model":"a","messages":' + b"[" * 100_000)
@example(b'{"model":"a","messages":[{"role":"user"}],"x":' + b'{"a":' * 50_000)
@tried(500)
def test_any_bytes_become_a_request_or_a_refusal(body: bytes) -> None:
    checked(body)


@given(bodies, st.booleans(), st.booleans())
@tried(200)
def test_an_accepted_body_says_what_was_sent(body: dict[str, Any], spread: bool, plain: bool) -> None:
    checked(written(body, spread, plain))


@given(bodies, st.data())
@tried(200)
def test_a_damaged_body_becomes_a_request_or_a_refusal(body: dict[str, Any], data: st.DataObject) -> None:
    whole = written(body, False, False)
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, min(len(whole), at + 8)))
    instead = data.draw(st.one_of(st.just(b""), st.binary(max_size=3), st.sampled_from(PIECES)))
    checked(whole[:at] + instead + whole[end:])
