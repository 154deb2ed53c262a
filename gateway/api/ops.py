"""Liveness, readiness and metrics, for those who run the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.accounting.metrics import Metrics
from gateway.api.state import Current

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Readiness:
    """`dependencies` maps each part to ready, loading, or what is wrong with it.

    A part that is down does not make the gateway unready: what does not need it is served.
    """

    ready: bool
    policy_error: str | None
    dependencies: dict[str, str]

    @property
    def degraded(self) -> bool:
        return self.policy_error is not None or any(s != "ready" for s in self.dependencies.values())


def routes(current: Current, readiness: Callable[[], Readiness], metrics: Metrics) -> list[Route]:
    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        state = readiness()
        body = {
            "status": "not ready" if not state.ready else "degraded" if state.degraded else "ready",
            "policy": {"revision": current().policy.revision, "last_reload_error": state.policy_error},
            "dependencies": state.dependencies,
        }
        return JSONResponse(body, status_code=200 if state.ready else 503)

    async def exposition(_: Request) -> Response:
        return Response(await asyncio.to_thread(metrics.render), media_type=_EXPOSITION)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", exposition)]
