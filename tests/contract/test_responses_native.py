"""OpenAI's Responses API with the official client, in front of an upstream that speaks it too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from gateway.access.keys import hash_key
from tests import responses_replies as replies
from tests.running import Gateway
from tests.upstream import Call, Recorded, Reply, Upstream, failure

KEY, OTHER = "pm-test-key-of-the-app", "pm-test-key-of-another"
MAIL = "anna.larsen@example.org"
POLICY = """\
unreadable: internal
responses: {{up_to: confidential}}
models:
  - name: native
    target: openai-compatible/native-model
    speaks: [chat, responses]
    base_url: {url}
    clearance: internal
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
    retries: 0
  - {{name: twin, target: openai-compatible/twin-model, speaks: [chat, responses], base_url: "{url}",
     clearance: restricted, retries: 0}}
  - {{name: plain, target: openai-compatible/chat-model, base_url: "{url}", clearance: internal, retries: 0}}
knowledge: [{{name: book, documents: "*.md", label: public}}]
callers:
  - {{name: app, key_sha256: {app}, clearance: internal}}
  - {{name: other, key_sha256: {other}, clearance: internal}}
guards:
  - {{name: hide-mail, when: '"email" in findings', mask: [email], lowers_to: public}}
routes:
  - {{name: books, when: 'request.metadata["reader"] == "yes"', retrieve: {{from: [book]}}, model: native}}
  - {{name: second, when: 'request.metadata["first"] == "plain"', model: [plain, native]}}
  - {{name: house, when: 'sensitivity >= confidential', model: twin}}
  - {{name: rest, model: [native, plain]}}
