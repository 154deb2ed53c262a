"""What the gateway would understand of a request: read, labelled, the indexes asked, and no model called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from gateway import __version__
from gateway.access.forwarding import forwarding
from gateway.access.keys import ANYONE
from gateway.accounting.metrics import Metrics
from gateway.api.wire import chat_request
from gateway.classify.cascade import Cascade
from gateway.classify.classifier import LinearClassifier
from gateway.classify.knowledge import consult
from gateway.classify.label import labelled
from gateway.inbound import facts_of, readable
from gateway.interfaces import Classifier, Parts
from gateway.masking import Masker
from gateway.parts import BuiltParts, PartsBuilder, attempt, refreshed
from gateway.policy.evaluate import Decision, Facts, guard, route
from gateway.policy.mistakes import proposal
from gateway.policy.schema import Policy
from gateway.settings import Settings
from gateway.types import Caller, ChatRequest, Masked, Refused

Indexing = Callable[[str], None]
"""Told of each knowledge base before it is read."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A request with its label, all that a condition can read of it, and the bases that it may not ask."""

    request: ChatRequest
    facts: Facts
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """A request guarded, masked and routed; `facts` hold the final label, `understood` what came."""

    understood: Understood
    facts: Facts
    decision: Decision
    masked: Masked | None = None


@dataclass(frozen=True, slots=True)
class Understanding:
    """Understands requests under one policy, as they would be when they come in over HTTP."""

    policy: Policy
    parts: Parts
    classifier: Classifier
    cascade: Cascade | None = None

    async def of(self, parsed: ChatRequest, caller: Caller, headers: Mapping[str, str]) -> Understood:
        """`headers` by their names in small letters.

        Raises:
            InvalidRequest: the header of the sensitivity names no label.
        """
        policy = self.policy
        sent = _sent(headers)
        parsed = self._forwarding(parsed, sent)
        signals = await asyncio.to_thread(self.classifier.classify, parsed)
        request = labelled(parsed, signals, caller, policy.unreadable, sent)
        if self.cascade is not None:
            signals = await self.cascade.refined(request, signals)
        informed, refused = await consult(signals, request, caller, policy.knowledge.values(), self.parts)
        named = readable({name: headers[name] for name in policy.header_names if name in headers})
        return Understood(request, facts_of(request, informed, caller, named, sent), tuple(refused))

    async def decided(self, parsed: ChatRequest, caller: Caller, headers: Mapping[str, str]) -> Decided:
        """The request understood, then guarded, masked and routed, in the pipeline's order and by its parts.

        Raises:
            InvalidRequest: the header of the sensitivity names no label.
            UnknownModel, Forbidden: as `evaluate.guard` does.
            Blocked: what has to be masked is held upstream.
        """
        understood = await self.of(parsed, caller, headers)
        facts, said = understood.facts, guard(self.policy, understood.facts)
        masked: Masked | None = None
        if said.masking:

            def parse(body: bytes) -> ChatRequest:
                return self._forwarding(chat_request(body), _sent(headers))

            masker = Masker(parse, self.classifier, self.policy.unreadable)
            hidden = await asyncio.to_thread(
                masker, understood.request, facts.signals, said.masking, caller, _sent(headers)
            )
            facts, masked = replace(facts, label=hidden.request.label), hidden.note
        return Decided(understood, facts, route(self.policy, facts, said), masked)

    def _forwarding(self, parsed: ChatRequest, sent: Mapping[bytes, bytes]) -> ChatRequest:
        return forwarding(parsed, sent, self.policy.forwards, self.classifier.find)


def caller_named(policy: Policy, name: str | None) -> Caller:
    """The policy's caller of that name; without a name, anyone.

    Raises:
        ValueError: the policy names no such caller.
    """
    if name is None:
        return ANYONE
    for known in policy.callers:
        if known.caller.name == name:
            return known.caller
    names = [known.caller.name for known in policy.callers]
    raise ValueError(f"the policy names no caller '{name}'; {proposal(name, names, 'it names')}")


def _sent(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


@asynccontextmanager
async def understanding(
    policy: Policy, settings: Settings, indexing: Indexing = lambda name: None
) -> AsyncIterator[Understanding]:
    """An understanding of its own for a policy folder: the classifier, and the indexes brought up to date."""
    builder, parts = PartsBuilder(settings, Metrics(__version__)), BuiltParts()
    try:
        builder.add_knowledge(parts, policy, BuiltParts())
        for name, part in parts.bases.items():
            indexing(name)
            await attempt(f"knowledge {name}", part, partial(refreshed, part.value))
        classifier = await asyncio.to_thread(LinearClassifier)
        yield Understanding(policy, parts, classifier)
    finally:
        await parts.close()
        await builder.close()
