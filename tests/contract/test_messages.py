"""Anthropic's Messages API over sockets, in front of an upstream that speaks chat completions alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from anthropic.types import Message, MessageTokensCount, ModelInfo, RawMessageStreamEvent
from pydantic import TypeAdapter

from tests.folder import KEY, policy_folder
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream, failure

Json = dict[str, Any]
MAIL = "anna.larsen@example.org"
GUARDS = """\
guards:
  - name: hide-mail
    when: '"email" in findings'
    mask: [email]
    lowers_to: internal
"""
EXTRA = """\
  - {name: books, when: 'request.metadata["user_id"] == "reader"', retrieve: {from: [book]}, model: small}
"""
MODELS = "unreadable: internal\nmodels:\n"
KNOWLEDGE = 'knowledge: [{name: book, documents: "*.md", label: public}]\n'
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
_events: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def chunk(delta: Json, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **more}
    return b"data: " + json.dumps({"id": "x", "choices": [choice]}).encode() + b"\n\n"


def called(index: int, arguments: str, **head: Any) -> Json:
    function = {"arguments": arguments, **({"name": head.pop("name")} if "name" in head else {})}
    return {"tool_calls": [{"index": index, **head, "function": function}]}


MIXED = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Let me look."}),
    chunk(called(0, "", id="call_a", name="weather")),
    chunk(called(0, '{"city":')),
    chunk(called(1, "", id="call_b", name="weather")),
    chunk(called(1, '{"city": "Rome"}')),
    chunk(called(0, ' "Paris"}')),
    chunk({}, "tool_calls"),
    b"data: [DONE]\n\n",
)
STOPPED = {"index": 0, "message": {"role": "assistant", "content": "One"}, "finish_reason": "stop"}
REFUSAL = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
DETAILED = {
    "prompt_tokens": 30,
    "completion_tokens": 12,
    "total_tokens": 42,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def script(request: Recorded) -> Reply:
    """What the last user message asks for."""
    said = request.body["messages"][-1]["content"]
    asked = said if isinstance(said, str) else said[-1].get("text", "")
    replies = {
        "call": Reply(calls=(Call("weather", {"city": "Paris"}, "call_7"),)),
        "mixed": Reply(events=MIXED),
        "limit": Reply("Once upon", finish="length"),
        "think": Reply(events=(chunk({"reasoning_content": "Hm."}), chunk({"content": "Yes."}, "stop"))),
        "sequence": Reply(
            json={"id": "x", "choices": [{**STOPPED, "stop_reason": "END"}], "usage": DETAILED}
        ),
        "sequence, streamed": Reply(
            events=(chunk({"content": "One"}), chunk({}, "stop", stop_reason="END"), b"data: [DONE]\n\n")
        ),
        "refuse": Reply(
            json={"id": "x", "choices": [{"index": 0, "message": REFUSAL, "finish_reason": "stop"}]}
        ),
        "filter": Reply("Not", finish="content_filter"),
        "cut": Reply("One two three four", cut_after=3),
        "down": failure(503, "try later"),
        "busy": failure(429, "slow down", retry_after="7"),
        "long": failure(
            400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded"
        ),
    }
    return replies.get(asked) or Reply(f"You said: {asked}")


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("messages")
    policies = policy_folder(folder / "policies", up.url, EXTRA)
    (policies / "guide.md").write_text("# Holidays\n\nEverybody has thirty days of holidays a year.\n")
    file = policies / "policy.yaml"
    file.write_text(file.read_text().replace("guards:\n", KNOWLEDGE + GUARDS).replace("models:\n", MODELS))
    with Gateway(policies, folder / "data", "--knowledge-root", str(policies)) as running:
        yield running


def post(gateway: Gateway, body: Any, path: str = "/v1/messages", **headers: str) -> httpx.Response:
    known = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {**known, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.post(gateway.url + path, content=sent, headers=named, timeout=10)


def asking(content: Any, **more: Any) -> Json:
    return {"model": "auto", "max_tokens": 100, "messages": [{"role": "user", "content": content}], **more}


def message(reply: httpx.Response) -> Message:
    assert reply.status_code == 200, reply.text
    return Message.model_validate(reply.json(), strict=True)


def stream(reply: httpx.Response) -> list[Json]:
    """The events, each under its name and of a shape that Anthropic's client knows."""
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = []
    for block in reply.text.strip().split("\n\n"):
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
        if events[-1]["type"] not in ("ping", "error"):
            _events.validate_python(events[-1])
    return events


