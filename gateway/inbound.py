"""What meets in the pipeline: a policy in force, a request at the door, and the reply that it gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from gateway.accounting.cost import cost
from gateway.accounting.exchange import Exchange
from gateway.errors import GatewayError
from gateway.interfaces import Parts
from gateway.policy.evaluate import Facts
from gateway.policy.schema import Policy, Price
from gateway.types import Answer, Api, Caller, ChatRequest, Delta, Signals, Usage, value

MAX_HEADER = 256  # bytes of a header that a condition may read
CONVERSATION = b"x-pointsman-conversation"  # a caller's own name for a conversation


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy, and what was built for it; a request keeps the one that it started with."""

    policy: Policy
    parts: Parts
    prices: Mapping[str, Price | None]

    def spend(self, model: str, usage: Usage) -> float:
        price = self.prices.get(model)
        return 0.0 if price is None else float(cost(usage, price))


@value
class Incoming:
    """A request at the door: its body is read once its caller is known."""

    request_id: str
    headers: Mapping[bytes, bytes]
    body: Callable[[], Awaitable[bytes]]
    parse: Callable[[bytes, Caller], ChatRequest]
    refers: bool = False  # a short body may stand for a long one

    def named(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the named headers that were sent, as far as a condition may read them."""
        sent = ((name, self.headers.get(name.encode())) for name in names)
        return readable({name: value.decode("latin-1") for name, value in sent if value is not None})


def readable(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a condition may read; a longer one is unknown: cut, it could mislead a guard."""
    return {name: value for name, value in headers.items() if len(value) <= MAX_HEADER}


class Reply(Protocol):
    """What the caller's protocol makes of events."""

    async def event(self, event: Delta | Answer, exchange: Exchange) -> None: ...
    async def finish(self, exchange: Exchange) -> None: ...
    async def fail(self, error: GatewayError, exchange: Exchange) -> None: ...


def facts_of(
    request: ChatRequest,
    signals: Signals,
    caller: Caller,
    named: Mapping[str, str],
    sent: Mapping[bytes, bytes],
) -> Facts:
    """All that a condition can read: of the headers `sent`, those that are `named` in one."""
    return Facts(
        signals=signals,
        caller=caller,
        model=request.model,
        label=request.label,
        stream=request.stream,
        metadata=request.metadata,
        headers=named,
        sticky=_conversation(request, caller, sent),
        embeds=request.api is Api.EMBEDDINGS,
    )


def _conversation(request: ChatRequest, caller: Caller, sent: Mapping[bytes, bytes]) -> str:
    """What keeps a conversation with one model of a canary: a hash of its id, else of how it began.

    Its 16 bits are enough to draw by and too few to tell a text by, so that the ledger may keep them.
    """
    named = sent.get(CONVERSATION)
    first = next((m.text for m in request.messages if m.role == "user"), "")
    key = f"{caller.name}/{named.decode('latin-1') if named else first}"
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=2).hexdigest()
