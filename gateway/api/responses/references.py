"""What a body refers to by id instead of saying it: earlier responses and items, as the gateway kept them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.api.members import Members, member, required
from gateway.errors import NotFound, PreviousResponseNotFound
from gateway.interfaces import ResponseStore
from gateway.labels import highest
from gateway.stored.items import id_of
from gateway.types import Caller, KeptResponse, Label

# Items that say themselves whole, so that their ids name nothing that is not in them.
_SAID: Final = frozenset(
    ("message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output")
)
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Written:
    """A body with what it refers to written out: `body`, and what those earlier turns are labelled.

    `held_by` names the model whose upstream holds all of it under the same ids; empty: none does.
    """

    body: bytes
    held_by: str
    label: Label
    floor: Label


@dataclass(slots=True)
class _Found:
    responses: list[KeptResponse] = field(default_factory=list)
    lost: bool = False  # something has an id that is not known here, and says itself

    @property
    def held_by(self) -> str:
        models = {kept.model if kept.held else "" for kept in self.responses}
        return models.pop() if len(models) == 1 and not self.lost else ""


def written_out(value: Members, body: bytes, caller: Caller, store: ResponseStore) -> Written | None:
    """`value`, which `body` says, whole; None where it refers to nothing.

    Raises:
        NotFound: it refers to what this caller was not answered, or to what is not kept any more.
    """
    found, earlier = _Found(), list[bytes]()
    previous = member(value, "previous_response_id", str)
    if previous is not None:
        earlier = list(_earlier(previous, caller, store, found))
    items = value.get("input")
    raws = list(raw_input(body))
    if isinstance(items, list):
        raws = [
            _said(item, raw, i, caller, store, found)
            for i, (item, raw) in enumerate(zip(items, raws, strict=True))
        ]
    if not found.responses and not found.lost:
        return None
    members = _raw_members.decode(body)
    members.pop("previous_response_id", None)
    members["input"] = msgspec.Raw(b"[" + b",".join([*earlier, *raws]) + b"]")
    return Written(
        _json.encode(members),
        found.held_by,
        highest(kept.label for kept in found.responses),
        highest(kept.floor for kept in found.responses),
    )


def _earlier(id_: str, caller: Caller, store: ResponseStore, found: _Found) -> Iterator[bytes]:
    kept = store.response(caller.name, id_)
    if kept is None:
        raise PreviousResponseNotFound(
            "There is no response of this id that you were answered here and that is still kept. "
            "Send the whole conversation as 'input' instead.",
            param="previous_response_id",
        )
    found.responses.append(kept)
    for turn in kept.turns:
        yield from turn.items


def _said(item: Any, raw: bytes, at: int, caller: Caller, store: ResponseStore, found: _Found) -> bytes:
    """The item's own JSON, or that of the one which it refers to."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return raw
    kind = item.get("type")
    if kind == "item_reference" or (kind is None and "role" not in item):
        return _referred(required(item, "id", str, f"input[{at}]."), at, caller, store, found)
    if kind is not None and kind not in _SAID:
        # An upstream that holds it would go by its id, whatever it says.
        kept = store.holding(caller.name, item["id"])
        found.responses += [] if kept is None else [kept]
        found.lost = found.lost or kept is None
    return raw


def _referred(id_: str, at: int, caller: Caller, store: ResponseStore, found: _Found) -> bytes:
    kept = store.holding(caller.name, id_)
    if kept is None:
        where = f"input[{at}].id"
        raise NotFound(
            f"'{where}' names no item of yours that is still kept here. Send the item itself instead.",
            param=where,
        )
    found.responses.append(kept)
    return next(item for item in kept.turns[-1].output if id_of(item) == id_)


class _Input(msgspec.Struct):
    input: msgspec.Raw = msgspec.Raw(b"[]")


_input = msgspec.json.Decoder(_Input)


def raw_input(body: bytes) -> Sequence[bytes]:
    """The JSON of each item of a body's input; of a text, that of the message which it is."""
    raw = bytes(_input.decode(body).input)
    if raw.startswith(b'"'):
        return [b'{"role":"user","content":%b}' % raw]
    return [bytes(item) for item in _raw_items.decode(raw)] if raw.startswith(b"[") else []
