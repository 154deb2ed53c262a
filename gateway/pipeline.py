"""The flow: admit, understand, decide, act, account, reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter, time

from gateway.access.forwarding import forwarding
from gateway.access.keys import identify
from gateway.accounting.book import Book
from gateway.accounting.exchange import Exchange
from gateway.classify.cascade import Cascade
from gateway.classify.knowledge import consult
from gateway.classify.label import labelled, left_of
from gateway.conversations.memory import Conversations, Thread
from gateway.errors import Blocked, GatewayError, HungUp, InternalError
from gateway.inbound import Incoming, InForce, Reply, facts_of
from gateway.interfaces import Classifier
from gateway.masking import Masker
from gateway.masks import Mask
from gateway.policy.evaluate import Decision, Facts, guard, route
from gateway.policy.schema import Guard
from gateway.stored.gate import withheld
from gateway.strategies.compose import compose
from gateway.strategies.fallback import no_cleared_model, no_model_in_service
from gateway.strategies.inflow import Inflow
from gateway.strategies.mask import Unmasking
from gateway.types import Answer, Api, Caller, ChatRequest, Delta, Event, Label, Signals, value

IN_PLACE = 2_000  # characters that are classified on the event loop
PARSED_IN_PLACE = 32_000  # bytes, which take some milliseconds at the worst: thousands of small objects

_log = logging.getLogger("pointsman.pipeline")


class Pipeline:
    """One for the process; everything of a request is in its `Exchange`."""

    def __init__(self, classifier: Classifier, book: Book, cascade: Cascade | None = None) -> None:
        self._classifier, self._book, self._cascade = classifier, book, cascade
        self._conversations = Conversations()

    async def serve(self, incoming: Incoming, reply: Reply, force: InForce) -> None:
        """Serves one request to its end; cancelled when the caller hangs up, which is accounted too."""
        exchange = Exchange(incoming.request_id, perf_counter(), time(), force.policy)
        flow = _Flow(self._classifier, self._cascade, self._conversations, incoming, reply, force, exchange)
        try:
            await flow.run()
        except asyncio.CancelledError:
            exchange.error = HungUp("The caller left.")
            self._account(exchange, force)
            raise
        except GatewayError as error:
            exchange.error = error
        except Exception:
            _log.exception("Request %s failed inside the gateway", incoming.request_id)
            exchange.error = InternalError.logged()
        self._account(exchange, force)
        if exchange.error is None:
            await reply.finish(exchange)
        else:
            await reply.fail(exchange.error, exchange)

    def _account(self, exchange: Exchange, force: InForce) -> None:
        exchange.ended = perf_counter()
        try:
            entered = self._book.enter(exchange, force.prices)
        except Exception:  # an answer is not lost over its accounting
            _log.exception("Request %s could not be accounted", exchange.request_id)
            entered = False
        if not entered and force.policy.on_ledger_failure == "refuse" and exchange.error is None:
            exchange.error = InternalError(
                "The ledger cannot be written, and the policy wants every answer in it."
            )


@value
class _Flow:
    """One request's way through the gateway."""

    classifier: Classifier
    cascade: Cascade | None
    conversations: Conversations
    incoming: Incoming
    reply: Reply
    force: InForce
    exchange: Exchange

    async def run(self) -> None:
        """
        Raises:
            GatewayError: what the caller is told.
        """
        exchange, policy = self.exchange, self.force.policy
        caller = exchange.caller = identify(policy, self.incoming.headers)
        body = await self.incoming.body()
        with self._timed("admit"):
            parsed = await self._parsed(body, caller)
            thread = self.conversations.resume(parsed, caller, self.incoming.headers)
        with self._timed("classify"):
            request, facts = await self._understood(parsed, caller)
        with self._timed("decide"):
            said = guard(policy, facts)
        mask = None
        if said.masking:
            with self._timed("mask"):
                exchange.unmasked = request
                request, mask = await self._masked(request, facts, said.masking)
            facts = replace(facts, label=request.label)
        with self._timed("decide"):
            request = exchange.request = thread.trusting(request)
            decision = exchange.decision = route(policy, replace(facts, stays=thread.stays), said)
        left = partial(left_of, guards=said.masking)
        inflow = Inflow(self.classifier.find, caller.clearance, mask, left)
        await self._act(decision, self._served(request, mask), inflow, thread)
        refused = withheld(exchange) if request.keep else None
        if refused is not None:
            exchange.note(refused)

    async def _parsed(self, body: bytes, caller: Caller) -> ChatRequest:
        if len(body) > PARSED_IN_PLACE or self.incoming.refers:
            return await asyncio.to_thread(self._read, body, caller)
        return self._read(body, caller)

    def _read(self, body: bytes, caller: Caller) -> ChatRequest:
        headers, named = self.incoming.headers, self.force.policy.forwards
        return forwarding(self.incoming.parse(body, caller), headers, named, self.classifier.find)

    async def _understood(self, parsed: ChatRequest, caller: Caller) -> tuple[ChatRequest, Facts]:
        """Labels the request, and asks the indexes that may be asked whether they can answer it."""
        exchange, policy, headers = self.exchange, self.force.policy, self.incoming.headers
        request, signals = await self._labelled(parsed, caller)
        exchange.request = request
        if self.cascade is not None:
            signals = await self.cascade.refined(request, signals)
        if policy.knowledge and request.api is not Api.EMBEDDINGS:
            bases = policy.knowledge.values()
            signals, refused = await consult(signals, request, caller, bases, self.force.parts)
            for refusal in refused:
                exchange.note(refusal)
        exchange.signals, exchange.headers = signals, self.incoming.named(policy.header_names)
        facts = facts_of(request, signals, caller, exchange.headers, headers)
        exchange.sticky = facts.sticky
        return request, facts

    async def _labelled(self, parsed: ChatRequest, caller: Caller) -> tuple[ChatRequest, Signals]:
        """In place where that takes less than a millisecond, else beside the event loop."""

        def read() -> tuple[ChatRequest, Signals]:
            signals, unreadable = self.classifier.classify(parsed), self.force.policy.unreadable
            return labelled(parsed, signals, caller, unreadable, self.incoming.headers), signals

        if sum(len(message.text) for message in parsed.messages) + len(parsed.outside) <= IN_PLACE:
            return read()
        return await asyncio.to_thread(read)

    async def _masked(
        self, request: ChatRequest, facts: Facts, guards: Sequence[Guard]
    ) -> tuple[ChatRequest, Mask]:
        """The request as these guards leave it, and the map to undo that."""

        def parse(body: bytes) -> ChatRequest:
            return self._read(body, facts.caller)

        masker = Masker(parse, self.classifier, self.force.policy.unreadable)
        hidden = await asyncio.to_thread(
            masker, request, facts.signals, guards, facts.caller, self.incoming.headers
        )
        self.exchange.note(hidden.note)
        return hidden.request, hidden.mask

    def _served(self, request: ChatRequest, mask: Mask | None) -> ChatRequest:
        """The request for models: an upstream keeps nothing of what the policy keeps out of the store."""
        hidden = Label.PUBLIC if mask is None else mask.label
        if not request.keep or withheld(self.exchange, hidden) is None:
            return request
        return replace(request, keep=False)

    async def _act(self, decision: Decision, request: ChatRequest, inflow: Inflow, thread: Thread) -> None:
        exchange = self.exchange
        for refused in decision.refused:
            exchange.note(refused)
        if decision.blocked_by is not None:
            raise Blocked(_why(decision.blocked_by))
        if not decision.candidates:
            raise no_model_in_service() if decision.unserved else no_cleared_model(request)

        async def emit(event: Event) -> None:
            thread.hear(event, exchange.route)
            if isinstance(event, Delta | Answer):
                exchange.content(event, perf_counter())
                await self.reply.event(event, exchange)
            else:
                exchange.note(event)

        who = "" if exchange.caller is None else exchange.caller.name
        serve = compose(decision, self.force.parts, self.force.spend, inflow, who, request.api)
        mask = inflow.mask
        if mask is None:
            await serve(request, emit)
            return

        async def unhidden(event: Event) -> None:
            exchange.hidden = mask.label  # what an answer says of its being kept goes by it
            await emit(event)

        unmasking = Unmasking(mask, request.wants_json, unhidden)
        await serve(request, unmasking.emit)
        await unmasking.finish()

    def _timed(self, stage: str) -> _Timed:
        return _Timed(self.exchange, stage)


def _why(guard: Guard) -> str:
    """What a caller is told whom this guard has blocked, one that masks included."""
    if not guard.mask:
        return guard.block or "This request is not allowed here."
    return (
        f"The policy masks parts of this request (guard {guard.name!r}), and vectors of masked text would "
        "not stand for what was sent. Remove what is sensitive and send again."
    )


class _Timed:
    """`with` it, what runs is told as time of a stage."""

    __slots__ = ("_exchange", "_stage", "_started")

    def __init__(self, exchange: Exchange, stage: str) -> None:
        self._exchange, self._stage = exchange, stage

    def __enter__(self) -> None:
        self._started = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._exchange.spend(self._stage, perf_counter() - self._started)
