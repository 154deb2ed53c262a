"""Values in the events of the Responses API, however placeholders are cut, and numbers without a gap."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.responses.reading import Reader
from gateway.masks import Mask
from gateway.strategies.unmasking.responses import ResponsesEvents
from gateway.types import Api, Delta, Finding, Label

VALUES = ('anna "a" b@c.org', "carl@d.org")
Json = dict[str, Any]
_KINDS = {
    "text": ("response.output_text", "text", ("output_index", "content_index")),
    "refusal": ("response.refusal", "refusal", ("output_index", "content_index")),
    "summary": ("response.reasoning_summary_text", "text", ("output_index", "summary_index")),
    "thought": ("response.reasoning_text", "text", ("output_index", "content_index")),
    "call": ("response.function_call_arguments", "arguments", ("output_index",)),
    "code": ("response.code_interpreter_call_code", "code", ("output_index",)),
}


def mask() -> Mask:
    made = Mask(["email"], Label.PUBLIC)
    for value in VALUES:
        made.learn(value, [Finding("email", "contact", Label.CONFIDENTIAL, 0, 0, len(value), 1.0)])
    return made


def through(events: Sequence[Json], as_json: bool = False, first: int = 0) -> list[Delta]:
    reader, unmasking = Reader(), ResponsesEvents(mask(), as_json)
    told: list[Delta] = []
    for number, event in enumerate(events, first):
        data = json.dumps({**event, "sequence_number": number}).encode()
        told += unmasking.said(reader.delta(data), data)
    return [*told, *unmasking.rest()]


def read(told: Iterable[Delta], first: int = 0) -> list[Json]:
    events = [json.loads(delta.raw or b"") for delta in told]
    assert [event["type"] for event in events] == [delta.event for delta in told]
    assert [event["sequence_number"] for event in events] == list(range(first, first + len(events)))
    return events


def place(kind: str, index: int) -> Json:
    return {"item_id": f"item_{index}", **dict.fromkeys(_KINDS[kind][2], 0), "output_index": index}


def pieces(kind: str, index: int, *said: str) -> list[Json]:
    name, whole, _ = _KINDS[kind]
    events: list[Json] = [{"type": f"{name}.delta", **place(kind, index), "delta": each} for each in said]
    return [*events, {"type": f"{name}.done", **place(kind, index), whole: "".join(said)}]


def item(kind: str, index: int, state: str, said: str = "") -> Json:
    if kind == "call":
        own: Json = {"type": "function_call", "call_id": "c", "name": "send", "arguments": said}
    else:
        own = {"type": kind, "content": [{"type": "output_text", "text": said, "annotations": []}]}
    return {"type": f"response.output_item.{state}", "output_index": index, "item": {"id": f"{index}", **own}}


def cut(text: str, at: Sequence[int]) -> list[str]:
    places = [0, *sorted(at), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


def ended(**members: Any) -> Json:
    return {
        "type": "response.completed",
        "response": {"id": "r", "status": "completed", "output": [], **members},
    }


PIECES = st.lists(
    st.sampled_from(["[EMAIL_1]", "[EMAIL_2]", "[EMAIL_", "[EMAIL_3]", "[", "1]", "x"]), max_size=7
)


@given(st.data())
def test_however_placeholders_are_cut_each_text_says_its_values(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(_KINDS)), min_size=1, max_size=3))
    wholes = ["".join(data.draw(PIECES)) for _ in kinds]
    queues = [
        [
            item(kind, index, "added"),
            *pieces(kind, index, *cut(whole, data.draw(st.lists(st.integers(0, len(whole)))))),
            item(kind, index, "done", whole),
        ]
        for index, (kind, whole) in enumerate(zip(kinds, wholes, strict=True))
    ]
    mixed: list[Json] = []
    while any(queues):
        mixed.append(data.draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    first = data.draw(st.integers(0, 3))
    told = through([*mixed, ended()], first=first)
    events = read(told, first)
    for index, (kind, whole) in enumerate(zip(kinds, wholes, strict=True)):
        name, member, _ = _KINDS[kind]
        own = [event for event in events if event.get("output_index") == index]
        restored = mask().restore(whole, kind == "call")
        assert "".join(e["delta"] for e in own if e["type"] == f"{name}.delta") == restored
        done = next(at for at, event in enumerate(own) if event["type"] == f"{name}.done")
        assert own[done][member] == restored
        assert not [event for event in own[done:] if event["type"].endswith(".delta")]
        assert {e["item_id"] for e in own if "item_id" in e} == {f"item_{index}"}
    for event in events:
        assert "[EMAIL_1]" not in json.dumps(event)
        assert "[EMAIL_2]" not in json.dumps(event)
    for field, of in (("text", ("text",)), ("refusal", ("refusal",)), ("reasoning", ("summary", "thought"))):
        names = [f"{_KINDS[kind][0]}.delta" for kind in of]
        pivot = "".join(getattr(delta, field) for delta in told)
        assert pivot == "".join(event["delta"] for event in events if event["type"] in names)
    arguments = "".join(call.arguments for delta in told for call in delta.tool_calls)
    assert arguments == "".join(
        event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta"
    )


def test_what_a_text_holds_back_leaves_before_it_is_done() -> None:
    piece = {
        "type": "response.output_text.delta",
        **place("text", 0),
        "delta": "so [EM",
        "logprobs": [{"token": "so"}],
        "obfuscation": "xyz",
    }
    done = {"type": "response.output_text.done", **place("text", 0), "text": "so [EM", "logprobs": []}
    told = through([piece, done, ended()])
    first, rest, whole, _ = read(told)
    assert (first["delta"], first["logprobs"], first["obfuscation"]) == ("so ", [{"token": "so"}], "xyz")
    assert rest == {
        "type": "response.output_text.delta",
        **place("text", 0),
        "delta": "[EM",
        "logprobs": [],
        "sequence_number": 1,
    }
    assert whole["text"] == "so [EM"
    assert (told[1].text, told[1].api, told[1].has_content) == ("[EM", Api.RESPONSES, True)


@pytest.mark.parametrize(
    "end",
    [
        [ended()],
        [{"type": "response.output_item.done", "output_index": 0, "item": {"id": "0", "type": "message"}}],
        [{"type": "response.content_part.done", **place("text", 0), "part": {"type": "output_text"}}],
        [],
    ],
)
def test_what_a_text_holds_back_that_is_never_done_leaves_with_what_it_is_in(end: list[Json]) -> None:
    told = read(through([*pieces("text", 0, "so [")[:-1], *end]))
    assert [event.get("delta") for event in told] == ["so ", "[", None][: 2 + len(end)]


def test_the_end_of_one_text_is_not_the_end_of_another() -> None:
    texts = [*pieces("text", 0, "a [EM")[:-1], *pieces("text", 1, "b"), *pieces("text", 0, "AIL_1]")[:-1]]
    told = through([*texts, ended()])
    assert [delta.text for delta in told] == ["a ", "b", "", VALUES[0], ""]


def test_what_an_event_says_at_once_comes_whole() -> None:
    search = {
        "type": "web_search_call",
        "id": "[EMAIL_1]",
        "action": {"type": "search", "query": "[EMAIL_1]"},
    }
    part = {"type": "output_text", "text": "[EMAIL_1]", "annotations": []}
    echo = {"instructions": "For [EMAIL_1]", "metadata": {"id": "[EMAIL_2]"}, "output": [search]}
    told = read(
        through(
            [
                {"type": "response.created", "response": {"id": "r", **echo, "output": []}},
                {"type": "response.output_item.added", "output_index": 0, "item": search},
                {"type": "response.content_part.done", **place("text", 1), "part": part},
                {"type": "response.hologram", "beam": ["[EMAIL_1]"], "id": "[EMAIL_1]"},
                {"type": "response.hologram.delta", "delta": {"beam": "[EMAIL_1]"}},
                ended(**echo),
            ]
        )
    )
    found = {**search, "action": {"type": "search", "query": VALUES[0]}}
    assert told[0]["response"]["instructions"] == f"For {VALUES[0]}"
    assert told[0]["response"]["metadata"] == {"id": VALUES[1]}
    assert told[1]["item"] == found
    assert told[2]["part"]["text"] == VALUES[0]
    assert (told[3]["beam"], told[3]["id"]) == ([VALUES[0]], "[EMAIL_1]")
    assert told[4]["delta"] == {"beam": VALUES[0]}
    assert told[5]["response"]["output"] == [found]


def test_a_citation_moves_with_what_was_said_before_it() -> None:
    text = "To [EMAIL_1], see this."
    at = text.index("see")
    citation = {"type": "url_citation", "start_index": at, "end_index": at + 3, "title": "[EMAIL_1]"}
    cited = {"type": "response.output_text.annotation.added", **place("text", 0), "annotation": citation}
    told = read(through([*pieces("text", 0, text[:6], text[6:])[:-1], cited, ended()]))
    moved = told[2]["annotation"]
    said = "".join(event["delta"] for event in told[:2])
    assert said[moved["start_index"] : moved["end_index"]] == "see"
    assert moved["title"] == VALUES[0]


def test_an_answer_in_json_stays_json() -> None:
    told = through([*pieces("text", 0, '{"to": "[EMA', 'IL_1]"}'), ended()], as_json=True)
    assert json.loads("".join(delta.text for delta in told)) == {"to": VALUES[0]}
    assert json.loads(read(told)[2]["text"]) == {"to": VALUES[0]}


def test_a_call_that_is_said_whole_comes_whole() -> None:
    told = through([item("call", 0, "done", '{"to": "[EMAIL_1]"}'), ended()])
    (call,) = (call for delta in told for call in delta.tool_calls)
    assert json.loads(call.arguments) == json.loads(read(told)[0]["item"]["arguments"]) == {"to": VALUES[0]}


def test_events_without_a_number_get_none() -> None:
    unmasking, reader = ResponsesEvents(mask(), False), Reader()
    told = []
    for event in pieces("text", 0, "so ["):
        data = json.dumps(event).encode()
        told += unmasking.said(reader.delta(data), data)
    assert not [1 for delta in told if b"sequence_number" in (delta.raw or b"")]
    assert [delta.text for delta in told] == ["so ", "[", ""]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_text.delta", "output_index": [], "content_index": {}, "delta": "x"},
        {"type": "response.output_text.delta", "output_index": 0, "delta": None},
        {"type": "response.output_text.annotation.added", "annotation": 3},
        {"type": "response.output_text.done", "output_index": "x", "text": ["y"]},
        {"type": "response.created", "response": None, "sequence_number": "one"},
        {"type": "keepalive", "sequence_number": 7},
    ],
)
def test_events_that_hide_nothing_keep_their_bytes(event: Json) -> None:
    data = json.dumps(event, indent=1).encode()
    (delta,) = ResponsesEvents(mask(), False).said(Reader().delta(data), data)
    assert delta.raw == data
