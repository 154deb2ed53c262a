"""Keeps what was answered, so that a later request may refer to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.responses.output import fresh
from gateway.api.responses.references import raw_input
from gateway.interfaces import ResponseStore
from gateway.stored.gate import cleared, label_to_keep, withheld
from gateway.types import KeptResponse, Label, Sent, Turn

_PREFIXES: Final = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
}
_object = msgspec.json.Decoder(dict[str, Any])
_json = msgspec.json.Encoder()


class _Previous(msgspec.Struct):
    previous_response_id: str | None = None


_previous = msgspec.json.Decoder(_Previous)


@dataclass(frozen=True, slots=True)
class Whole:
    """A response that is to be kept: its object and the items of its output as JSON.

    `held`: the upstream keeps it as well.
    """

    id: str
    body: bytes
    output: Sequence[bytes]
    held: bool = False


def keeps(exchange: Exchange) -> bool:
    """Whether the caller wants the answer kept, and the policy lets it be."""
    asked = exchange.asked
    return asked is not None and asked.keep and withheld(exchange) is None


def keep(whole: Whole, exchange: Exchange, store: ResponseStore) -> None:
    """Into the store, through the gate, if it is to be kept at all."""
    asked, caller = exchange.asked, exchange.caller
    if asked is None or asked.sent is None or caller is None or not asked.keep:
        return
    earlier, items = _conversation(asked.sent, caller.name, store)
    own = Turn(tuple(map(_with_id, items)), tuple(map(_with_id, whole.output)))
    passed = cleared(
        KeptResponse(
            id=whole.id,
            caller=caller.name,
            model=exchange.model or "",
            held=whole.held,
            label=label_to_keep(exchange),
            floor=exchange.label or Label.PUBLIC,
            turns=(*earlier, own),
            body=whole.body,
            keep=exchange.policy.responses.keep,
        ),
        exchange,
    )
    if passed is not None:
        store.keep(passed)


def _conversation(sent: Sent, caller: str, store: ResponseStore) -> tuple[Iterable[Turn], Sequence[bytes]]:
    """The earlier turns that the request referred to, as far as they are kept still, and its own items."""
    items = raw_input(sent.whole)
    previous = _previous.decode(sent.body).previous_response_id
    kept = None if previous is None else store.response(caller, previous)
    if kept is None:
        return (), items
    return kept.turns, items[sum(len(turn.items) for turn in kept.turns) :]


def _with_id(item: bytes) -> bytes:
    """The item, with an id and a type where it has none; an id that is no string is none."""
    members = _object.decode(item)
    own, kind = members.get("id"), members.get("type")
    if own and isinstance(own, str) and kind:
        return item
    kind = kind or "message"
    own = own if own and isinstance(own, str) else fresh(_PREFIXES.get(kind, "item"))
    return _json.encode({**members, "id": own, "type": kind})