def blocks(events: list[Json]) -> list[Json]:
    """The content blocks that a stream builds, which have to come one after the other."""
    made: list[Json] = []
    is_open = False
    for event in events:
        match event["type"]:
            case "content_block_start":
                assert not is_open
                assert event["index"] == len(made)
                is_open = True
                made.append({**event["content_block"], "json": ""})
            case "content_block_delta":
                assert is_open
                assert event["index"] == len(made) - 1
                delta = event["delta"]
                made[-1]["json"] += delta.get("partial_json", "")
                for name in {"text", "thinking"} & delta.keys():
                    made[-1][name] += delta[name]
            case "content_block_stop":
                assert is_open
                assert event["index"] == len(made) - 1
                is_open = False
    assert not is_open
    return made


def error(reply: httpx.Response) -> Json:
    """The error, in Anthropic's shape and with the ids where its clients look for them."""
    body = reply.json()
    assert body["type"] == "error"
    assert body["request_id"] == reply.headers["request-id"] == reply.headers["x-request-id"]
    assert isinstance(body["error"]["message"], str)
    return dict(body["error"])


def test_a_message_is_answered(gateway: Gateway, up: Upstream) -> None:
    reply = post(gateway, asking("hello", system="Be brief."))
    said = message(reply)
    assert said.content[0].model_dump() == {"type": "text", "text": "You said: hello", "citations": []}
    assert (said.role, said.stop_reason, said.stop_sequence, said.model) == (
        "assistant",
        "end_turn",
        None,
        "small",
    )
    assert (said.usage.input_tokens, said.usage.output_tokens) == (11, 7)
    assert said.id == f"msg_{reply.headers['request-id']}"
    assert up.requests[-1].path == "/v1/chat/completions"
    assert up.requests[-1].body == {
        "model": "upstream-model",
        "max_tokens": 100,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}],
    }


def test_a_message_is_streamed_event_by_event(gateway: Gateway) -> None:
    events = stream(post(gateway, asking("hello there", stream=True)))
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["message_start", "ping", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert [b["text"] for b in blocks(events)] == ["You said: hello there"]
    assert events[0]["message"]["content"] == []
    ended = {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None, "container": None}
    assert events[-2]["delta"] == ended
    assert events[-2]["usage"]["input_tokens"] == 11
    assert events[-2]["usage"]["output_tokens"] == 7


def test_a_call_of_a_tool_is_a_block(gateway: Gateway, up: Upstream) -> None:
    said = message(post(gateway, asking("call", tools=[WEATHER], tool_choice={"type": "any"})))
    (block,) = said.content
    assert block.type == "tool_use"
    assert (block.id, block.name, block.input) == ("call_7", "weather", {"city": "Paris"})
    assert said.stop_reason == "tool_use"
    sent = up.requests[-1].body
    function = {**WEATHER, "parameters": WEATHER["input_schema"]}
    del function["input_schema"]
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert sent["tool_choice"] == "required"


def test_a_call_is_streamed_as_its_fragments_come(gateway: Gateway) -> None:
    events = stream(post(gateway, asking("call", tools=[WEATHER], stream=True)))
    (block,) = blocks(events)
    assert (block["type"], block["id"], block["name"], block["input"]) == (
        "tool_use",
        "call_7",
        "weather",
        {},
    )
    assert json.loads(block["json"]) == {"city": "Paris"}
    assert sum(event["type"] == "content_block_delta" for event in events) == 2
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_calls_whose_fragments_come_mixed_follow_each_other(gateway: Gateway) -> None:
    text, one, two = blocks(stream(post(gateway, asking("mixed", tools=[WEATHER], stream=True))))
    assert text["text"] == "Let me look."
    assert (one["id"], json.loads(one["json"])) == ("call_a", {"city": "Paris"})
    assert (two["id"], json.loads(two["json"])) == ("call_b", {"city": "Rome"})


def test_results_of_tools_come_before_what_the_user_says(gateway: Gateway, up: Upstream) -> None:
    use = {"type": "tool_use", "id": "call_7", "name": "weather", "input": {"city": "Paris"}}
    failed = {"type": "tool_use", "id": "call_8", "name": "weather", "input": {}}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    results = [
        {
            "type": "tool_result",
            "tool_use_id": "call_7",
            "content": [{"type": "text", "text": "sunny"}, image],
        },
        {"type": "tool_result", "tool_use_id": "call_8", "content": "no city", "is_error": True},
        {"type": "text", "text": "And now?"},
    ]
    turns = [
        {"role": "user", "content": "What about Paris?"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use, failed]},
        {"role": "user", "content": results},
    ]
    message(post(gateway, {**asking(""), "messages": turns, "tools": [WEATHER]}))
    sent = up.requests[-1].body["messages"]
    assert [turn["role"] for turn in sent] == ["user", "assistant", "tool", "tool", "user"]
    assert sent[1]["content"] == "I look."
    assert sent[1]["tool_calls"][0] == {
        "id": "call_7",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
    }
    assert sent[2] == {"role": "tool", "tool_call_id": "call_7", "content": "sunny"}
    assert sent[3] == {"role": "tool", "tool_call_id": "call_8", "content": "Error: no city"}
    url = f"data:image/png;base64,{PIXEL}"
    assert sent[4]["content"] == [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "And now?"},
    ]