"""
WEATHER: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}
LOST = {"message": "Not found.", "param": "previous_response_id", "code": "previous_response_not_found"}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search"}}


def asked(request: Recorded) -> str:
    given = request.body["input"]
    last = given if isinstance(given, str) else given[-1]
    if isinstance(last, dict):
        last = last.get("output") or last["content"]
    return last if isinstance(last, str) else str(last[-1]["text"])


def script(request: Recorded) -> Reply:
    """What the last item asks for; each response has an id of its own."""
    if request.method == "DELETE":
        return Reply(json={"id": request.path.rpartition("/")[2], "object": "response", "deleted": True})
    if request.path.endswith("/chat/completions"):
        return Reply("From chat.")
    if request.body.get("previous_response_id") and asked(request) == "long ago":
        return Reply(status=400, json={"error": LOST})
    text, id_ = asked(request), f"resp_{abs(hash(request.raw)):x}{request.at}"
    if text == "call":
        thought, call = replies.reasoning("Hm."), replies.call(Call("weather", {"city": "Paris"}, "call_1"))
        return replies.answered(request, thought, call, id_=id_)
    if text == "search":
        return replies.answered(request, SEARCH, replies.message("Found."), id_=id_)
    if text == "refuse":
        return replies.answered(request, replies.refusal("No."), id_=id_)
    if text == "long":
        cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        return replies.answered(request, replies.message("It goes"), id_=id_, **cut)
    if text == "strange":
        return strange(request)
    if text in ("fail", "fail late"):
        return failing(request, late=text == "fail late")
    if text == "busy":
        return failure(429, "later")
    return replies.answered(request, replies.message(f"You said: {text}"), id_=id_)


def strange(request: Recorded) -> Reply:
    """Events and members that nobody knows."""
    whole = replies.body(request, [replies.message("Odd.")], "resp_strange")
    news = {"type": "response.hologram.delta", "delta": {"x": [1, 2.50]}, "text": {"not": "a string"}}
    place = {"item_id": "msg_up", "output_index": 0, "content_index": 0}
    said = {
        "type": "response.output_text.delta",
        **place,
        "delta": "Odd.",
        "logprobs": [],
        "obfuscation": "zZ",
    }
    return replies.stream(
        [*replies.begun(whole), news, said, {"type": "response.completed", "response": whole}]
    )


def failing(request: Recorded, late: bool) -> Reply:
    error = {"code": "server_error", "message": "scripted trouble"}
    whole = replies.body(request, [], status="failed", error=error)
    if not request.streams:
        return Reply(json=whole)
    place = {"item_id": "msg_up", "output_index": 0, "content_index": 0}
    said = {"type": "response.output_text.delta", **place, "delta": "It", "logprobs": []}
    return replies.stream(
        [*replies.begun(whole), *([said] if late else []), {"type": "response.failed", "response": whole}]
    )


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("native")
    (folder / "policies").mkdir()
    (folder / "book").mkdir()
    (folder / "book" / "holidays.md").write_text("# Holidays\n\nEverybody has thirty days of leave.")
    text = POLICY.format(url=up.url, app=hash_key(KEY), other=hash_key(OTHER))
    (folder / "policies" / "policy.yaml").write_text(text)
    root = ("--knowledge-root", str(folder / "book"))
    with Gateway(folder / "policies", folder / "data", *root) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def post(gateway: Gateway, body: bytes) -> httpx.Response:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    return httpx.post(f"{gateway.url}/v1/responses", content=body, headers=headers, timeout=10)


# What is sent, and what comes back


def test_the_upstream_gets_the_same_bytes_but_for_the_model(gateway: Gateway, up: Upstream) -> None:
    body = (
        b'{ "input" : [{"role":"user", "content":[{"type":"input_text","text":"h\\u0065llo"}]}],\n'
        b' "model" : "auto", "tools": [{"type":"web_search", "search_context_size":"low"}],\t"x": 1.50,'
        b' "truncation":null, "include":["web_search_call.action.sources"], "top_logprobs": 2 }'
    )
    assert post(gateway, body).status_code == 200
    assert up.requests[-1].path == "/v1/responses"
    assert up.requests[-1].raw == body.replace(b'"auto"', b'"native-model"')


def test_a_response_comes_back_as_the_upstream_said_it(gateway: Gateway) -> None:
    reply = post(gateway, b'{"model":"auto","input":"hello"}')
    assert reply.json()["x_upstream"] == "kept as it is"
    assert reply.json()["model"] == "native-model"
    assert reply.headers["x-pointsman-model"] == "native"
    row = gateway.row(reply.headers["x-request-id"])
    assert (row["usage"]["input"], row["usage"]["cached_input"]) == (15, 5)
    assert (row["usage"]["output"], row["usage"]["reasoning"]) == (5, 4)


def test_a_streams_events_are_the_upstreams_known_or_not(gateway: Gateway, up: Upstream) -> None:
    reply = post(gateway, b'{"model":"auto","input":"strange","stream":true}')
    events = strange(up.requests[-1]).events
    assert events is not None
    assert reply.content == b"".join(events)


def test_what_the_provider_runs_itself_comes_through(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="auto", input="search", tools=[{"type": "web_search"}])
    assert [item.type for item in reply.output] == ["web_search_call", "message"]
    with client.responses.stream(model="auto", input="search", tools=[{"type": "web_search"}]) as stream:
        assert [item.type for item in stream.get_final_response().output] == ["web_search_call", "message"]


def test_a_model_that_has_the_words_is_asked_after_one_that_has_not(
    client: openai.OpenAI, gateway: Gateway
) -> None:
    reply = client.responses.with_raw_response.create(
        model="auto", input="search", tools=[{"type": "web_search"}], metadata={"first": "plain"}
    )
    assert reply.headers["x-pointsman-model"] == "native"


def test_a_refusal_and_a_cut_answer_come_through(client: openai.OpenAI, gateway: Gateway) -> None:
    (message,) = client.responses.create(model="auto", input="refuse").output
    assert message.type == "message"
    assert message.content[0].type == "refusal"
    reply = client.responses.with_raw_response.create(model="auto", input="long")
    assert reply.parse().status == "incomplete"
    events = list(client.responses.create(model="auto", input="long", stream=True))
    assert events[-1].type == "response.incomplete"


def test_a_failure_before_any_content_goes_on_to_the_next_model(client: openai.OpenAI) -> None:
    assert client.responses.create(model="auto", input="fail").output_text == "From chat."
    events = list(client.responses.create(model="auto", input="fail", stream=True))
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == "From chat."
    assert client.responses.create(model="auto", input="busy").output_text == "From chat."


def test_a_failure_after_content_is_told(client: openai.OpenAI) -> None:
    told: list[Any] = []
    with pytest.raises(openai.APIError, match="model 'native'"):
        told.extend(client.responses.create(model="auto", input="fail late", stream=True))
    assert [event.type for event in told][-1] == "response.output_text.delta"


# Earlier turns


def test_earlier_turns_stay_a_reference_for_the_upstream_that_holds_them(
    client: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(model="native", input="call", tools=[WEATHER])
    call = first.output[-1]
    assert call.type == "function_call"
    result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    second = client.responses.create(model="native", input=result, previous_response_id=first.id)
    assert second.output_text == "You said: sunny"
    assert up.requests[-1].body["previous_response_id"] == first.id
    assert up.requests[-1].body["input"] == result


def test_earlier_turns_are_written_out_for_another_upstream(client: openai.OpenAI, up: Upstream) -> None:
    first = client.responses.create(model="native", input="call", tools=[WEATHER])
    result: Any = [{"type": "function_call_output", "call_id": "call_1", "output": "sunny"}]
    client.responses.create(model="twin", input=result, previous_response_id=first.id)
    sent = up.requests[-1].body
    assert "previous_response_id" not in sent
    assert [item.get("type", "message") for item in sent["input"]] == [
        "message",
        "function_call",
        "function_call_output",
    ]
    assert not any("id" in item for item in sent["input"])
    client.responses.create(model="plain", input=result, previous_response_id=first.id)
    assert [message["role"] for message in up.requests[-1].body["messages"]] == ["user", "assistant", "tool"]


def test_a_conversation_moves_from_one_upstream_to_the_other_and_on(
    client: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(model="plain", input="one")
    second = client.responses.create(model="native", input="two", previous_response_id=first.id)
    assert len(up.requests[-1].body["input"]) == 3
    third = client.responses.create(model="native", input="three", previous_response_id=second.id)
    assert up.requests[-1].body["input"] == "three"
    client.responses.create(model="plain", input="four", previous_response_id=third.id)
    assert [message["content"] for message in up.requests[-1].body["messages"]] == [
        *("one", "From chat.", "two", "You said: two", "three", "You said: three", "four")
    ]


def test_another_callers_response_does_not_reach_the_upstream_that_holds_it(
    client: openai.OpenAI, gateway: Gateway, up: Upstream
) -> None:
    first = client.responses.create(model="native", input="hello")
    other = openai.OpenAI(base_url=gateway.url + "/v1", api_key=OTHER, max_retries=0)
    before = len(up.requests)
    with pytest.raises(openai.BadRequestError):
        other.responses.create(model="native", input="go on", previous_response_id=first.id)
    reference: Any = [{"type": "item_reference", "id": "msg_up"}]
    with pytest.raises(openai.NotFoundError):
        other.responses.create(model="native", input=reference)
    assert len(up.requests) == before


def test_reasoning_that_only_its_id_tells_is_left_to_who_holds_it(
    client: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(model="native", input="call", tools=[WEATHER])
    result = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
    history: Any = [{"role": "user", "content": "call"}, *first.output, result]
    client.responses.create(model="native", input=history)
    assert [item.get("type") for item in up.requests[-1].body["input"]].count("reasoning") == 1
    history[1] = {"type": "reasoning", "id": "rs_of_somebody_else", "summary": []}
    client.responses.create(model="native", input=history)
    assert [item.get("type") for item in up.requests[-1].body["input"]].count("reasoning") == 0
    history[1]["encrypted_content"] = "gAAAAAB" + "x" * 300
    client.responses.create(model="native", input=history)
    assert [item.get("type") for item in up.requests[-1].body["input"]].count("reasoning") == 1


def test_what_is_deleted_is_deleted_upstream_too(client: openai.OpenAI, up: Upstream) -> None:
    first = client.responses.create(model="native", input="hello")
    client.responses.delete(first.id)
    assert (up.requests[-1].method, up.requests[-1].path) == ("DELETE", f"/v1/responses/{first.id}")
    unkept = client.responses.create(model="plain", input="hello")
    before = len(up.requests)
    client.responses.delete(unkept.id)
    assert len(up.requests) == before


def test_what_the_policy_does_not_keep_says_so(client: openai.OpenAI, gateway: Gateway) -> None:
    card = "My card is 4111 1111 1111 1111"
    reply = post(gateway, json.dumps({"model": "auto", "input": card}).encode())
    assert reply.headers["x-pointsman-model"] == "twin"
    assert reply.json()["store"] is False
    assert reply.json()["x_upstream"] == "kept as it is"
    stream = list(client.responses.create(model="auto", input=card, stream=True))
    told = [event.response.to_dict()["store"] for event in stream if hasattr(event, "response")]
    assert told == [False, False, False]
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.json()["id"])


def test_what_the_upstream_has_lost_is_written_out(client: openai.OpenAI, up: Upstream) -> None:
    first = client.responses.create(model="native", input="hello")
    reply = client.responses.create(model="native", input="long ago", previous_response_id=first.id)
    assert reply.output_text == "You said: long ago"
    assert [len(request.body["input"]) for request in up.requests[-2:]] == [len("long ago"), 3]


# Edited requests


def test_passages_go_along_with_the_callers_own_items(client: openai.OpenAI, up: Upstream) -> None:
    reply = client.responses.create(
        model="auto",
        input="How many days of leave?",
        metadata={"reader": "yes"},
        tools=[{"type": "web_search"}],
    )
    sent = up.requests[-1].body
    assert up.requests[-1].path == "/v1/responses"
    assert [item["role"] for item in sent["input"]] == ["system", "user"]
    assert "thirty days" in sent["input"][0]["content"]
    assert sent["tools"] == [{"type": "web_search"}]
    again = client.responses.create(model="native", input="and", previous_response_id=reply.id)
    assert again.output_text == "You said: and"


def test_a_masked_request_is_masked_in_its_own_api(client: openai.OpenAI, up: Upstream) -> None:
    first = client.responses.create(
        model="auto",
        input=f"Write to {MAIL}",
        instructions=f"You serve {MAIL}",
        tools=[{"type": "web_search"}],
    )
    assert up.requests[-1].path == "/v1/responses"
    assert MAIL not in up.requests[-1].raw.decode()
    assert up.requests[-1].body["instructions"] == "You serve [EMAIL_1]"
    assert first.output_text == f"You said: Write to {MAIL}"
    second = client.responses.create(model="auto", input="again", previous_response_id=first.id)
    assert "previous_response_id" not in up.requests[-1].body
    assert "[EMAIL_1]" in up.requests[-1].raw.decode()
    assert MAIL not in up.requests[-1].raw.decode()
    assert second.output_text == "You said: again"


def test_what_is_masked_only_now_is_not_left_where_an_upstream_holds_it(
    client: openai.OpenAI, up: Upstream
) -> None:
    first = client.responses.create(model="auto", input="hello")
    reply = client.responses.create(model="auto", input=f"Write to {MAIL}", previous_response_id=first.id)
    assert "previous_response_id" not in up.requests[-1].body
    assert len(up.requests[-1].body["input"]) == 3
    assert reply.output_text == f"You said: Write to {MAIL}"
