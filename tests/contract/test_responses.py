"""OpenAI's Responses API with the official client, in front of an upstream of chat completions alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from gateway.access.keys import hash_key
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream, failure

KEY, OTHER, BRIEF = "pm-test-key-of-the-app", "pm-test-key-of-another", "pm-test-key-of-a-third"
MAIL = "anna.larsen@example.org"
SECRET = "4111 1111 1111 1111"
POLICY = """\
unreadable: internal
responses: {{up_to: confidential, keep: 2s}}
models:
  - name: small
    target: openai-compatible/upstream-model
    base_url: {url}
    clearance: internal
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
    retries: 0
  - name: house
    target: openai-compatible/house-model
    base_url: {url}
    clearance: restricted
    retries: 0
callers:
  - {{name: app, key_sha256: {app}, team: support, clearance: internal}}
  - {{name: other, key_sha256: {other}, clearance: internal}}
guards:
  - name: hide-mail
    when: '"email" in findings'
    mask: [email]
    lowers_to: public
routes:
  - {{name: house, when: 'sensitivity >= confidential', model: house}}
  - {{name: rest, model: small}}
"""
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
_response = TypeAdapter(Response)
_event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def chunk(delta: Any, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "choices": [choice]}).encode() + b"\n\n"


def called(index: int, arguments: str, **head: Any) -> Any:
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
THOUGHTFUL = (
    chunk({"role": "assistant", "reasoning_content": "First, "}),
    chunk({"reasoning_content": "I think."}),
    chunk({"content": "Forty-two."}),
    chunk({}, "stop"),
    b"data: [DONE]\n\n",
)
REFUSAL = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
DETAILED = {
    "prompt_tokens": 30,
    "completion_tokens": 12,
    "total_tokens": 42,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


def whole(message: Any, finish: str = "stop") -> Reply:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return Reply(json={"id": "x", "choices": [choice], "usage": DETAILED})


def script(request: Recorded) -> Reply:
    """What the last user message asks for."""
    said = request.question
    text = said if isinstance(said, str) else next(p["text"] for p in said if p["type"] == "text")
    last = request.body["messages"][-1]
    if last["role"] == "tool":
        return Reply(f"It is {last['content']}.")
    replies = {
        "call": Reply(calls=(Call("weather", {"city": "Paris"}, "call_7f3a9b2c5d8e1f40"),)),
        "mixed": Reply(events=MIXED),
        "think": Reply(events=THOUGHTFUL)
        if request.streams
        else whole({"content": "42", "reasoning": "Hm."}),
        "refuse": whole(REFUSAL),
        "long": Reply("It goes on", finish="length"),
        "filter": Reply("It stops", finish="content_filter"),
        "usage": Reply("Counted", usage=DETAILED),
        "json": Reply('{"answer": "yes", "sure": 0.5}'),
        "busy": failure(429, "later", retry_after="1"),
        "wrong": failure(400, "no such thing", code="bad_thing"),
        "cut": Reply("It breaks off here somewhere", cut_after=3),
        "error": Reply("It breaks off here somewhere", error_at=3),
    }
    return replies.get(text, Reply(f"You said: {text}"))


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("responses")
    (folder / "policies").mkdir()
    text = POLICY.format(url=up.url, app=hash_key(KEY), other=hash_key(OTHER))
    (folder / "policies" / "policy.yaml").write_text(text)
    with Gateway(folder / "policies", folder / "data") as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


@pytest.fixture
def other(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=OTHER, max_retries=0)


def post(gateway: Gateway, body: Any, key: str = KEY) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{gateway.url}/v1/responses", json=body, headers=headers, timeout=10)


def events(gateway: Gateway, **body: Any) -> list[Any]:
    """The events of a stream, each checked against the client's types and its own name."""
    reply = post(gateway, {"model": "auto", "stream": True, **body})
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    found = []
    for block in reply.text.strip().split("\n\n"):
        name, data = block.split("\n")
        told = json.loads(data.removeprefix("data: "))
        assert name == f"event: {told['type']}"
        found.append(_event.validate_python(told, strict=True))
    assert [one.sequence_number for one in found] == list(range(len(found)))
    return found


# Answers


def test_a_text_is_answered(client: openai.OpenAI, up: Upstream) -> None:
    reply = client.responses.create(
        model="auto", input="hello", instructions="Be brief.", metadata={"team": "a"}, temperature=0.5
    )
    assert (reply.output_text, reply.status, reply.model) == ("You said: hello", "completed", "small")
    assert reply.usage is not None
    assert (reply.instructions, reply.metadata, reply.temperature) == ("Be brief.", {"team": "a"}, 0.5)
    assert up.requests[-1].path == "/v1/chat/completions"
    assert up.requests[-1].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]
    assert "input" not in up.requests[-1].body
    assert "store" not in up.requests[-1].body