def test_parameters_are_translated_and_unknown_ones_pass(gateway: Gateway, up: Upstream) -> None:
    message(
        post(
            gateway,
            asking(
                "hello",
                stop_sequences=["END", "STOP"],
                temperature=0.5,
                top_k=40,
                metadata={"user_id": "user-1"},
                tools=[WEATHER],
                tool_choice={"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
                output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
                thinking={"type": "disabled"},
                seed=7,
            ),
        )
    )
    sent = up.requests[-1].body
    assert {name: sent[name] for name in ("stop", "temperature", "top_k", "user", "seed")} == {
        "stop": ["END", "STOP"],
        "temperature": 0.5,
        "top_k": 40,
        "user": "user-1",
        "seed": 7,
    }
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert sent["parallel_tool_calls"] is False
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert not {"thinking", "metadata", "stop_sequences", "output_config"} & sent.keys()


def test_the_sequence_that_ended_it_is_told(gateway: Gateway) -> None:
    said = message(post(gateway, asking("sequence", stop_sequences=["END"])))
    assert (said.stop_reason, said.stop_sequence) == ("stop_sequence", "END")
    assert said.usage.input_tokens == 10
    assert said.usage.cache_read_input_tokens == 20
    assert said.usage.output_tokens == 12
    events = stream(post(gateway, asking("sequence, streamed", stop_sequences=["END"], stream=True)))
    assert events[-2]["delta"]["stop_reason"] == "stop_sequence"
    assert events[-2]["delta"]["stop_sequence"] == "END"


@pytest.mark.parametrize(
    ("asked", "reason"), [("limit", "max_tokens"), ("refuse", "refusal"), ("filter", "refusal")]
)
def test_why_it_stopped(gateway: Gateway, asked: str, reason: str) -> None:
    assert message(post(gateway, asking(asked))).stop_reason == reason


def test_a_refusal_is_said(gateway: Gateway) -> None:
    (block,) = message(post(gateway, asking("refuse"))).content
    assert block.type == "text"
    assert block.text == "I cannot help with that."


def test_reasoning_is_a_block_of_its_own(gateway: Gateway) -> None:
    thinking, text = blocks(stream(post(gateway, asking("think", stream=True))))
    assert (thinking["type"], thinking["thinking"], thinking["signature"]) == ("thinking", "Hm.", "")
    assert (text["type"], text["text"]) == ("text", "Yes.")


def test_a_stream_that_breaks_says_so_and_ends(gateway: Gateway) -> None:
    events = stream(post(gateway, asking("cut", stream=True)))
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["type"] == "api_error"
    assert not {"message_delta", "message_stop"} & {event["type"] for event in events}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (asking("hi", max_tokens=None), "max_tokens"),
        (asking("hi", max_tokens="many"), "max_tokens"),
        (asking("hi", model=""), "model"),
        ({**asking("hi"), "messages": []}, "messages"),
        ({**asking("hi"), "messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        (asking([{"text": "no type"}]), "messages[0].content[0].type"),
        (asking([{"type": "tool_result", "content": "x"}]), "messages[0].content[0].tool_use_id"),
        (asking("hi", stop_sequences="END"), "stop_sequences"),
        (asking("hi", tools=[{"description": "x"}]), "tools[0].name"),
        (asking("hi", system=[{"type": "image"}]), "system"),
        (b"{", None),
        (b"[]", None),
        (b'{"model": "a", "model": "b"}', None),
        (b"[" * 5000 + b"]" * 5000, None),
        (b'{"model": "\xff"}', None),
    ],
)
def test_what_is_wrong_with_a_body_is_said(gateway: Gateway, body: Any, param: str | None) -> None:
    reply = post(gateway, body)
    told = error(reply)
    assert reply.status_code == 400
    assert (told["type"], told["param"]) == ("invalid_request_error", param)
    assert told["details"]["error_code"] == told["code"] == "invalid_request"


def test_the_callers_errors_have_anthropics_types(gateway: Gateway) -> None:
    wrong = post(gateway, asking("hi"), x_api_key="pm-wrong")
    assert (wrong.status_code, error(wrong)["type"]) == (401, "authentication_error")
    two = post(gateway, asking("hi"), authorization="Bearer pm-other")
    assert (two.status_code, error(two)["type"]) == (401, "authentication_error")
    unknown = post(gateway, asking("hi", model="gpt-none"))
    assert (unknown.status_code, error(unknown)["type"]) == (404, "not_found_error")
    assert error(unknown)["code"] == "model_not_found"
    media = post(gateway, asking("hi"), content_type="text/plain")
    assert (media.status_code, error(media)["type"]) == (415, "invalid_request_error")
    method = httpx.get(gateway.url + "/v1/messages", headers={"x-api-key": KEY})
    assert (method.status_code, error(method)["type"], method.headers["allow"]) == (
        405,
        "invalid_request_error",
        "POST",
    )
    lost = post(gateway, asking("hi"), "/v1/messages/batches")
    assert (lost.status_code, error(lost)["type"]) == (404, "not_found_error")


def test_a_label_above_every_clearance_is_the_policys_no(gateway: Gateway) -> None:
    reply = post(gateway, asking("hi"), x_pointsman_sensitivity="restricted")
    assert (reply.status_code, error(reply)["type"]) == (403, "permission_error")
    assert error(reply)["code"] == "policy_no_cleared_model"
    assert reply.headers["x-should-retry"] == "false"


def test_an_upstreams_errors_keep_their_meaning(gateway: Gateway) -> None:
    busy = post(gateway, asking("busy"))
    assert (busy.status_code, error(busy)["type"], busy.headers["retry-after"]) == (
        429,
        "rate_limit_error",
        "7",
    )
    down = post(gateway, asking("down"))
    assert (down.status_code, error(down)["type"]) == (529, "overloaded_error")
    long = post(gateway, asking("long"))
    assert (long.status_code, error(long)["type"]) == (400, "invalid_request_error")
    assert error(long)["code"] == "context_length_exceeded"
    assert "8192" in error(long)["message"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "web_search_20250305"),
        ({"container": "container_1"}, "container"),
    ],
)
def test_what_only_messages_can_say_is_an_error_where_no_model_speaks_them(
    gateway: Gateway, up: Upstream, more: Json, named: str
) -> None:
    before = len(up.requests)
    reply = post(gateway, asking("hi", **more))
    assert (reply.status_code, error(reply)["type"]) == (400, "invalid_request_error")
    assert error(reply)["code"] == "provider_speaks_another_api"
    assert f"'{named}' exists only in the Messages API" in error(reply)["message"]
    assert len(up.requests) == before


