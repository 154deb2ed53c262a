from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.admin import read
from gateway.errors import InvalidRequest
from gateway.policy.schema import KnownCaller, Policy
from gateway.types import Caller

APP, OPS = Caller("app"), Caller("ops", admin=True)
POLICY = Policy("r", {}, (), callers=(KnownCaller(APP, "aa"), KnownCaller(OPS, "bb")))
REQUEST = {"model": "auto", "messages": [{"role": "user", "content": "Good morning"}]}


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


def test_a_request_is_read_whole_and_asked_by_the_admin_itself() -> None:
    tools = [{"type": "function", "function": {"name": "find"}}]
    asked = read(body(request={**REQUEST, "tools": tools, "max_tokens": 7}), POLICY, OPS)
    assert (asked.caller, asked.headers, asked.request.max_tokens) == (OPS, {}, 7)
    assert [tool.name for tool in asked.request.tools] == ["find"]


def test_it_may_be_asked_as_another_caller_with_headers_of_its_own() -> None:
    asked = read(body(request=REQUEST, **{"as": "app"}, headers={"X-Team": "Blue"}), POLICY, OPS)
    assert (asked.caller, asked.headers) == (APP, {"x-team": "Blue"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (b"", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "missing required field `request`"),
        (body(request=REQUEST, model="auto"), "unknown field `model`"),
        (body(request=[1]), "must be a JSON object"),
        (body(request={"model": "auto"}), "'messages' is required"),
        (body(request=REQUEST, headers={"a": 1}), "Expected `str`"),
        (body(request=REQUEST, headers={"A": "1", "a": "2"}), "named twice"),
        (body(request=REQUEST, **{"as": 7}), "Expected `str | null`"),
        (body(request=REQUEST, **{"as": "opps"}), "no caller 'opps'; did you mean ops?"),
        (b'{"request": {}, "request": {}}', "two members of one name"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(wrong: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(wrong, POLICY, OPS)
    assert said in refused.value.message


def test_a_long_name_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body(request=REQUEST, **{"as": "x" * 100_000}), POLICY, OPS)
    assert len(refused.value.message) < 300
