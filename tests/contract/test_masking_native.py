"""Masking in the Messages and the Responses API: the upstream's own JSON comes back, values and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests import messages_replies, protocols, responses_replies
from tests.folder import KEY
from tests.replies import Call, Recorded, Reply
from tests.running import Gateway
from tests.upstream import Upstream

MAIL, HIDDEN, SEALED = "anna.larsen@example.org", "[EMAIL_1]", "EmIxAQ=="
GUARDS = """\
responses: {up_to: confidential}
guards:
  - {name: hide-mail, when: '"email" in findings', mask: [email], lowers_to: internal}
routes:
"""
ASK = f"Write to {MAIL}"
Json = dict[str, Any]
WEB: Json = {"type": "web_search_20250305", "name": "web_search"}
CITED = {
    "type": "web_search_result_location",
    "url": "https://e.org",
    "title": f"About {HIDDEN}",
    "encrypted_index": SEALED,
    "cited_text": HIDDEN,
}
BLOCKS: tuple[Json, ...] = (
    dict(messages_replies.thinking(f"So {HIDDEN}.", "sig-one")),
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": HIDDEN}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [
            {
                "type": "web_search_result",
                "url": "https://e.org",
                "title": HIDDEN,
                "encrypted_content": SEALED,
                "page_age": None,
            }
        ],
    },
    {"type": "text", "text": f"Dear {HIDDEN}", "citations": [CITED]},
    dict(messages_replies.thinking("Now the tool.", "sig-two")),
    {"type": "redacted_thinking", "data": SEALED},
    dict(messages_replies.tool_use("send", {"to": HIDDEN, "name": HIDDEN})),
)
SEEN = [
    {**BLOCKS[0], "thinking": f"So {MAIL}."},
    {**BLOCKS[1], "input": {"query": MAIL}},
    {**BLOCKS[2], "content": [{**BLOCKS[2]["content"][0], "title": MAIL}]},
    {
        "type": "text",
        "text": f"Dear {MAIL}",
        "citations": [{**CITED, "title": f"About {MAIL}", "cited_text": MAIL}],
    },
    *BLOCKS[4:6],
    {**BLOCKS[6], "input": {"to": MAIL, "name": MAIL}},
]
SEARCHED = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": HIDDEN},
}
SAID = f"Dear {HIDDEN}, see here."
AT = SAID.index("see")
LINK = {
    "type": "url_citation",
    "start_index": AT,
    "end_index": AT + 3,
    "url": "https://e.org",
    "title": HIDDEN,
}


def message(request: Recorded) -> Reply:
    if not request.streams:
        return Reply(json=messages_replies.message(*BLOCKS, stop="pause_turn", stop_sequence=None))
    events = [messages_replies.start()]
    for index, block in enumerate(BLOCKS):
        bare = {name: value for name, value in block.items() if name != "citations"}
        *said, stop = messages_replies.block_events(index, bare)
        cites = (
            messages_replies.event(
                "content_block_delta", index=index, delta={"type": "citations_delta", "citation": each}
            )
            for each in block.get("citations", ())
        )
        events += [*said, *cites, stop]
    return Reply(events=(*events, *messages_replies.end("pause_turn")))


def response(request: Recorded) -> Reply:
    said = responses_replies.message(SAID)
    said["content"] = [{**said["content"][0], "annotations": [LINK]}]
    call = responses_replies.call(Call("send", {"to": HIDDEN}, "call_1"))
    thought = responses_replies.reasoning(f"So {HIDDEN}.", encrypted_content=SEALED)
    return responses_replies.answered(request, thought, SEARCHED, said, call)


def script(request: Recorded) -> Reply:
    if request.path.endswith("/count_tokens"):
        return Reply(json={"input_tokens": 42})
    return message(request) if request.path.endswith("/messages") else response(request)


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream(script) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("masking-native")
    policies = protocols.every_api(folder / "policies", up.url)
    file = policies / "policy.yaml"
    file.write_text(file.read_text().replace("routes:\n", GUARDS))
    with Gateway(policies, folder / "data", environment=protocols.ENVIRONMENT) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0)


def messages(gateway: Gateway, **more: Any) -> Json:
    asked: Json = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": ASK}], **more}
    return {**asked, "tools": [WEB, {"name": "send", "input_schema": {"type": "object"}}]}


@pytest.mark.parametrize("streams", [False, True])
def test_a_message_comes_as_the_upstream_said_it(gateway: Gateway, up: Upstream, streams: bool) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0)
    if streams:
        with client.messages.stream(**messages(gateway)) as stream:
            told: Any = stream.get_final_message()
    else:
        told = client.messages.create(**messages(gateway))
    assert MAIL.encode() not in up.requests[-1].raw
    content = json.loads(told.to_json())["content"]
    assert [
        {name: block.get(name) for name in seen} for block, seen in zip(content, SEEN, strict=True)
    ] == SEEN
    assert (told.id, told.stop_reason) == ("msg_scripted", "pause_turn")


def test_no_event_of_a_message_shows_a_placeholder_or_a_part_of_one(gateway: Gateway) -> None:
    body = messages(gateway, stream=True)
    reply = httpx.post(gateway.url + "/v1/messages", json=body, headers={"x-api-key": KEY})
    lines = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    pieces = [event["delta"] for event in lines if event["type"] == "content_block_delta"]
    words = [piece.get(name, "") for piece in pieces for name in ("text", "thinking", "partial_json")]
    assert not [word for word in words if "[" in word]
    assert HIDDEN not in reply.text


def test_the_thoughts_go_back_to_the_upstream_as_it_signed_them(gateway: Gateway, up: Upstream) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0)
    asked = messages(gateway)
    told = client.messages.create(**asked)
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sent"}
    turns = [
        *asked["messages"],
        {"role": "assistant", "content": told.content},
        {"role": "user", "content": [result]},
    ]
    client.messages.create(**{**asked, "messages": turns})
    sent = up.requests[-1].body["messages"][1]["content"]
    assert [{name: block.get(name) for name in own} for block, own in zip(sent, BLOCKS, strict=True)] == list(
        BLOCKS
    )


def test_a_count_is_the_upstreams(gateway: Gateway, up: Upstream) -> None:
    body = {"model": "claude", "messages": [{"role": "user", "content": ASK}]}
    reply = httpx.post(gateway.url + "/v1/messages/count_tokens", json=body, headers={"x-api-key": KEY})
    assert reply.json() == {"input_tokens": 42}
    assert MAIL.encode() not in up.requests[-1].raw


def responses(**more: Any) -> Json:
    own = {"type": "function", "name": "send", "parameters": {"type": "object"}, "strict": False}
    about = {"instructions": f"You serve {MAIL}", "metadata": {"name": MAIL}}
    return {"model": "all", "input": ASK, "tools": [{"type": "web_search"}, own], **about, **more}


def check(told: Any) -> None:
    whole = json.loads(told.to_json())
    thought, searched, said, call = whole["output"]
    assert (thought["summary"][0]["text"], thought["encrypted_content"]) == (f"So {MAIL}.", SEALED)
    assert searched == {**SEARCHED, "action": {"type": "search", "query": MAIL}}
    (part,) = said["content"]
    (link,) = part["annotations"]
    assert part["text"] == f"Dear {MAIL}, see here."
    assert part["text"][link["start_index"] : link["end_index"]] == "see"
    assert link["title"] == MAIL
    assert json.loads(call["arguments"]) == {"to": MAIL}
    assert (whole["instructions"], whole["metadata"]) == (f"You serve {MAIL}", {"name": MAIL})
    assert (whole["id"], whole["x_upstream"]) == ("resp_up", "kept as it is")


def test_a_response_comes_as_the_upstream_said_it(client: openai.OpenAI, up: Upstream) -> None:
    check(client.responses.create(**responses()))
    assert MAIL.encode() not in up.requests[-1].raw


def test_a_streamed_response_comes_as_the_upstream_said_it(client: openai.OpenAI) -> None:
    with client.responses.stream(**responses()) as stream:
        events: list[Any] = list(stream)
        check(stream.get_final_response())
    assert [event.sequence_number for event in events] == list(range(len(events)))
    pieces = [event.delta for event in events if event.type.endswith(".delta")]
    assert not [piece for piece in pieces if "[" in piece]
    assert "".join(pieces).count(MAIL) == 3


@pytest.mark.parametrize("streams", [False, True])
def test_what_is_kept_is_what_the_caller_saw_and_the_upstream_is_not_asked_for_it(
    client: openai.OpenAI, up: Upstream, streams: bool
) -> None:
    with suppress(openai.NotFoundError):  # another test's: this upstream gives every response the same id
        client.responses.delete("resp_up")
    first: Any
    if streams:
        events: list[Any] = list(client.responses.create(**responses(stream=True)))
        first = events[-1].response
    else:
        first = client.responses.create(**responses())
    assert first.store
    check(client.responses.retrieve(first.id))
    result: Any = {"type": "function_call_output", "call_id": "call_1", "output": "sent"}
    client.responses.create(model="all", input=[result], previous_response_id=first.id)
    sent = up.requests[-1]
    assert "previous_response_id" not in sent.body
    assert MAIL.encode() not in sent.raw
    assert HIDDEN in json.dumps(sent.body["input"])