def test_a_whole_response_has_every_member_that_a_client_wants(gateway: Gateway) -> None:
    reply = post(gateway, {"model": "auto", "input": "hello", "tools": [{"type": "function", "name": "f"}]})
    _response.validate_python(reply.json(), strict=True)
    assert reply.json()["store"] is True
    assert reply.json()["text"] == {"format": {"type": "text"}}
    assert reply.headers["x-pointsman-model"] == "small"


def test_a_text_is_streamed(gateway: Gateway, client: openai.OpenAI) -> None:
    told = events(gateway, input="hello there")
    assert [one.type for one in told[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert [one.type for one in told[-4:]] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert told[0].response.id == told[-1].response.id
    with client.responses.stream(model="auto", input="hello there") as stream:
        texts = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert len(texts) > 1
    assert "".join(texts) == final.output_text == "You said: hello there"
    assert final.usage is not None
    assert final.usage.total_tokens == 18


def test_the_stream_ends_without_a_word_of_chat_completions(gateway: Gateway) -> None:
    reply = post(gateway, {"model": "auto", "stream": True, "input": "hello"})
    assert "[DONE]" not in reply.text


def test_an_image_goes_along(client: openai.OpenAI, up: Upstream) -> None:
    url = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    content: Any = [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": url, "detail": "low"},
    ]
    reply = client.responses.create(model="auto", input=[{"role": "user", "content": content}])
    assert reply.output_text == "You said: see"
    assert up.requests[-1].body["messages"][-1]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": url, "detail": "low"},
    }


def test_structured_output_is_parsed(client: openai.OpenAI, up: Upstream) -> None:
    class Verdict(BaseModel):
        answer: str
        sure: float

    reply = client.responses.parse(model="auto", input="json", text_format=Verdict)
    assert reply.output_parsed == Verdict(answer="yes", sure=0.5)
    sent = up.requests[-1].body["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["name"] == "Verdict"
    assert sent["json_schema"]["strict"] is True


def test_a_refusal_is_one(gateway: Gateway, client: openai.OpenAI) -> None:
    (message,) = client.responses.create(model="auto", input="refuse").output
    assert message.type == "message"
    assert message.content[0].type == "refusal"
    assert message.content[0].refusal == "I cannot help with that."
    assert any(one.type == "response.refusal.done" for one in events(gateway, input="refuse"))


def test_reasoning_comes_as_a_summary_before_the_text(gateway: Gateway, client: openai.OpenAI) -> None:
    thought, message = client.responses.create(model="auto", input="think").output
    assert thought.type == "reasoning"
    assert (thought.summary[0].text, message.type) == ("Hm.", "message")
    told = events(gateway, input="think")
    assert [one.delta for one in told if one.type == "response.reasoning_summary_text.delta"] == [
        "First, ",
        "I think.",
    ]
    final = told[-1].response
    assert final.output[0].summary[0].text == "First, I think."
    assert final.output_text == "Forty-two."


def test_usage_tells_what_was_cached_and_what_was_thought(client: openai.OpenAI) -> None:
    usage = client.responses.create(model="auto", input="usage").usage
    assert usage is not None
    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (30, 20)
    assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (12, 5)
    assert usage.total_tokens == 42


@pytest.mark.parametrize(("asked", "reason"), [("long", "max_output_tokens"), ("filter", "content_filter")])
def test_an_answer_that_was_cut_is_incomplete(
    client: openai.OpenAI, gateway: Gateway, asked: str, reason: str
) -> None:
    reply = client.responses.create(model="auto", input=asked, max_output_tokens=16)
    assert reply.status == "incomplete"
    assert reply.incomplete_details is not None
    assert reply.incomplete_details.reason == reason
    last = events(gateway, input=asked)[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == reason


# Tools


def test_a_call_and_its_result_go_round_by_the_previous_response(client: openai.OpenAI, up: Upstream) -> None:
    first = client.responses.create(model="auto", input="call", tools=[WEATHER])
    (call,) = first.output
    assert call.type == "function_call"
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Paris"})
    second = client.responses.create(
        model="auto",
        previous_response_id=first.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}],
        tools=[WEATHER],
    )
    assert second.output_text == "It is sunny."
    assert second.previous_response_id == first.id
    sent = up.requests[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == call.call_id
    assert up.requests[-1].body["tools"] == [
        {
            "type": "function",
            "function": {k: WEATHER[k] for k in ("name", "description", "parameters", "strict")},
        }
    ]


def test_calls_whose_fragments_come_mixed_stay_apart(gateway: Gateway) -> None:
    told = events(gateway, input="mixed", tools=[WEATHER])
    final = told[-1].response
    assert final.output_text == "Let me look."
    assert [(c.call_id, json.loads(c.arguments)) for c in final.output[1:]] == [
        ("call_a", {"city": "Paris"}),
        ("call_b", {"city": "Rome"}),
    ]
    pieces: dict[str, str] = {}
    for one in told:
        if one.type == "response.function_call_arguments.delta":
            pieces[one.item_id] = pieces.get(one.item_id, "") + one.delta
    assert pieces == {item.id: item.arguments for item in final.output[1:]}


def test_a_conversation_that_is_sent_whole_is_one(client: openai.OpenAI, up: Upstream) -> None:
    history: Any = [{"role": "user", "content": "call"}]
    history += client.responses.create(model="auto", input=history, tools=[WEATHER], store=False).output
    history += [{"type": "function_call_output", "call_id": history[-1].call_id, "output": "grey"}]
    reply = client.responses.create(model="auto", input=history, tools=[WEATHER], store=False)
    assert reply.output_text == "It is grey."
    assert len(up.requests[-1].body["messages"]) == 3


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"tools": [{"type": "web_search"}]}, "'web_search'"),
        ({"tools": [{"type": "custom", "name": "code"}]}, "'custom'"),
        ({"include": ["file_search_call.results"]}, "'file_search_call.results'"),
        ({"input": [{"type": "web_search_call", "id": "ws_1", "status": "completed"}]}, "'web_search_call'"),
    ],
)
def test_what_chat_completions_cannot_say_is_refused_and_named(
    client: openai.OpenAI, up: Upstream, more: Any, named: str
) -> None:
    before = len(up.requests)
    with pytest.raises(openai.BadRequestError, match=named) as refused:
        client.responses.create(**{"model": "auto", "input": "hello", **more})
    assert refused.value.code == "provider_speaks_another_api"
    assert len(up.requests) == before


