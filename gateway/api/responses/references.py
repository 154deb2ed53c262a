"""What a body refers to by id instead of saying it: earlier responses and items, as the gateway kept them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.api.members import Members, member, required
from gateway.errors import InvalidRequest, NotFound, PreviousResponseNotFound, TooLarge
from gateway.interfaces import ResponseStore
from gateway.labels import highest
from gateway.settings import MAX_BODY, size
from gateway.stored.items import id_of
from gateway.types import Caller, KeptResponse, Label, Turn

MOST_REFERENCES: Final = 1_000
LARGEST: Final = size(MAX_BODY)  # bytes of what is written out

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

    `held_by` is the upstream that holds all of it under the same ids, see `Model.upstream`; empty: none does.
    `turns` are those of the response that it goes on from.
    """

    body: bytes
    held_by: str
    label: Label
    floor: Label
    turns: tuple[Turn, ...]


@dataclass(slots=True)
class _Found:
    responses: list[KeptResponse] = field(default_factory=list)
    turns: tuple[Turn, ...] = ()  # of the one that it goes on from
    lost: bool = False  # something has an id that is not known here, and says itself
    references: int = 0
    size: int = 0  # bytes
    items: dict[str, dict[str, bytes]] = field(default_factory=dict)  # by the response's id, by their own

    @property
    def held_by(self) -> str:
        upstreams = {kept.upstream if kept.held else "" for kept in self.responses}
        return upstreams.pop() if len(upstreams) == 1 and not self.lost else ""

    def take(self, item: bytes) -> bytes:
        """An item that is written out. Raises TooLarge where all of them are more than one body may hold."""
        self.size += len(item)
        if self.size > LARGEST:
            raise TooLarge(
                f"What the body refers to is larger than the {LARGEST:,} bytes that are written out here. "
                "Refer to less, or say what is needed of it."
            )
        return item

    def refer(self) -> None:
        """Raises InvalidRequest where there are too many references."""
        self.references += 1
        if self.references > MOST_REFERENCES:
            raise InvalidRequest(
                f"'input' must hold at most {MOST_REFERENCES:,} references to items.", param="input"
            )

    def item(self, kept: KeptResponse, id_: str) -> bytes:
        if kept.id not in self.items:
            self.items[kept.id] = {id_of(item): item for item in kept.turns[-1].output}
        return self.take(self.items[kept.id][id_])


def written_out(value: Members, body: bytes, caller: Caller, store: ResponseStore) -> Written | None:
    """`value`, which `body` says, whole; None where it refers to nothing.

    Raises:
        NotFound: it refers to what this caller was not answered, or to what is not kept any more.
        InvalidRequest, TooLarge: it refers to too many items, or to too much.
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
        found.turns,
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
    found.turns = kept.turns
    for turn in kept.turns:
        yield from map(found.take, turn.items)


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
    found.refer()
    kept = store.holding(caller.name, id_)
    if kept is None:
        where = f"input[{at}].id"
        raise NotFound(
            f"'{where}' names no item of yours that is still kept here. Send the item itself instead.",
            param=where,
        )
    found.responses.append(kept)
    return found.item(kept, id_)


class _Input(msgspec.Struct):
    input: msgspec.Raw = msgspec.Raw(b"[]")


_input = msgspec.json.Decoder(_Input)


def raw_input(body: bytes) -> Sequence[bytes]:
    """The JSON of each item of a body's input; of a text, that of the message which it is."""
    raw = bytes(_input.decode(body).input)
    if raw.startswith(b'"'):
        return [b'{"role":"user","content":%b}' % raw]
    return [bytes(item) for item in _raw_items.decode(raw)] if raw.startswith(b"[") else []
