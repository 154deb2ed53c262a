"""The flow: admit, understand, decide, act, account, reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter, time

from gateway.access.keys import identify
from gateway.accounting.book import Book
from gateway.accounting.exchange import Exchange
from gateway.classify.knowledge import consult
from gateway.classify.label import labelled
from gateway.conversations import Conversations, Thread
from gateway.errors import Blocked, GatewayError, HungUp, InternalError
from gateway.inbound import Incoming, InForce, Reply, facts_of
from gateway.interfaces import Classifier
from gateway.masking import Hidden, Masker
from gateway.policy.evaluate import Decision, Facts, Guarded, guard, route
from gateway.policy.schema import Guard
from gateway.strategies.compose import compose
from gateway.strategies.fallback import no_cleared_model
from gateway.strategies.inflow import Inflow
from gateway.strategies.mask import Unmasking
from gateway.types import Answer, Caller, ChatRequest, Delta, Event, Signals

IN_PLACE = 2_000  # characters that are classified on the event loop
PARSED_IN_PLACE = 100_000  # bytes, which take about a millisecond

_log = logging.getLogger("pointsman.pipeline")


class Pipeline:
    """One for the process; everything of a request is in its `Exchange`."""

    def __init__(self, classifier: Classifier, book: Book) -> None:
        self._classifier, self._book = classifier, book
        self._conversations = Conversations()

    async def serve(self, incoming: Incoming, reply: Reply, force: InForce) -> None:
        """Serves one request to its end; cancelled when the caller hangs up, which is accounted too."""
        exchange = Exchange(incoming.request_id, perf_counter(), time(), force.policy)
        try:
            await self._answer(incoming, reply, force, exchange)
        except asyncio.CancelledError:
            exchange.error = HungUp("The caller left.")
            self._account(exchange, force)
            raise
        except GatewayError as error:
            exchange.error = error
        except Exception:
            _log.exception("Request %s failed inside the gateway", incoming.request_id)
            exchange.error = InternalError("Something went wrong inside the gateway; it has been logged.")
        self._account(exchange, force)
        if exchange.error is None:
            await reply.finish(exchange)
        else:
            await reply.fail(exchange.error, exchange)

    async def _answer(self, incoming: Incoming, reply: Reply, force: InForce, exchange: Exchange) -> None:
        caller = exchange.caller = identify(force.policy, incoming.headers)
        body = await incoming.body()
        started = perf_counter()
        beside = len(body) > PARSED_IN_PLACE
        parsed = await asyncio.to_thread(incoming.parse, body) if beside else incoming.parse(body)
        thread = self._conversations.resume(parsed, caller, incoming.headers)
        exchange.spend("admit", perf_counter() - started)
        request, signals = await self._understand(parsed, caller, incoming, force, exchange)
        exchange.request, exchange.signals = request, signals
        said, facts = self._guard(force, request, signals, caller, incoming, exchange)
        hidden = await self._mask(said.masking, request, signals, incoming, force, exchange)
        if hidden is not None:
            request, facts = hidden.request, replace(facts, label=hidden.request.label)
        started = perf_counter()
        request = exchange.request = thread.trusting(request)
        decision = exchange.decision = route(force.policy, replace(facts, stays=thread.stays), said)
        exchange.spend("decide", perf_counter() - started)
        mask = hidden.mask if hidden else None
        inflow = Inflow(self._classifier.find, caller.clearance, mask)
        await self._act(decision, request, reply, force, exchange, inflow, thread)

    async def _understand(
        self, parsed: ChatRequest, caller: Caller, incoming: Incoming, force: InForce, exchange: Exchange
    ) -> tuple[ChatRequest, Signals]:
        """Labels the request, and asks the indexes that may be asked whether they can answer it."""
        started = perf_counter()
        policy = force.policy
        signals = await self._classify(parsed)
        request = labelled(parsed, signals, caller, policy.unreadable, incoming.headers)
        if policy.knowledge:
            bases = policy.knowledge.values()
            signals, refused = await consult(signals, request, caller, bases, force.parts)
            for refusal in refused:
                exchange.note(refusal)
        exchange.spend("classify", perf_counter() - started)
        return request, signals

    async def _classify(self, parsed: ChatRequest) -> Signals:
        """In place where that takes less than a millisecond, else beside the event loop."""
        if sum(len(message.text) for message in parsed.messages) + len(parsed.other_text) <= IN_PLACE:
            return self._classifier.classify(parsed)
        return await asyncio.to_thread(self._classifier.classify, parsed)

    def _guard(
        self,
        force: InForce,
        request: ChatRequest,
        signals: Signals,
        caller: Caller,
        incoming: Incoming,
        exchange: Exchange,
    ) -> tuple[Guarded, Facts]:
        started = perf_counter()
        exchange.headers = incoming.named(force.headers)
        facts = facts_of(request, signals, caller, exchange.headers, incoming.headers)
        exchange.sticky = facts.sticky
        said = guard(force.policy, facts)
        exchange.spend("decide", perf_counter() - started)
        return said, facts

    async def _mask(
        self,
        guards: Sequence[Guard],
        request: ChatRequest,
        signals: Signals,
        incoming: Incoming,
        force: InForce,
        exchange: Exchange,
    ) -> Hidden | None:
        """The request masked by these guards; None where none masks."""
        if not guards or exchange.caller is None:
            return None
        started = perf_counter()
        masker = Masker(incoming.parse, self._classifier.classify, force.policy.unreadable)
        hidden = await asyncio.to_thread(masker, request, signals, guards, exchange.caller, incoming.headers)
        exchange.note(hidden.note)
        exchange.spend("mask", perf_counter() - started)
        return hidden

    async def _act(
        self,
        decision: Decision,
        request: ChatRequest,
        reply: Reply,
        force: InForce,
        exchange: Exchange,
        inflow: Inflow,
        thread: Thread,
    ) -> None:
        for refused in decision.refused:
            exchange.note(refused)
        if decision.blocked_by is not None:
            raise Blocked(decision.blocked_by.block or "This request is not allowed here.")
        if not decision.candidates:
            raise no_cleared_model(request)

        async def emit(event: Event) -> None:
            thread.hear(event, exchange.route)
            if isinstance(event, Delta | Answer):
                exchange.content(event, perf_counter())
                await reply.event(event, exchange)
            else:
                exchange.note(event)

        serve = compose(decision, force.parts, force.spend, inflow)
        if inflow.mask is None:
            await serve(request, emit)
            return
        unmasking = Unmasking(inflow.mask, request.wants_json, emit)
        await serve(request, unmasking.emit)
        await unmasking.finish()

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
