"""Has an upstream delete a response that it keeps."""

from __future__ import annotations

from gateway.backends.failures import failure
from gateway.backends.http import Endpoint, Pool
from gateway.backends.response import Limits

_SECONDS = 5.0
_MOST = 64 * 1024  # bytes of the answer
_GONE = (200, 204, 404)


async def delete(pool: Pool, endpoint: Endpoint) -> None:
    """Raises ProviderError where it is not gone within seconds."""
    response = await pool.send(endpoint, b"", Limits(_SECONDS, _SECONDS, _SECONDS, _SECONDS))
    try:
        body = await response.read(_MOST)
        if response.status not in _GONE:
            raise failure(endpoint.name, response.status, response.headers, body)
    finally:
        response.close()
