"""Keeps what was answered, so that a later request may refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.responses.output import fresh
from gateway.api.responses.references import raw_input
from gateway.interfaces import ResponseStore
from gateway.stored.gate import cleared, label_to_keep, withheld
from gateway.types import KeptResponse, Label, Turn

_PREFIXES: Final = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
}
_object = msgspec.json.Decoder(dict[str, Any])
_json = msgspec.json.Encoder()


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


def keep(whole: Whole, exchange: Exchange, store: ResponseStore) -> bool:
    """Into the store, through the gate, if it is to be kept at all.

    Gives False, and keeps nothing, where an upstream has given it the id of another conversation's.
    """
    asked, caller = exchange.asked, exchange.caller
    if asked is None or asked.sent is None or caller is None or not asked.keep:
        return True
    namesake, earlier = store.response(caller.name, whole.id), asked.sent.turns
    if namesake is not None and namesake.turns != earlier:
        return False
    items = raw_input(asked.sent.whole)[sum(len(turn.items) for turn in earlier) :]
    model = exchange.policy.models.get(exchange.model or "")
    own = Turn(tuple(map(_with_id, items)), tuple(map(_with_id, whole.output)))
    passed = cleared(
        KeptResponse(
            id=whole.id,
            caller=caller.name,
            upstream="" if model is None else model.upstream,
            held=whole.held,
            label=label_to_keep(exchange),
            floor=max(exchange.label or Label.PUBLIC, asked.floor),
            turns=(*earlier, own),
            body=whole.body,
            keep=exchange.policy.responses.keep,
        ),
        exchange,
    )
    if passed is not None:
        store.keep(passed)
    return True


def _with_id(item: bytes) -> bytes:
    """The item, with an id and a type where it has none; an id that is no string is none."""
    members = _object.decode(item)
    own, kind = members.get("id"), members.get("type")
    if own and isinstance(own, str) and kind:
        return item
    kind = kind or "message"
    own = own if own and isinstance(own, str) else fresh(_PREFIXES.get(kind, "item"))
    return _json.encode({**members, "id": own, "type": kind})
