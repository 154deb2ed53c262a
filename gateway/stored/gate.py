"""The gate before the store of responses: which may be kept, with which label."""

from __future__ import annotations

from gateway.accounting.exchange import Exchange
from gateway.labels import Cleared, NotCleared, clear, highest
from gateway.types import KeptResponse, Label, Refused


def cleared(response: KeptResponse, exchange: Exchange) -> Cleared[KeptResponse] | None:
    """The response as the store takes it; None where the policy keeps nothing of its label."""
    try:
        return clear(response, response.label, exchange.policy.responses, "store")
    except NotCleared:
        return None


def withheld(exchange: Exchange, hidden: Label = Label.PUBLIC) -> Refused | None:
    """What keeps an answer to this exchange, as far as it has come, out of the store.

    `hidden` is the label of what masks hide and the caller gets back.
    """
    try:
        clear((), max(label_to_keep(exchange), hidden), exchange.policy.responses, "store")
    except NotCleared as refused:
        return Refused(refused.kind, refused.destination, refused.label)
    return None


def label_to_keep(exchange: Exchange) -> Label:
    """The label of what the caller said and was answered, what masks hid from models included.

    It is no lower than that of the turns that it goes on from.
    """
    asked = exchange.asked
    known = () if asked is None or asked.sent is None else (asked.sent.label, asked.floor)
    return highest((exchange.label or Label.PUBLIC, exchange.hidden, *known))
