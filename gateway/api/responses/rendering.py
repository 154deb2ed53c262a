"""Responses: events to one JSON body, or to a stream of named events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.dialect import event
from gateway.api.responses.body import Outcome, response_object, status_of
from gateway.api.responses.keeping import Whole, keep, keeps
from gateway.api.responses.output import Output, fresh, said
from gateway.errors import GatewayError
from gateway.interfaces import ResponseStore
from gateway.types import Answer, Api, Delta, Usage

_ENDS: Final = frozenset({"response.completed", "response.incomplete"})
_TELLS: Final = _ENDS | {"response.created", "response.in_progress", "response.queued"}
_json = msgspec.json.Encoder()


class _Relayed(msgspec.Struct):
    """A response object of an upstream's."""

    id: str
    output: list[msgspec.Raw] = []
    store: bool = False


class _RelayedItem(msgspec.Struct):
    id: str | None = None
    type: str | None = None


class _RelayedEvent(msgspec.Struct):
    response: msgspec.Raw = msgspec.Raw(b"")


_relayed = msgspec.json.Decoder(_Relayed)
_relayed_item = msgspec.json.Decoder(_RelayedItem)
_relayed_event = msgspec.json.Decoder(_RelayedEvent)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ResponseRendering:
    """See Rendering. What is to be kept goes into `store` before its last byte has left."""

    def __init__(self, store: ResponseStore, created: int) -> None:
        self._store, self._created = store, created
        self._id = fresh("resp")
        self._output = Output()
        self._sequence = 0
        self._begun = False
        self._relays = False  # the upstream's own events, which begin and end themselves
        self._last = b""  # the event with which the upstream ended
        self._finish = "stop"
        self._usage: Usage | None = None

    def delta(self, delta: Delta, exchange: Exchange) -> list[bytes]:
        if delta.raw is not None and delta.api is Api.RESPONSES and not self._begun:
            return [self._relay(delta.raw, delta.event, exchange)]
        if self._relays:
            return []
        events = self._start(exchange)
        self._usage, self._finish = delta.usage or self._usage, delta.finish or self._finish
        if delta.reasoning:
            events += self._written(self._output.think(delta.reasoning))
        if delta.text:
            events += self._written(self._output.say(delta.text))
        if delta.refusal:
            events += self._written(self._output.refuse(delta.refusal))
        for fragment in delta.tool_calls:
            events += self._written(self._output.call(fragment))
        return events

    def end(self, exchange: Exchange) -> list[bytes]:
        if self._relays:
            self._keep_relayed(_relayed_event.decode(self._last).response if self._last else b"", exchange)
            return []
        events = self._start(exchange)
        events += self._written(self._output.close(status_of(self._finish)))
        outcome = Outcome.of(self._finish, self._output.items, self._usage or exchange.usage)
        response = self._response(exchange, outcome)
        if exchange.cost_usd is not None:  # a stream has no header left to say it
            response["usage"]["cost"] = float(exchange.cost_usd)
        self._keep(response, exchange)
        return [*events, *self._written([{"type": f"response.{outcome.status}", "response": response}])]

    def broken(self, error: GatewayError, exchange: Exchange) -> list[bytes]:
        """An error as the service tells it, twice: clients look at either."""
        told = error.body()["error"]
        about = {name: told.get(name) for name in ("code", "message", "param")}
        failure = {"type": "error", "error": told, **about}
        if self._relays:
            return self._written([failure])
        why = {"code": "server_error", "message": error.message}
        outcome = Outcome("failed", self._output.items, error=why)
        failed = {"type": "response.failed", "response": self._response(exchange, outcome)}
        return [*self._start(exchange), *self._written([failure, failed])]

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        if answer.raw is not None and answer.api is Api.RESPONSES:
            is_kept = self._keep_relayed(answer.raw, exchange)
            return answer.raw if is_kept and _may_say_kept(exchange) else _unkept(answer.raw)
        items = said(
            answer.reasoning, answer.text, answer.refusal, answer.tool_calls, status_of(answer.finish)
        )
        outcome = Outcome.of(answer.finish, items, answer.usage or exchange.usage)
        response = self._response(exchange, outcome)
        self._keep(response, exchange)
        return _json.encode(response)

    def _start(self, exchange: Exchange) -> list[bytes]:
        if self._begun:
            return []
        self._begun = True
        response = self._response(exchange, Outcome("in_progress"))
        begun = ({"type": f"response.{name}", "response": response} for name in ("created", "in_progress"))
        return self._written(begun)

    def _response(self, exchange: Exchange, outcome: Outcome) -> dict[str, Any]:
        return response_object(self._id, self._created, exchange, outcome, keeps(exchange))

    def _written(self, events: Iterable[dict[str, Any]]) -> list[bytes]:
        return [event(self._numbered(each), each["type"]) for each in events]

    def _numbered(self, said: dict[str, Any]) -> bytes:
        number = self._sequence
        self._sequence += 1
        return _json.encode({"type": said["type"], "sequence_number": number, **said})

    def _relay(self, raw: bytes, name: str, exchange: Exchange) -> bytes:
        self._relays = True
        self._sequence += 1
        if name in _ENDS:
            self._last = raw
        if name in _TELLS and not _may_say_kept(exchange):
            members = _members.decode(raw)
            if "response" in members:
                members["response"] = msgspec.Raw(_unkept(bytes(members["response"])))
                raw = _json.encode(members)
        return event(raw, name)

    def _keep(self, response: dict[str, Any], exchange: Exchange) -> None:
        output = [_json.encode(item) for item in response["output"]]
        keep(Whole(self._id, _json.encode(response), output), exchange, self._store)

    def _keep_relayed(self, body: bytes | msgspec.Raw, exchange: Exchange) -> bool:
        """An upstream's response, under its own id; one of another shape is served and not kept.

        Where guards masked the request, the upstream holds other words under that id than the caller knows.
        Gives False where another response has the id already.
        """
        try:
            response = _relayed.decode(body)
            for item in response.output:
                _relayed_item.decode(item)
        except msgspec.DecodeError:
            return True
        output = [bytes(item) for item in response.output]
        held = response.store and exchange.unmasked is None
        return keep(Whole(response.id, bytes(body), output, held), exchange, self._store)


def _may_say_kept(exchange: Exchange) -> bool:
    """Whether what an upstream says of keeping may stand: not where the policy keeps it out of the store."""
    return exchange.asked is None or not exchange.asked.keep or keeps(exchange)


def _unkept(body: bytes) -> bytes:
    """A response object that says that it is not kept; what is no object says nothing of it."""
    try:
        return _json.encode({**_members.decode(body), "store": False})
    except msgspec.ValidationError:
        return body
