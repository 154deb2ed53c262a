"""The body for an upstream that speaks Responses: the caller's own bytes, as far as they may stand for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec

from gateway.backends.splice import with_member
from gateway.errors import ProviderRefused
from gateway.policy.schema import Model
from gateway.types import ChatRequest, Message

_NOT_FOUND: Final = 404


class _Input(msgspec.Struct):
    input: list[dict[str, Any]] | str


_input = msgspec.json.Decoder(_Input)
_items = msgspec.json.Decoder(list[dict[str, Any]])
_json = msgspec.json.Encoder()


def responses_body(request: ChatRequest, model: Model) -> bytes:
    """What the caller sent, for `model`: as it came where nothing has changed it.

    Earlier turns that this very upstream holds stay a reference to them; of others, ids are left out, and so
    is reasoning that only its id could tell.
    """
    sent = request.sent
    assert sent is not None, "a request in this API was read from a body"
    body = sent.whole
    if not request.untouched:
        body = with_member(body, "input", _written(request))
    elif sent.complete is None or sent.held_by == model.upstream:
        body = sent.body
    else:
        body = with_member(body, "input", _json.encode(list(_own(_given(body)))))
    if not request.keep:
        body = with_member(body, "store", b"false")
    return with_member(body, "model", _json.encode(model.model))


def written_out(request: ChatRequest, model: Model, refused: ProviderRefused) -> ChatRequest | None:
    """The request without a reference, where the upstream has lost what it refers to; None: it has not."""
    sent = request.sent
    lost = refused.http_status == _NOT_FOUND or refused.param == "previous_response_id"
    if not lost or sent is None or sent.complete is None or sent.held_by != model.upstream:
        return None
    return replace(request, sent=replace(sent, held_by=""))


def _given(body: bytes) -> list[dict[str, Any]]:
    given = _input.decode(body).input
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def _own(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if item.get("type") != "reasoning" or item.get("encrypted_content"):
            yield {name: value for name, value in item.items() if name not in ("id", "status")}


def _written(request: ChatRequest) -> bytes:
    """The input of a request to which the gateway has added messages."""
    items: list[dict[str, Any]] = []
    for message in request.messages:
        items += [_made(message)] if message.native is None else _items.decode(b"[%b]" % message.native)
    return _json.encode(list(_own(items)))


def _made(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": message.text}
