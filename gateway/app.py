"""The composition root: joins the parts to the endpoints of models and to the application of all the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from starlette.applications import Starlette

from gateway.accounting.book import Book
from gateway.accounting.ledger import JournalLedger, folder_of
from gateway.accounting.metrics import Metrics
from gateway.api import admin, models, ops
from gateway.api.chat import CHAT
from gateway.api.completions import COMPLETIONS
from gateway.api.dialect import Dialect
from gateway.api.door import Room
from gateway.api.embeddings import EMBEDDINGS
from gateway.api.endpoint import Endpoint
from gateway.api.messages.dialect import COUNT_TOKENS, MESSAGES
from gateway.api.openapi import document
from gateway.api.ops import Readiness
from gateway.api.responses import routes as kept_responses
from gateway.api.responses.dialect import responses
from gateway.api.rest import Rest
from gateway.classify.cascade import Cascade
from gateway.classify.classifier import LinearClassifier
from gateway.commands.explain import explanation
from gateway.commands.understand import Understanding
from gateway.holder import Holder
from gateway.inbound import InForce
from gateway.parts import LOADING
from gateway.pipeline import Pipeline
from gateway.policy.analysis.explain import Explanation
from gateway.settings import Settings
from gateway.stored.memory import Memory
from gateway.stored.upstream import forget_upstream
from gateway.types import KeptResponse

CHAT_PATH = "/v1/chat/completions"
COMPLETIONS_PATH = "/v1/completions"
EMBEDDINGS_PATH = "/v1/embeddings"
MESSAGES_PATH = "/v1/messages"
RESPONSES_PATH = "/v1/responses"


class App(NamedTuple):
    """The hot path by hand, everything else by Starlette."""

    endpoints: Mapping[str, Endpoint]
    rest: Rest


def build(settings: Settings, holder: Holder, metrics: Metrics, cascade: Cascade | None = None) -> App:
    """All that is served; the lifespan of the rest starts the parts and closes them."""
    ledger = JournalLedger(folder_of(settings.data_dir))
    classifier = LinearClassifier()
    book = Book(ledger, metrics, classifier.find)
    store = Memory()
    pipeline = Pipeline(classifier, book, cascade)
    room = Room(settings.max_requests)

    def endpoint(dialect: Dialect) -> Endpoint:
        return Endpoint(
            dialect, pipeline, holder.lease, settings.max_body, classifier.find, settings.patience, room
        )

    endpoints = {
        CHAT_PATH: endpoint(CHAT),
        COMPLETIONS_PATH: endpoint(COMPLETIONS),
        EMBEDDINGS_PATH: endpoint(EMBEDDINGS),
        MESSAGES_PATH: endpoint(MESSAGES),
        MESSAGES_PATH + "/count_tokens": endpoint(COUNT_TOKENS),
        RESPONSES_PATH: endpoint(responses(store)),
    }

    async def explain(force: InForce, asked: admin.Asked) -> Explanation:
        understand = Understanding(force.policy, force.parts, classifier, cascade)
        prices = force.prices
        return await explanation(
            understand, asked.request, asked.caller, asked.headers, lambda model: prices.get(model.name)
        )

    async def forget(response: KeptResponse) -> None:
        with holder.lease() as force:
            await forget_upstream(response, force)

    def readiness() -> Readiness:
        states = holder.states() | {"ledger": "failing: see the log" if book.failing else "ready"}
        loading = any(state == LOADING for state in states.values())
        return Readiness(not loading, holder.error, states)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(store.sweeping())
        async with holder.running():
            yield
        sweeping.cancel()
        if cascade is not None:
            await cascade.close()
        ledger.close()

    rest = Rest(
        [
            *models.routes(holder.current),
            *kept_responses.routes(holder.current, store, forget),
            *admin.routes(holder.lease, explain, settings.max_body, settings.patience),
            *ops.routes(holder.current, readiness, metrics),
            *document.routes(),
        ],
        lifespan,
        endpoints,
        classifier.find,
    )
    return App(endpoints, rest)
