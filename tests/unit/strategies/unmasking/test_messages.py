"""Values in the events of the Messages API, however placeholders are cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.anthropic.reading import Reader
from gateway.masks import Mask
from gateway.strategies.unmasking.messages import MessagesEvents
from gateway.types import Api, Delta, Finding, Label
from tests import messages_replies as replies

VALUES = ('anna "a" b@c.org', "carl@d.org")
Json = dict[str, Any]
_KINDS = {"text": "text_delta", "thinking": "thinking_delta", "partial_json": "input_json_delta"}


def mask() -> Mask:
    made = Mask(["email"], Label.PUBLIC)
    for value in VALUES:
        made.learn(value, [Finding("email", "contact", Label.CONFIDENTIAL, 0, 0, len(value), 1.0)])
    return made


def through(events: Iterable[bytes], as_json: bool = False) -> list[Delta]:
    reader, unmasking = Reader(relays=True), MessagesEvents(mask(), as_json)
    told: list[Delta] = []
    for data in replies.data_of(list(events)):
        told += unmasking.said(reader.delta(data), data)
    return [*told, *unmasking.rest()]


def read(told: Iterable[Delta]) -> list[Json]:
    events = [json.loads(delta.raw or b"") for delta in told]
    assert [event["type"] for event in events] == [delta.event for delta in told]
    return events


def piece(index: int, name: str, text: str) -> bytes:
    return replies.event("content_block_delta", index=index, delta={"type": _KINDS[name], name: text})


def joined(events: Iterable[Json], index: int, name: str) -> str:
    return "".join(e["delta"].get(name, "") for e in events if e.get("index") == index and "delta" in e)


def begun(index: int, kind: str) -> bytes:
    blocks: dict[str, Json] = {
        "text": {"type": "text", "text": ""},
        "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        "partial_json": {"type": "tool_use", "id": f"toolu_{index}", "name": "send", "input": {}},
    }
    return replies.event("content_block_start", index=index, content_block=blocks[kind])


def cut(text: str, at: Sequence[int]) -> list[str]:
    places = [0, *sorted(at), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


PIECES = st.lists(
    st.sampled_from(["[EMAIL_1]", "[EMAIL_2]", "[EMAIL_", "[EMAIL_3]", "[", "1]", "x"]), max_size=7
)


@given(st.data())
def test_however_placeholders_are_cut_each_block_says_its_values(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(_KINDS)), min_size=1, max_size=3))
    wholes = ["".join(data.draw(PIECES)) for _ in kinds]
    queues = [
        [
            begun(index, kind),
            *(
                piece(index, kind, each)
                for each in cut(whole, data.draw(st.lists(st.integers(0, len(whole)))))
            ),
            replies.event("content_block_stop", index=index),
        ]
        for index, (kind, whole) in enumerate(zip(kinds, wholes, strict=True))
    ]
    mixed = []
    while any(queues):
        mixed.append(data.draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    told = through([replies.start(), *mixed, *replies.end()])
    events = read(told)
    for index, (kind, whole) in enumerate(zip(kinds, wholes, strict=True)):
        assert joined(events, index, kind) == mask().restore(whole, kind == "partial_json")
        own = [event["type"] for event in events if event.get("index") == index]
        assert own[0] == "content_block_start"
        assert own.index("content_block_stop") == len(own) - 1
    for event in events:
        assert "[EMAIL_1]" not in json.dumps(event)
        assert "[EMAIL_2]" not in json.dumps(event)
    said = {kind: "".join(joined(events, i, kind) for i in range(len(kinds))) for kind in _KINDS}
    assert sorted("".join(delta.text for delta in told)) == sorted(said["text"])
    assert sorted("".join(delta.reasoning for delta in told)) == sorted(said["thinking"])
    calls = [index for index, kind in enumerate(kinds) if kind == "partial_json" and wholes[index]]
    for index in calls:
        place = [i for i, e in enumerate(events) if e["type"] == "content_block_start"]
        nth = [events[i]["index"] for i in place if events[i]["content_block"]["type"] == "tool_use"].index(
            index
        )
        arguments = "".join(c.arguments for d in told for c in d.tool_calls if c.index == nth)
        assert arguments == joined(events, index, "partial_json")


def test_what_a_block_holds_back_leaves_before_it_stops() -> None:
    held = [begun(0, "text"), piece(0, "text", "so [EM"), replies.event("content_block_stop", index=0)]
    told = through([replies.start(), *held, *replies.end()])
    assert [event["delta"] for event in read(told)[2:4]] == [
        {"type": "text_delta", "text": "so "},
        {"type": "text_delta", "text": "[EM"},
    ]
    assert told[3].text == "[EM"
    assert told[3].has_content
    assert told[3].api is Api.MESSAGES


@pytest.mark.parametrize("end", [list(replies.end()), []])
def test_what_a_block_holds_back_that_never_stops_leaves_in_the_end(end: list[bytes]) -> None:
    told = read(through([replies.start(), begun(1, "text"), piece(1, "text", "so ["), *end]))
    assert told[3] == {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "text_delta", "text": "["},
    }
    assert [event["type"] for event in told[4:]] == ["message_delta", "message_stop"][: len(end)]


def test_a_block_may_say_its_first_piece_as_it_begins() -> None:
    first = replies.event("content_block_start", index=0, content_block={"type": "text", "text": "To [EM"})
    told = through([replies.start(), first, piece(0, "text", "AIL_1]."), *replies.end()])
    assert "".join(delta.text for delta in told) == f"To {VALUES[0]}."
    assert read(told)[1]["content_block"]["text"] == "To "


def test_what_a_provider_ran_itself_and_cited_comes_whole() -> None:
    cited = {"type": "web_search_result_location", "cited_text": "[EMAIL_1]", "encrypted_index": "[EMAIL_1]"}
    result = {"type": "web_search_result", "title": "[EMAIL_1]", "encrypted_content": "[EMAIL_1]"}
    blocks: list[Json] = [
        {"type": "server_tool_use", "id": "srvtoolu_[EMAIL_1]", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_[EMAIL_1]", "content": [result]},
        {"type": "redacted_thinking", "data": "[EMAIL_1]"},
    ]
    sent = [
        replies.start(),
        *(replies.event("content_block_start", index=i, content_block=b) for i, b in enumerate(blocks)),
        replies.event("content_block_delta", index=3, delta={"type": "citations_delta", "citation": cited}),
        replies.event("content_block_delta", index=3, delta={"type": "signature_delta", "signature": "[EM"}),
        *replies.end(),
    ]
    told = read(through(sent))
    assert told[1]["content_block"] == blocks[0]
    assert told[2]["content_block"]["content"] == [{**result, "title": VALUES[0]}]
    assert told[2]["content_block"]["tool_use_id"] == "srvtoolu_[EMAIL_1]"
    assert told[3]["content_block"] == blocks[2]
    assert told[4]["delta"]["citation"] == {**cited, "cited_text": VALUES[0]}
    assert told[5]["delta"]["signature"] == "[EM"


def test_a_call_said_as_it_begins_comes_whole() -> None:
    block = {"type": "tool_use", "id": "t", "name": "send", "input": {"[EMAIL_2]": "[EMAIL_1]"}}
    begins = replies.event("content_block_start", index=0, content_block=block)
    told = through([replies.start(), begins, replies.event("content_block_stop", index=0), *replies.end()])
    assert read(told)[1]["content_block"]["input"] == {VALUES[1]: VALUES[0]}
    arguments = "".join(call.arguments for delta in told for call in delta.tool_calls)
    assert json.loads(arguments) == {VALUES[1]: VALUES[0]}


def test_the_callers_own_stop_sequence_is_told_as_it_is() -> None:
    stopped = {"stop_reason": "stop_sequence", "stop_sequence": "[EMAIL_1]"}
    (event,) = read(through([replies.event("message_delta", delta=stopped, usage={"output_tokens": 1})]))
    assert event["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": VALUES[0]}


def test_pieces_that_nobody_knows_are_pieces_too() -> None:
    def odd(said: str) -> bytes:
        return replies.event("content_block_delta", index=0, delta={"type": "hologram_delta", "beam": said})

    whole = replies.event("hologram", beam={"at": ["[EMAIL_1]"]}, id="[EMAIL_1]")
    told = read(through([replies.start(), odd("a [EMA"), odd("IL_1] ["), whole, *replies.end()]))
    assert [e["delta"].get("beam") for e in told if e["type"] == "content_block_delta"] == [
        "a ",
        f"{VALUES[0]} ",
        "[",
    ]
    assert told[3] == {"type": "hologram", "beam": {"at": [VALUES[0]]}, "id": "[EMAIL_1]"}


def test_an_answer_in_json_stays_json() -> None:
    said = [begun(0, "text"), piece(0, "text", '{"to": "[EMA'), piece(0, "text", 'IL_1]"}')]
    told = through([replies.start(), *said, *replies.end()], as_json=True)
    assert json.loads("".join(delta.text for delta in told)) == {"to": VALUES[0]}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_delta", "index": [], "delta": {"type": "text_delta", "text": "x"}},
        {"type": "content_block_delta", "index": 0, "delta": None},
        {"type": "content_block_start", "index": 0, "content_block": {"type": ["text"], "text": 3}},
        {"type": "content_block_start", "index": 0, "content_block": []},
        {"type": "content_block_stop", "index": {}},
        {"type": "ping"},
    ],
)
def test_events_that_hide_nothing_keep_their_bytes(event: Json) -> None:
    data = json.dumps(event, indent=1).encode()
    (delta,) = MessagesEvents(mask(), False).said(Reader(relays=True).delta(data), data)
    assert delta.raw == data


def test_what_is_beside_a_text_is_not_taken_for_it() -> None:
    aside = {"type": "text_delta", "text": "a [EM", "aside": "b [EM"}
    piece_ = replies.event("content_block_delta", index=0, delta=aside)
    told = through([replies.start(), begun(0, "text"), piece_, *replies.end()])
    pieces = [event["delta"] for event in read(told) if event["type"] == "content_block_delta"]
    assert pieces[0] == {"type": "text_delta", "text": "a ", "aside": "b "}
    assert pieces[1:] == [{"type": "text_delta", "text": "[EM"}, {"type": "text_delta", "aside": "[EM"}]
    assert [delta.text for delta in told if delta.text] == ["a ", "[EM"]


def test_a_signature_is_told_once() -> None:
    block = {"type": "thinking", "thinking": "so [", "signature": "sig"}
    first = replies.event("content_block_start", index=0, content_block=block)
    told = through([replies.start(), first, replies.event("content_block_stop", index=0), *replies.end()])
    assert [delta.signature for delta in told if delta.signature] == ["sig"]
    assert [delta.reasoning for delta in told if delta.reasoning] == ["so ", "["]