@pytest.mark.parametrize(
    "more", [{"conversation": "conv_1"}, {"prompt": {"id": "pmpt_1"}}, {"background": True}], ids=str
)
def test_what_the_gateway_could_not_see_is_refused(client: openai.OpenAI, more: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="auto", input="hello", **more)
    assert refused.value.param == next(iter(more))


# Errors


def test_an_upstreams_errors_are_the_callers(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="auto", input="busy")
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="auto", input="wrong")
    assert refused.value.code == "bad_thing"


@pytest.mark.parametrize("asked", ["cut", "error"])
def test_a_stream_that_breaks_off_is_never_a_success(client: openai.OpenAI, asked: str) -> None:
    told: list[Any] = []
    with pytest.raises(openai.APIError, match="model 'small'"):
        told.extend(client.responses.create(model="auto", input=asked, stream=True))
    assert "".join(one.delta for one in told if one.type == "response.output_text.delta") == "It breaks"
    assert told[-1].type == "response.output_text.delta"


def test_a_broken_stream_ends_with_a_failed_response(gateway: Gateway) -> None:
    told = events(gateway, input="cut")
    assert [one.type for one in told[-2:]] == ["error", "response.failed"]
    assert told[-1].response.status == "failed"
    assert told[-1].response.error.code == "server_error"
    assert (told[-2].code, told[-2].param) == ("provider_stream_broken", None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": 7}, "input"),
        ({"input": ["hello"]}, "input[0]"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"text": "x"}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": "x", "tools": [{"name": "f"}]}, "tools[0].type"),
        ({"input": "x", "max_output_tokens": "many"}, "max_output_tokens"),
        ({"input": "x", "text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
    ],
    ids=str,
)
def test_a_wrong_member_is_named(gateway: Gateway, body: Any, param: str) -> None:
    reply = post(gateway, {"model": "auto", **body})
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_a_wrong_method_key_and_model_are_told_in_openais_shape(gateway: Gateway) -> None:
    assert httpx.get(f"{gateway.url}/v1/responses").status_code == 405
    assert (
        post(gateway, {"model": "auto", "input": "x"}, "wrong").json()["error"]["code"] == "invalid_api_key"
    )
    unknown = post(gateway, {"model": "gpt-99", "input": "x"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


# What is kept


def test_a_response_can_be_retrieved_listed_and_deleted(client: openai.OpenAI) -> None:
    first = client.responses.create(model="auto", input="hello", instructions="Be brief.")
    second = client.responses.create(model="auto", input="again", previous_response_id=first.id)
    assert client.responses.retrieve(first.id) == first
    listed = client.responses.input_items.list(second.id, order="asc")
    assert [item.role for item in listed.data] == ["user", "assistant", "user"]  # type: ignore[union-attr]
    newest = client.responses.input_items.list(second.id, limit=1)
    assert newest.data[0].id == listed.data[-1].id
    assert newest.has_more
    assert [i.id for i in client.responses.input_items.list(second.id, limit=1)] == [
        item.id for item in reversed(listed.data)
    ]
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(first.id)
    assert client.responses.create(model="auto", input="x", previous_response_id=second.id).output_text


def test_a_streamed_response_is_kept_too(client: openai.OpenAI) -> None:
    with client.responses.stream(model="auto", input="hello there") as stream:
        final = stream.get_final_response()
    assert client.responses.retrieve(final.id).output_text == "You said: hello there"
    with pytest.raises(openai.BadRequestError):
        list(client.responses.retrieve(final.id, stream=True))


def test_an_item_can_be_referred_to_by_its_id(
    client: openai.OpenAI, other: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(model="auto", input="hello")
    items: Any = [
        {"role": "user", "content": "hello"},
        {"type": "item_reference", "id": first.output[0].id},
        {"role": "user", "content": "and now"},
    ]
    assert client.responses.create(model="auto", input=items).output_text == "You said: and now"
    assert up.requests[-1].body["messages"][1] == {"role": "assistant", "content": "You said: hello"}
    with pytest.raises(openai.NotFoundError) as refused:
        other.responses.create(model="auto", input=items)
    assert refused.value.param == "input[1].id"


def test_instructions_are_not_carried_over(client: openai.OpenAI, up: Upstream) -> None:
    first = client.responses.create(model="auto", input="hello", instructions="Be brief.")
    client.responses.create(model="auto", input="again", previous_response_id=first.id)
    sent = up.requests[-1].body["messages"]
    assert [message["content"] for message in sent] == ["hello", "You said: hello", "again"]


def test_another_callers_response_does_not_exist(client: openai.OpenAI, other: openai.OpenAI) -> None:
    first = client.responses.create(model="auto", input="hello")
    with pytest.raises(openai.NotFoundError):
        other.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.input_items.list(first.id)
    with pytest.raises(openai.BadRequestError) as refused:
        other.responses.create(model="auto", input="go on", previous_response_id=first.id)
    assert (refused.value.code, refused.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )


def test_what_is_not_to_be_kept_is_not(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="auto", input="hello", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)


def test_what_is_over_is_gone(client: openai.OpenAI) -> None:
    first = client.responses.create(model="auto", input="hello")
    time.sleep(2.1)  # as long as the policy keeps it
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="auto", input="again", previous_response_id=first.id)
    assert refused.value.code == "previous_response_not_found"


# Labels


def test_a_later_turn_goes_to_no_model_that_an_earlier_ones_label_forbids(
    client: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(
        model="auto", input="hello", extra_headers={"x-pointsman-sensitivity": "confidential"}
    )
    assert first.model == "house"
    again = client.responses.create(model="auto", input="something harmless", previous_response_id=first.id)
    assert again.model == "house"
    before = len(up.requests)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.responses.create(model="small", input="harmless", previous_response_id=again.id)
    assert refused.value.code == "policy_no_cleared_model"
    assert len(up.requests) == before


def test_above_the_policys_label_it_is_served_and_not_kept(gateway: Gateway, client: openai.OpenAI) -> None:
    reply = client.responses.with_raw_response.create(model="auto", input=f"My card is {SECRET}")
    response = reply.parse()
    assert response.model == "house"
    assert json.loads(reply.text)["store"] is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)
    (refusal,) = gateway.row(reply.headers["x-request-id"])["refusals"]
    assert refusal == {"kind": "store", "destination": "responses", "label": "restricted"}


def test_what_is_masked_is_kept_as_the_caller_knows_it_and_masked_anew(
    client: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(model="auto", input=f"Write to {MAIL}", instructions=f"You are {MAIL}.")
    assert MAIL not in up.requests[-1].raw.decode()
    assert first.output_text == f"You said: Write to {MAIL}"
    assert first.instructions == f"You are {MAIL}."
    assert client.responses.retrieve(first.id).output_text == first.output_text
    (item,) = client.responses.input_items.list(first.id).data
    assert item.to_dict()["content"] == [{"type": "input_text", "text": f"Write to {MAIL}"}]
    second = client.responses.create(model="auto", input="again", previous_response_id=first.id)
    sent = up.requests[-1].raw.decode()
    assert MAIL not in sent
    assert sent.count("[EMAIL_1]") == 2
    assert second.model == "small"


def test_a_masked_stream_says_what_the_caller_knows(gateway: Gateway) -> None:
    told = events(gateway, input=f"Write to {MAIL}")
    text = "".join(one.delta for one in told if one.type == "response.output_text.delta")
    assert text == told[-1].response.output_text == f"You said: Write to {MAIL}"
