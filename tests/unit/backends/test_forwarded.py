"""The lines that carry a caller's headers on."""

from __future__ import annotations

from gateway.backends.forwarded import carried, lines
from gateway.policy.schema import Model
from gateway.types import ChatRequest

MODEL = Model(name="m", provider="openai-compatible", model="x", forward=("x-tenant",))


def request(**forwarded: str) -> ChatRequest:
    named = {name.replace("_", "-"): value for name, value in forwarded.items()}
    return ChatRequest("m", (), {}, forwarded=named)


def test_a_model_gets_the_trace_and_what_its_entry_names() -> None:
    got = carried(request(x_tenant="acme", x_team="red", traceparent="00-…", anthropic_beta="b"), MODEL)
    assert got == {"traceparent": "00-…", "x-tenant": "acme"}


def test_nothing_becomes_no_line() -> None:
    assert lines(carried(request(), MODEL)) == b""


def test_each_is_a_line_of_its_own() -> None:
    assert lines({"traceparent": "a", "x-tenant": "b"}) == b"traceparent: a\r\nx-tenant: b\r\n"
