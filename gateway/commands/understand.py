"""What the gateway would understand of a request: read, labelled, the indexes asked, and no model called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway import __version__
from gateway.accounting.metrics import Metrics
from gateway.classify.classifier import LinearClassifier
from gateway.classify.knowledge import consult
from gateway.classify.label import label_of
from gateway.inbound import MAX_HEADER, facts_of
from gateway.interfaces import Classifier, Parts
from gateway.parts import BuiltParts, PartsBuilder, attempt
from gateway.policy.evaluate import Facts
from gateway.policy.schema import Policy
from gateway.settings import Settings
from gateway.types import Caller, ChatRequest, Refused

Indexing = Callable[[str], None]
"""Told of each knowledge base before it is read."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A request with its label, all that a condition can read of it, and the bases that it may not ask."""

    request: ChatRequest
    facts: Facts
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Understanding:
    """Understands requests under one policy, as they would be when they come in over HTTP."""

    policy: Policy
    parts: Parts
    classifier: Classifier

    async def of(self, parsed: ChatRequest, caller: Caller, headers: Mapping[str, str]) -> Understood:
        """`headers` by their names in small letters.

        Raises:
            InvalidRequest: the header of the sensitivity names no label.
        """
        policy = self.policy
        sent = {name.encode(): value.encode() for name, value in headers.items()}
        signals = self.classifier.classify(parsed)
        request = parsed.labelled(label_of(signals, caller, policy.unreadable, sent))
        informed, refused = await consult(signals, request, caller, policy.knowledge.values(), self.parts)
        named = {name: headers[name][:MAX_HEADER] for name in policy.header_names if name in headers}
        return Understood(request, facts_of(request, informed, caller, named, sent), tuple(refused))


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
            await attempt(f"knowledge {name}", part, part.value.refresh)
        classifier = await asyncio.to_thread(LinearClassifier)
        yield Understanding(policy, parts, classifier)
    finally:
        await parts.close()
        await builder.close()
