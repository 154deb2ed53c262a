"""POST /admin/explain: why the gateway would serve a request as it would, for admins alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.access.keys import admin
from gateway.api.door import check_head, headers_of, read_body
from gateway.api.endpoint import Lease
from gateway.api.members import object_of
from gateway.api.wire import chat_request
from gateway.errors import InvalidRequest
from gateway.inbound import InForce
from gateway.policy.analysis.explain import Explanation
from gateway.policy.mistakes import proposal
from gateway.policy.schema import Policy
from gateway.types import Caller, ChatRequest

_SHAPE = 'send {"request": {a chat request}}, and if wanted "as": "CALLER" and "headers": {"NAME": "VALUE"}'
_LONGEST_NAME = 80  # characters of a name that an error repeats


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be explained as `caller` would make it; `headers` by their names in small letters."""

    request: ChatRequest
    caller: Caller
    headers: Mapping[str, str]


Explain = Callable[[InForce, Asked], Awaitable[Explanation]]


def routes(lease: Callable[[], Lease], explain: Explain, max_body: int, patience: float) -> list[Route]:
    async def explained(request: Request) -> Response:
        headers = headers_of(request.scope["headers"])
        with lease() as force:
            caller = admin(force.policy, headers)
            check_head(request.method, headers, max_body)
            body = await read_body(request.receive, max_body, patience)
            asked = await asyncio.to_thread(read, body, force.policy, caller)
            explanation = await explain(force, asked)
        told = {"cache-control": "no-store", "x-pointsman-policy": explanation.revision}
        return JSONResponse(explanation.as_dict(), headers=told)

    return [Route("/admin/explain", explained, methods=["POST"])]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    request: msgspec.Raw
    caller: str | None = msgspec.field(name="as", default=None)
    headers: dict[str, str] = {}


_body = msgspec.json.Decoder(_Body)


def read(body: bytes, policy: Policy, admin: Caller) -> Asked:
    """What a body asks; of the admin itself, unless it says `as` whom.

    Raises:
        InvalidRequest: it is not as it should be, the request in it included.
    """
    object_of(body)
    try:
        given = _body.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}: {_SHAPE}.") from None
    caller = admin if given.caller is None else _named(policy, given.caller)
    headers = {name.lower(): value for name, value in given.headers.items()}
    if len(headers) < len(given.headers):
        raise InvalidRequest("a header is named twice: their letters' case does not matter", param="headers")
    return Asked(chat_request(bytes(given.request)), caller, headers)


def _named(policy: Policy, name: str) -> Caller:
    for known in policy.callers:
        if known.caller.name == name:
            return known.caller
    names = [known.caller.name for known in policy.callers]
    shown = name[:_LONGEST_NAME]
    raise InvalidRequest(
        f"the policy names no caller {shown!r}; {proposal(shown, names, 'it names')}", param="as"
    )
