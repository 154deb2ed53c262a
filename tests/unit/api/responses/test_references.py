"""What a body refers to by id, written out: bytes, who holds them, and how they are labelled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.api.responses import references
from gateway.api.responses.references import Written, raw_input, written_out
from gateway.errors import InvalidRequest, NotFound, PreviousResponseNotFound, TooLarge
from gateway.labels import clear
from gateway.policy.schema import Responses
from gateway.stored.memory import Memory
from gateway.types import Caller, KeptResponse, Label, Turn

APP = Caller("app")


def item(id_: str, **members: Any) -> bytes:
    return json.dumps({"id": id_, "type": "message", "role": "user", "content": "x", **members}).encode()


def keep(store: Memory, id_: str, *turns: Turn, label: Label = Label.PUBLIC, model: str = "m") -> Turn:
    """Keeps a response whose own turn is one item of input, and reasoning and a message of output."""
    own = Turn((item(f"in_{id_}"),), (item(f"rs_{id_}", type="reasoning"), item(f"out_{id_}")))
    kept = KeptResponse(id_, "app", model, True, label, label, (*turns, own), b"{}", 60.0)
    store.keep(clear(kept, label, Responses(), "store"))
    return own


def written(store: Memory, input_: Any, caller: Caller = APP, **members: Any) -> Written | None:
    value = {"model": "auto", "input": input_, **members}
    return written_out(value, json.dumps(value).encode(), caller, store)


def ids(made: Written | None) -> list[str]:
    assert made is not None
    return [each.get("id", "") for each in json.loads(made.body)["input"]]


def test_a_body_that_refers_to_nothing_stays_what_it_is() -> None:
    assert written(Memory(), "hello") is None
    assert written(Memory(), [{"role": "user", "content": "x", "id": "mine"}]) is None


def test_all_turns_of_an_earlier_response_come_first_and_no_reference_is_left() -> None:
    store = Memory()
    first = keep(store, "r1")
    keep(store, "r2", first, label=Label.INTERNAL)
    made = written(store, "more", previous_response_id="r2", seed=7)
    assert ids(made) == ["in_r1", "rs_r1", "out_r1", "in_r2", "rs_r2", "out_r2", ""]
    assert made is not None
    assert (made.held_by, made.label, made.floor) == ("m", Label.INTERNAL, Label.INTERNAL)
    assert set(json.loads(made.body)) == {"model", "input", "seed"}


def test_an_item_is_that_of_the_response_whose_turn_it_was() -> None:
    store = Memory()
    first = keep(store, "r1", label=Label.INTERNAL)
    keep(store, "r2", first, label=Label.CONFIDENTIAL)
    made = written(store, [{"type": "item_reference", "id": "out_r1"}, {"id": "out_r2"}])
    assert ids(made) == ["out_r1", "out_r2"]
    assert made is not None
    assert made.label is Label.CONFIDENTIAL
    one = written(store, [{"id": "out_r1"}])
    assert one is not None
    assert one.label is Label.INTERNAL


def test_an_item_goes_with_the_response_that_brought_it() -> None:
    """A later one has it among its earlier turns, which are found by the later one's own id alone."""
    store = Memory()
    first = keep(store, "r1")
    keep(store, "r2", first)
    store.forget("app", "r1")
    with pytest.raises(NotFound) as refused:
        written(store, [{"role": "user", "content": "x"}, {"type": "item_reference", "id": "out_r1"}])
    assert refused.value.param == "input[1].id"
    assert ids(written(store, "more", previous_response_id="r2"))[:3] == ["in_r1", "rs_r1", "out_r1"]


@pytest.mark.parametrize("caller", [APP, Caller("other")], ids=lambda caller: caller.name)
def test_what_is_not_kept_for_the_caller_is_not_found(caller: Caller) -> None:
    store = Memory()
    keep(store, "r1")
    id_ = "r1" if caller is not APP else "r2"
    with pytest.raises(PreviousResponseNotFound) as refused:
        written(store, "more", caller, previous_response_id=id_)
    assert refused.value.param == "previous_response_id"
    with pytest.raises(NotFound):
        written(store, [{"type": "item_reference", "id": f"out_{id_}"}], caller)


def test_reasoning_that_says_itself_is_nobodys_where_it_is_not_known() -> None:
    store = Memory()
    keep(store, "r1")
    bare = {"type": "reasoning", "summary": []}
    for id_, held_by in (("rs_r1", "m"), ("rs_elsewhere", "")):
        for item in (bare, {**bare, "encrypted_content": "x"}, {"type": "image_generation_call"}):
            made = written(store, [{**item, "id": id_}])
            assert made is not None
            assert (made.held_by, ids(made)) == (held_by, [id_])


@pytest.mark.parametrize("kind", ["message", "function_call", "function_call_output"])
def test_an_item_that_says_itself_refers_to_nothing(kind: str) -> None:
    assert written(Memory(), [{"type": kind, "id": "elsewhere"}]) is None


def test_what_is_written_out_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    keep(store, "r1")
    reference = {"type": "item_reference", "id": "out_r1"}
    with pytest.raises(InvalidRequest) as many:
        written(store, [reference] * (references.MOST_REFERENCES + 1))
    assert many.value.param == "input"
    monkeypatch.setattr(references, "LARGEST", 100)
    assert written(store, [reference]) is not None
    with pytest.raises(TooLarge):
        written(store, [reference] * 5)
    with pytest.raises(TooLarge):
        written(store, [reference], previous_response_id="r1")


def test_what_a_caller_says_has_no_id_to_refer_to() -> None:
    store = Memory()
    keep(store, "r1")
    with pytest.raises(NotFound):
        written(store, [{"type": "item_reference", "id": "in_r1"}])


def test_two_upstreams_hold_a_conversation_only_in_part() -> None:
    store = Memory()
    keep(store, "r1")
    keep(store, "r2", model="another")
    made = written(store, [{"id": "out_r2"}], previous_response_id="r1")
    assert made is not None
    assert made.held_by == ""


@pytest.mark.parametrize(
    ("given", "items"),
    [
        (b'{"input": "say \\u0022"}', [b'{"role":"user","content":"say \\u0022"}']),
        (b'{"input": [ {"a": 1.50}, {} ]}', [b'{"a": 1.50}', b"{}"]),
        (b'{"input": []}', []),
        (b'{"model": "auto"}', []),
        (b'{"input": 7}', []),
    ],
)
def test_the_items_of_an_input_are_the_bytes_that_they_came_as(given: bytes, items: list[bytes]) -> None:
    assert raw_input(given) == items
