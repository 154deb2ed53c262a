"""Values come back into what JSON says, and into nothing that only names something."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.masks import Mask
from gateway.strategies.unmasking.words import Words
from gateway.types import Delta, Finding, Label, ToolCallDelta

VALUE = 'anna "a" b@c.org'
HIDDEN = "[EMAIL_1]"


def words(as_json: bool = False) -> Words:
    mask = Mask(["email"], Label.PUBLIC)
    mask.learn(VALUE, [Finding("email", "contact", Label.CONFIDENTIAL, 0, 0, len(VALUE), 1.0)])
    return Words(mask, as_json)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": HIDDEN, "signature": "s"},
        {"type": "text", "text": HIDDEN, "citations": [{"type": "page_location", "cited_text": HIDDEN}]},
        {"type": "web_search_tool_result", "content": [{"title": HIDDEN, "url": f"https://e.org/{HIDDEN}"}]},
        {"type": "document", "source": {"type": "text", "data": HIDDEN}},
        {"data": [{"title": HIDDEN}], "status": {"why": HIDDEN}, HIDDEN: 1},
        {"type": "web_search_call", "action": {"type": "search", "query": HIDDEN}},
        {"type": "code_interpreter_call", "code": HIDDEN, "outputs": [{"type": "logs", "logs": HIDDEN}]},
        {"type": "tool_use", "input": {"name": HIDDEN, "id": [HIDDEN], HIDDEN: {"order_id": HIDDEN}}},
        {"type": "local_shell_call", "action": {"env": {"user_id": HIDDEN}, "command": [HIDDEN]}},
        {"metadata": {"id": HIDDEN, HIDDEN: "x"}, "instructions": HIDDEN, "user": HIDDEN},
        {"tools": [{"type": "function", "parameters": {"properties": {HIDDEN: {"title": HIDDEN}}}}]},
    ],
)
def test_what_is_said_comes_back(block: dict[str, Any]) -> None:
    escaped = json.dumps(block).replace(HIDDEN, json.dumps(VALUE)[1:-1])
    assert words().back(block) == json.loads(escaped)


@pytest.mark.parametrize(
    "block",
    [
        {"type": HIDDEN, "id": HIDDEN, "name": HIDDEN, "role": HIDDEN, "status": HIDDEN, "model": HIDDEN},
        {"type": "thinking", "thinking": "x", "signature": HIDDEN},
        {"type": "redacted_thinking", "data": HIDDEN},
        {"source": {"type": "base64", "media_type": "image/png", "data": HIDDEN}},
        {"tool_use_id": HIDDEN, "call_id": HIDDEN, "vector_store_ids": [HIDDEN]},
        {"encrypted_content": HIDDEN, "encrypted_index": HIDDEN},
        {"logprobs": [{"token": HIDDEN}]},
        {"n": 1, "f": 1.5, "none": None, "yes": True},
    ],
)
def test_names_and_what_is_sealed_stay(block: dict[str, Any]) -> None:
    assert words().back(block) == block


def test_arguments_are_json_in_a_string() -> None:
    told = words().back({"type": "function_call", "arguments": '{"to": "[EMAIL_1]"}'})
    assert json.loads(told["arguments"]) == {"to": VALUE}


@pytest.mark.parametrize("kind", ["text", "output_text", "response.output_text.done"])
def test_an_answer_that_is_json_stays_json(kind: str) -> None:
    said = {"type": kind, "text": '{"to": "[EMAIL_1]"}'}
    assert json.loads(words(as_json=True).back(said)["text"]) == {"to": VALUE}
    assert words().back(said)["text"] == f'{{"to": "{VALUE}"}}'
    thought = {"type": "thinking", "thinking": HIDDEN}
    assert words(as_json=True).back(thought)["thinking"] == VALUE


def test_a_citation_moves_with_the_text_it_belongs_to() -> None:
    text = f"To {HIDDEN}, see this."
    at = text.index("see")
    cited = {"type": "url_citation", "start_index": at, "end_index": at + 3, "title": HIDDEN}
    part = {"type": "output_text", "text": text, "annotations": [cited, "odd", {"index": 2}]}
    told = words().back(part)
    first, odd, plain = told["annotations"]
    assert told["text"][first["start_index"] : first["end_index"]] == "see"
    assert first["title"] == VALUE
    assert (odd, plain) == ("odd", {"index": 2})


def test_however_deep_it_is_it_comes_back() -> None:
    said: Any = HIDDEN
    for _ in range(200):
        said = {"a": [said]}
    told = words().back(said)
    for _ in range(200):
        (told,) = told["a"]
    assert told == VALUE


def test_a_body_that_hides_nothing_keeps_its_bytes() -> None:
    body = b'{ "content": [], "x": 1.50 }'
    assert words().body(body) == body
    assert json.loads(words().body(b'{"content": [{"type": "text", "text": "[EMAIL_1]"}]}')) == {
        "content": [{"type": "text", "text": VALUE}]
    }


def test_what_an_event_says_at_once() -> None:
    call = ToolCallDelta(0, "1", "send", '{"to": "[EMAIL_1]"}')
    told = words().delta(
        Delta(HIDDEN, (call,), reasoning=HIDDEN, refusal=HIDDEN, signature=HIDDEN, raw=b"{}")
    )
    assert (told.text, told.reasoning, told.refusal) == (VALUE, VALUE, VALUE)
    assert (told.signature, told.raw) == (HIDDEN, b"{}")
    assert json.loads(told.tool_calls[0].arguments) == {"to": VALUE}
