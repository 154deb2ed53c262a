"""Any answer that a model may give, and what every API's rendering makes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from gateway.accounting.exchange import Exchange
from gateway.api.chat import CHAT
from gateway.api.completions import COMPLETIONS
from gateway.api.dialect import Dialect
from gateway.api.messages.dialect import MESSAGES
from gateway.api.responses.dialect import responses
from gateway.policy.schema import Policy
from gateway.stored.memory import Memory
from gateway.types import Answer, Caller, Delta, ToolCall, ToolCallDelta, Usage
from tests.fuzz.profile import texts

CALLER = Caller("app")
SAID: dict[str, bytes] = {
    "chat": b'{"model":"auto","messages":[{"role":"user"}],"stream_options":{"include_usage":true}}',
    "completions": b'{"model":"auto","prompt":"x","stream_options":{"include_usage":true}}',
    "messages": b'{"model":"auto","max_tokens":9,"messages":[{"role":"user","content":"x"}]}',
    "responses": b'{"model":"auto","input":"x"}',
}
DIALECTS: tuple[Dialect, ...] = (CHAT, COMPLETIONS, MESSAGES, responses(Memory()))
FINISHES = ("stop", "length", "tool_calls", "content_filter")

usages = st.builds(Usage, *(st.integers(0, 2**53) for _ in range(7)))
arguments = st.one_of(st.sampled_from(('{"a": 1}', "{}", "", "null", "[1]", '{"a"', "not JSON")), texts())
names = st.one_of(st.sampled_from(("f", "weather")), texts().filter(bool))


@dataclass(frozen=True)
class Said:
    """Deltas, and what they say in sum; calls by their index."""

    deltas: tuple[Delta, ...]
    text: str
    refusal: str
    calls: dict[int, tuple[str, str]]


@st.composite
def said(draw: st.DrawFn, calls: bool = True) -> Said:
    """Text, reasoning, refusals and calls in any order, calls in fragments that may come mixed."""
    kinds = ("text", "text", "reasoning", "refusal", "signature", *(("call", "more") if calls else ()))
    deltas, begun, told = [], dict[int, list[str]](), {"text": "", "refusal": ""}
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=10)):
        if kind == "call":
            name, first = draw(names), draw(arguments)
            index = len(begun)
            begun[index] = [name, first]
            deltas.append(Delta(tool_calls=(ToolCallDelta(index, f"call_{index}", name, first),)))
        elif kind == "more":
            if begun:
                index, more = draw(st.sampled_from(sorted(begun))), draw(arguments)
                begun[index][1] += more
                deltas.append(Delta(tool_calls=(ToolCallDelta(index, arguments=more),)))
        else:
            text = draw(texts())
            told[kind] = told.get(kind, "") + text
            deltas.append(_delta(kind, text))
    deltas.append(Delta(finish=draw(st.sampled_from(FINISHES)), usage=draw(st.none() | usages)))
    summed = {index: (name, whole) for index, (name, whole) in begun.items()}
    return Said(tuple(deltas), told["text"], told["refusal"], summed)


def _delta(kind: str, text: str) -> Delta:
    if kind == "text":
        return Delta(text)
    if kind == "refusal":
        return Delta(refusal=text, other=True)
    return Delta(reasoning=text, other=True) if kind == "reasoning" else Delta(signature=text)


answers = st.builds(
    Answer,
    text=texts(),
    tool_calls=st.lists(
        st.builds(ToolCall, st.sampled_from(("call_1", "")), names, arguments), max_size=3
    ).map(tuple),
    finish=st.sampled_from(FINISHES),
    usage=st.none() | usages,
    reasoning=texts(),
    refusal=texts(),
    signature=texts(),
)


def exchange(dialect: Dialect) -> Exchange:
    """Of a small request in this API."""
    made = Exchange("id-1", started=0.0, at=0.0, policy=Policy("r", {}, ()), caller=CALLER, model="small")
    made.request = dialect.parse(SAID[dialect.api.value], CALLER)
    return made


def streamed(dialect: Dialect, deltas: Sequence[Delta]) -> bytes:
    """The whole stream."""
    rendering, of = dialect.rendering("id-1", 7), exchange(dialect)
    events = [event for delta in deltas for event in rendering.delta(delta, of)]
    return b"".join([*events, *rendering.end(of)])


def whole(dialect: Dialect, answer: Answer) -> Any:
    return json.loads(dialect.rendering("id-1", 7).whole(answer, exchange(dialect)))


def events(stream: bytes) -> list[tuple[str, Any]]:
    """Names and JSON; each event has one line of data, and at most one name before it."""
    assert stream.endswith(b"\n\n")
    found = []
    for block in stream.decode().removesuffix("\n\n").split("\n\n"):
        *head, data = block.split("\n")
        assert len(head) <= 1
        assert data.startswith("data: ")
        name = head[0].removeprefix("event: ") if head else ""
        found.append((name, None if data == "data: [DONE]" else json.loads(data[6:])))
    return found