def test_tokens_are_counted_without_asking_a_model(gateway: Gateway, up: Upstream) -> None:
    before = len(up.requests)
    body = asking("word " * 420)
    del body["max_tokens"]
    reply = post(gateway, body, "/v1/messages/count_tokens")
    assert reply.status_code == 200
    counted = MessageTokensCount.model_validate(reply.json())
    assert 400 < counted.input_tokens < 800
    assert reply.json()["estimated"] is True
    assert len(up.requests) == before
    row = gateway.row(reply.headers["request-id"])
    assert row["outcome"] == "ok"
    assert float(row["cost_usd"]) == 0
    assert error(post(gateway, {"model": "auto"}, "/v1/messages/count_tokens"))["param"] == "messages"


@pytest.mark.parametrize("streams", [False, True])
def test_a_masked_request_gets_its_values_back(gateway: Gateway, up: Upstream, streams: bool) -> None:
    asked = f"Write to {MAIL}."
    reply = post(gateway, asking(asked, system=f"You serve {MAIL}.", stream=streams))
    if streams:
        (block,) = blocks(stream(reply))
        text = block["text"]
    else:
        text = reply.json()["content"][0]["text"]
    assert text == f"You said: {asked}"
    assert MAIL.encode() not in up.requests[-1].raw
    assert up.requests[-1].body["messages"] == [
        {"role": "system", "content": "You serve [EMAIL_1]."},
        {"role": "user", "content": "Write to [EMAIL_1]."},
    ]


