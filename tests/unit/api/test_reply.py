"""Events to bytes: streams, whole answers and errors."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from anthropic._streaming import SSEDecoder as AnthropicDecoder
from openai._streaming import SSEDecoder as OpenAIDecoder
from uvicorn.protocols.http.flow_control import FlowControl

from gateway.accounting.exchange import Exchange
from gateway.api.chat import CHAT
from gateway.api.reply import Reply
from gateway.api.turn import Turn
from gateway.errors import InternalError, NoClearedModel, ProviderBroken
from gateway.policy.schema import Policy
from gateway.types import Answer, ChatRequest, Delta, ToolCall, ToolCallDelta, Usage


class Caller(asyncio.Transport):
    """Collects what the gateway sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.flow = FlowControl(self)
        self.turn = Turn("POST", [], self, self.flow, lambda: None, chunked=False)

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        """Nothing to close."""

    @property
    def status(self) -> int:
        return int(self.sent[0].split()[1]) if self.sent else 0

    @property
    def body(self) -> bytes:
        return b"".join(self.sent).partition(b"\r\n\r\n")[2]

    @property
    def ended(self) -> bool:
        return self.turn.response_complete

    @property
    def events(self) -> list[Any]:
        lines = [line[6:] for line in self.body.decode().split("\n\n") if line.startswith("data: ")]
        return [line if line == "[DONE]" else json.loads(line) for line in lines]


def exchange(include_usage: bool = False) -> Exchange:
    made = Exchange("id-1", started=0.0, at=0.0, policy=Policy("rev", {}, ()))
    made.request = ChatRequest("auto", (), {}, stream=True, include_usage=include_usage)
    made.model = "local"
    return made


def streamed(*deltas: Delta, include_usage: bool = False, pause: float = 0.0) -> Caller:
    async def run() -> Caller:
        caller = Caller()
        reply = Reply(caller.turn, CHAT, "id-1", 7, keep_alive=0.02)
        for delta in deltas:
            await reply.event(delta, exchange(include_usage))
            await asyncio.sleep(pause)
        await reply.finish(exchange(include_usage))
        return caller

    return asyncio.run(run())


def test_deltas_made_here_become_chunks_whose_first_has_the_role() -> None:
    caller = streamed(Delta("Hel"), Delta("lo"), Delta(finish="stop", usage=Usage(input=3, output=2)))
    first, second, last, done = caller.events
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "Hel"}
    assert second["choices"][0]["delta"] == {"content": "lo"}
    assert last["choices"][0]["finish_reason"] == "stop"
    assert (first["model"], first["created"], done) == ("local", 7, "[DONE]")


def test_usage_is_a_chunk_of_its_own_only_where_it_was_asked_for() -> None:
    deltas = (Delta("x"), Delta(finish="stop", usage=Usage(input=3, output=2)))
    assert all("usage" not in event for event in streamed(*deltas).events[:-1])
    *content, usage, _ = streamed(*deltas, include_usage=True).events
    assert [event["usage"] for event in content] == [None, None]
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 5


def test_an_upstreams_chunk_is_relayed_byte_for_byte() -> None:
    raw = b'{"id":"x",  "choices":[{"delta":{"content":"hi"}}]}'
    assert streamed(Delta("hi", raw=raw)).body.startswith(b"data: " + raw + b"\n\n")


def test_tool_calls_keep_their_fragments() -> None:
    caller = streamed(Delta(tool_calls=(ToolCallDelta(0, "c1", "look", '{"q'),)), Delta(finish="tool_calls"))
    (call,) = caller.events[0]["choices"][0]["delta"]["tool_calls"]
    assert call == {
        "index": 0,
        "id": "c1",
        "type": "function",
        "function": {"name": "look", "arguments": '{"q'},
    }


def test_a_silent_stream_is_kept_alive_by_comments() -> None:
    assert b": keep-alive\n\n" in streamed(Delta("a"), Delta("b"), pause=0.05).body


def test_a_whole_answer_is_a_completion() -> None:
    async def run() -> Caller:
        caller = Caller()
        reply = Reply(caller.turn, CHAT, "id-1", 7)
        answer = Answer(tool_calls=(ToolCall("c1", "look", "{}"),), finish="tool_calls", usage=Usage(input=1))
        await reply.event(answer, exchange())
        assert not caller.status, "the last byte waits until the answer is accounted"
        await reply.finish(exchange())
        return caller

    caller = asyncio.run(run())
    assert len(caller.sent) == 1, "head and body leave together"
    body = json.loads(caller.body)
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"] is None
    assert body["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}


def failed(*deltas: Delta) -> Caller:
    async def run() -> Caller:
        caller = Caller()
        reply = Reply(caller.turn, CHAT, "id-1", 7)
        for delta in deltas:
            await reply.event(delta, exchange())
        error = ProviderBroken("cut") if deltas else NoClearedModel("internal")
        await reply.fail(error, exchange())
        return caller

    return asyncio.run(run())


def test_an_error_before_the_first_byte_has_its_status() -> None:
    caller = failed()
    assert caller.status == 403
    assert json.loads(caller.body)["error"]["code"] == "policy_no_cleared_model"


def test_an_error_after_the_first_byte_is_the_streams_last_event() -> None:
    caller = failed(Delta("half"))
    assert caller.status == 200
    assert caller.events[-1]["error"]["code"] == "provider_stream_broken"
    assert caller.ended


def test_no_comments_pile_up_for_a_caller_who_does_not_read() -> None:
    async def run() -> Caller:
        caller = Caller()
        reply = Reply(caller.turn, CHAT, "id-1", 7, keep_alive=0.01)
        await reply.event(Delta("x"), exchange())
        await asyncio.sleep(0)
        caller.flow.pause_writing()
        await asyncio.sleep(0.1)
        caller.flow.resume_writing()
        await reply.finish(exchange())
        return caller

    caller = asyncio.run(run())
    assert b": keep-alive" not in caller.body
    assert caller.body.endswith(b"data: [DONE]\n\n")


def test_an_error_where_there_is_no_exchange_is_told_in_json() -> None:
    async def run() -> Caller:
        caller = Caller()
        await Reply(caller.turn, CHAT, "id-1", 7).refuse(InternalError.logged())
        return caller

    caller = asyncio.run(run())
    assert (caller.status, json.loads(caller.body)["error"]["code"]) == (500, "internal_error")
    assert caller.ended


@pytest.mark.parametrize("decoder", [OpenAIDecoder, AnthropicDecoder])
def test_official_clients_pass_over_a_comment(decoder: Any) -> None:
    stream = b"event: a\ndata: 1\n\n: keep-alive\n\ndata: 2\n\n: keep-alive\n\n"
    assert [event.data for event in decoder().iter_bytes(iter([stream]))] == ["1", "2"]
