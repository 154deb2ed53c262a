"""A Responses body is read whole into the shape of chat completions, what it refers to written out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.outline import MAX_VALUES
from gateway.api.responses.reading import RequestReader
from gateway.api.wire import MAX_MESSAGES
from gateway.errors import CallerError, InvalidRequest, PreviousResponseNotFound
from gateway.labels import clear
from gateway.policy.schema import Responses
from gateway.stored.memory import Memory
from gateway.types import Api, Caller, ChatRequest, KeptResponse, Label, Turn

APP = Caller("app")
FIRST = b'{"id":"msg_1","type":"message","role":"user","content":"hello"}'
SAID = b'{"id":"msg_2","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi."}]}'
THOUGHT = b'{"id":"rs_1","type":"reasoning","summary":[]}'


def read(memory: Memory | None = None, /, **members: Any) -> ChatRequest:
    body = json.dumps({"model": "auto", "input": "hello", **members}).encode()
    return RequestReader(Memory() if memory is None else memory)(body, APP)


def refused(memory: Memory | None = None, /, **members: Any) -> CallerError:
    with pytest.raises(CallerError) as error:
        read(memory, **members)
    return error.value


def kept(
    id_: str = "resp_1",
    held: bool = True,
    model: str = "native",
    label: Label = Label.PUBLIC,
    floor: Label = Label.PUBLIC,
    output: tuple[bytes, ...] = (SAID, THOUGHT),
    store: Memory | None = None,
) -> Memory:
    store = Memory() if store is None else store
    turn = Turn((FIRST,), output)
    response = KeptResponse(id_, "app", model, held, label, floor, (turn,), b"{}", 60.0)
    store.keep(clear(response, label, Responses(), "store"))
    return store


def raws(request: ChatRequest) -> list[Any]:
    return [json.loads(message.raw) for message in request.messages]


# The body itself


def test_a_text_is_a_users_message_and_the_body_stays_as_it_came() -> None:
    request = read(instructions="Be brief.", stream=True, max_output_tokens=7)
    assert raws(request) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]
    assert request.sent is not None
    assert (request.api, request.untouched, request.sent.complete) == (Api.RESPONSES, True, None)
    assert (request.stream, request.max_tokens, request.keep) == (True, 7, True)
    assert [message.native for message in request.messages] == [b"", b'{"role":"user","content":"hello"}']


def test_keeping_can_be_declined() -> None:
    assert [read(store=store).keep for store in (True, None, False)] == [True, True, False]


@pytest.mark.parametrize(
    "members",
    [
        {"instructions": "SECRET"},
        {"metadata": {"note": "SECRET"}},
        {"metadata": {"SECRET": "note"}},
        {"user": "SECRET"},
        {"tools": [{"type": "function", "name": "f", "description": "SECRET"}]},
        {"tools": [{"type": "mcp", "server_url": "https://SECRET"}]},
        {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"description": "SECRET"}}}},
        {"unheard_of": {"deep": ["SECRET"]}},
        {"SECRET": 1},
        {"prompt_cache_key": "SECRET"},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x", "more": "SECRET"}]}]},
        {"input": [{"role": "user", "content": [{"type": "hologram", "of": "SECRET"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "filename": "SECRET.pdf"}]}]},
        {"input": [{"role": "user", "content": "x", "more": {"a": "SECRET"}}]},
        {
            "input": [
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a": "\\u0053ECRET"}'}
            ]
        },
        {"input": [{"type": "function_call", "call_id": "SECRET", "name": "f", "arguments": "{}"}]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": "SECRET"}]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": "x", "more": "SECRET"}]},
        {
            "input": [
                {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "SECRET"}]}
            ]
        },
        {"input": [{"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "SECRET"}]},
        {"input": [{"type": "web_search_call", "id": "w", "action": {"query": "SECRET"}}]},
        {"input": [{"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "SECRET"}]},
        {"input": [{"type": "custom_tool_call_output", "call_id": "c", "output": "SECRET"}]},
        {"input": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "SECRET"}]}]},
    ],
    ids=str,
)
def test_nothing_that_can_be_read_stays_unread(members: Any) -> None:
    request = read(**members)
    texts = [request.other_text, *(message.text for message in request.messages)]
    assert any("SECRET" in text for text in texts)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "https://example.org/x.png"},
        {"type": "input_image", "file_id": "file_1"},
        {"type": "input_file", "file_data": "data:application/pdf;base64," + "A" * 64},
        {"type": "input_file", "file_url": "https://example.org/x.pdf"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "hologram"},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told(part: Any) -> None:
    (message,) = read(input=[{"role": "user", "content": [part]}]).messages
    assert message.unreadable


@pytest.mark.parametrize("name", ["output_text", "refusal"])
def test_a_file_in_what_an_assistant_said_is_told(name: str) -> None:
    part = {"type": name, "refusal" if name == "refusal" else "text": "see data:image/png;base64," + "A" * 64}
    (message,) = read(input=[{"role": "assistant", "content": [part]}]).messages
    assert message.unreadable


@pytest.mark.parametrize("name", ["conversation", "prompt"])
def test_what_stands_for_turns_that_cannot_be_seen_is_refused(name: str) -> None:
    assert refused(**{name: {"id": "x"}}).param == name
    assert refused(background=True).param == "background"
    read(**{name: None, "background": False})


def test_bounds_are_those_of_chat_completions() -> None:
    assert refused(input=[{"role": "user", "content": "x"}] * (MAX_MESSAGES + 1)).param == "input"
    assert refused(model="x" * 257).param == "model"
    assert "JSON values" in refused(x=[[]] * (MAX_VALUES + 1)).message
    with pytest.raises(InvalidRequest, match="two members of one name"):
        RequestReader(Memory())(b'{"model":"a","input":"x","input":"y"}', APP)


# What it refers to


def test_earlier_turns_come_before_the_new_input() -> None:
    request = read(kept(), previous_response_id="resp_1", input="more", instructions="Be brief.")
    assert [message["content"] for message in raws(request)] == ["Be brief.", "hello", "Hi.", "more"]
    assert request.untouched
    sent = request.sent
    assert sent is not None
    assert json.loads(sent.body)["previous_response_id"] == "resp_1"
    assert sent.complete is not None
    whole = json.loads(sent.complete)
    assert "previous_response_id" not in whole
    assert [item.get("id") for item in whole["input"]] == ["msg_1", "msg_2", "rs_1", None]
    assert sent.held_by == "native"


def test_the_written_out_body_reads_as_the_same_conversation() -> None:
    """Masking masks it and reads it again."""
    request = read(kept(), previous_response_id="resp_1", input="more")
    assert request.sent is not None
    again = RequestReader(Memory())(request.sent.whole, APP)
    assert [message.raw for message in again.messages] == [message.raw for message in request.messages]


def test_the_label_of_earlier_turns_is_the_least_that_the_request_has() -> None:
    store = kept(label=Label.CONFIDENTIAL, floor=Label.INTERNAL)
    request = read(store, previous_response_id="resp_1")
    assert (request.label, request.floor) == (Label.CONFIDENTIAL, Label.INTERNAL)


def test_an_id_leads_to_nothing_that_is_not_this_callers() -> None:
    assert isinstance(refused(previous_response_id="resp_1"), PreviousResponseNotFound)
    store = kept()
    with pytest.raises(PreviousResponseNotFound):
        RequestReader(store)(b'{"model":"a","input":"x","previous_response_id":"resp_1"}', Caller("other"))
    assert refused(store, previous_response_id="resp_2").param == "previous_response_id"


def test_a_referred_item_is_written_out() -> None:
    items = [{"type": "item_reference", "id": "msg_2"}, {"id": "msg_2"}, {"role": "user", "content": "x"}]
    request = read(kept(label=Label.INTERNAL), input=items)
    assert [message.text for message in request.messages] == ["Hi.Hi.", "x"]
    assert request.label is Label.INTERNAL
    assert refused(kept(), input=[{"type": "item_reference", "id": "msg_9"}]).param == "input[0].id"


@pytest.mark.parametrize(("id_", "held_by"), [("rs_1", "native"), ("rs_of_somebody_else", "")])
def test_reasoning_without_its_content_is_held_by_whom_it_came_from(id_: str, held_by: str) -> None:
    """An upstream would look it up by its id, in whatever conversation it was."""
    thought = {"type": "reasoning", "id": id_, "summary": []}
    sent = read(kept(), input=[thought, {"role": "user", "content": "x"}]).sent
    assert sent is not None
    assert sent.complete is not None
    assert sent.held_by == held_by


def test_nobody_holds_what_two_upstreams_hold_in_part() -> None:
    store = kept("resp_1")
    kept("resp_2", model="twin", output=(SAID.replace(b"msg_2", b"msg_3"),), store=store)
    items = [{"type": "item_reference", "id": "msg_3"}, {"role": "user", "content": "x"}]
    sent = read(store, previous_response_id="resp_1", input=items).sent
    assert sent is not None
    assert sent.held_by == ""
    unheld = read(kept(held=False), previous_response_id="resp_1").sent
    assert unheld is not None
    assert unheld.held_by == ""