@pytest.mark.parametrize("streams", [False, True])
def test_documents_are_searched_for_a_message_too(gateway: Gateway, up: Upstream, streams: bool) -> None:
    question = "How many days of holidays has everybody a year?"
    reply = post(gateway, asking(question, metadata={"user_id": "reader"}, stream=streams))
    assert reply.status_code == 200, reply.text
    assert reply.headers["x-pointsman-sources"] == "guide.md"
    passages, asked = up.requests[-1].body["messages"]
    assert "thirty days" in passages["content"]
    assert asked == {"role": "user", "content": question}


def test_usage_is_accounted(gateway: Gateway) -> None:
    reply = post(gateway, asking("hello", stream=True))
    row = gateway.row(reply.headers["request-id"])
    assert (row["decision"]["route"], row["model"], row["outcome"]) == ("everything-else", "small", "ok")
    assert float(row["cost_usd"]) == pytest.approx((11 * 1.0 + 7 * 10.0) / 1e6)


def models(gateway: Gateway, path: str = "", **headers: str) -> httpx.Response:
    known = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    named = {**known, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.get(gateway.url + "/v1/models" + path, headers=named)


def test_models_are_listed_as_anthropics_clients_know_them(gateway: Gateway) -> None:
    page = models(gateway).json()
    listed = [ModelInfo.model_validate(entry) for entry in page["data"]]
    assert [entry.id for entry in listed][:3] == ["auto", "route/books", "route/everything-else"]
    assert (page["first_id"], page["last_id"], page["has_more"]) == ("auto", "small", False)
    assert ModelInfo.model_validate(models(gateway, "/route/books").json()).display_name == "route/books"
    plain = httpx.get(gateway.url + "/v1/models", headers={"authorization": f"Bearer {KEY}"}).json()
    assert plain["object"] == "list"
    assert [entry["id"] for entry in plain["data"]] == [entry.id for entry in listed]


def test_models_are_listed_page_by_page(gateway: Gateway) -> None:
    first = models(gateway, "?limit=2").json()
    assert ([entry["id"] for entry in first["data"]], first["has_more"]) == (["auto", "route/books"], True)
    rest = models(gateway, f"?limit=9&after_id={first['last_id']}").json()
    assert ([e["id"] for e in rest["data"]], rest["has_more"]) == (["route/everything-else", "small"], False)
    before = models(gateway, "?limit=1&before_id=small").json()
    assert ([e["id"] for e in before["data"]], before["has_more"]) == (["route/everything-else"], True)
    assert models(gateway, "?after_id=small").json()["data"] == []


@pytest.mark.parametrize(
    ("path", "status", "kind", "param"),
    [
        ("?limit=0", 400, "invalid_request_error", "limit"),
        ("?limit=many", 400, "invalid_request_error", "limit"),
        ("?limit=99999", 400, "invalid_request_error", "limit"),
        ("?after_id=none", 400, "invalid_request_error", "after_id"),
        ("/none", 404, "not_found_error", "model"),
    ],
)
def test_what_is_wrong_with_a_listing_is_said(
    gateway: Gateway, path: str, status: int, kind: str, param: str
) -> None:
    reply = models(gateway, path)
    assert (reply.status_code, error(reply)["type"], error(reply)["param"]) == (status, kind, param)


def test_a_listing_needs_a_key_and_its_error_has_the_shape_of_the_client(gateway: Gateway) -> None:
    reply = models(gateway, x_api_key="pm-wrong")
    assert (reply.status_code, error(reply)["type"]) == (401, "authentication_error")
    plain = httpx.get(gateway.url + "/v1/models")
    assert (plain.status_code, plain.json()["error"]["code"]) == (401, "invalid_api_key")
