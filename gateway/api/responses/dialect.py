"""What the endpoint at /v1/responses knows of its API."""

from __future__ import annotations

from gateway.api.chat import told
from gateway.api.dialect import Dialect
from gateway.api.responses.reading import RequestReader
from gateway.api.responses.rendering import ResponseRendering
from gateway.interfaces import ResponseStore
from gateway.types import Api


def responses(store: ResponseStore) -> Dialect:
    """The API, with what `store` keeps of it."""
    return Dialect(
        Api.RESPONSES,
        RequestReader(store),
        lambda request_id, created: ResponseRendering(store, created),
        told,
        refers=True,
    )
