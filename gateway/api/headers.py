"""The headers that a reply carries: how the request was understood and served."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.accounting.exchange import Exchange
from gateway.api.dialect import Headers
from gateway.types import Freshness, Guess, Task

MAX_NAMES = 8  # in one header


def response_headers(exchange: Exchange) -> Headers:
    """The `x-pointsman-…` headers, as far as they are known and may be told."""
    told = {
        b"x-pointsman-policy": exchange.policy.revision,
        b"x-pointsman-route": exchange.route,
        b"x-pointsman-model": exchange.model,
        b"x-pointsman-sources": _sources(exchange) if exchange.retrievals else None,
        b"x-pointsman-held-back": _held_back(exchange) if exchange.tool_uses else None,
        b"x-pointsman-overhead-ms": f"{exchange.overhead * 1000:.2f}",
        b"x-pointsman-cost-usd": None if exchange.cost_usd is None else f"{exchange.cost_usd.normalize():f}",
        **(_labels(exchange) if discloses(exchange) else {}),
    }
    return [(name, value.encode("latin-1", "replace")) for name, value in told.items() if value]


def discloses(exchange: Exchange) -> bool:
    """Whether the caller is told how the request was understood."""
    own = exchange.caller.disclose if exchange.caller else None
    return exchange.policy.disclose if own is None else own


def _labels(exchange: Exchange) -> dict[bytes, str]:
    if exchange.signals is None or exchange.label is None:
        return {}
    return {
        b"x-pointsman-task": _task(exchange.signals.task),
        b"x-pointsman-freshness": _freshness(exchange.signals.freshness),
        b"x-pointsman-sensitivity": exchange.label.word,
    }


def _task(guess: Guess[Task]) -> str:
    return guess.best.value + ("; unsure" if guess.unsure else "")


def _freshness(guess: Guess[Freshness]) -> str:
    return guess.best.word + ("; unsure" if guess.unsure else "")


def _sources(exchange: Exchange) -> str:
    """The documents that the model was shown, in the numbering of the prompt; the answer may use none."""
    return _names(passage.source for found in exchange.retrievals for passage in found.passages)


def _held_back(exchange: Exchange) -> str:
    """The tools that untrusted text may have asked for, and that were not called before the reply began."""
    return _names(use.tool for use in exchange.tool_uses if use.status == "held_back")


def _names(names: Iterable[str]) -> str:
    printable = [name for name in dict.fromkeys(names) if name.isprintable()]
    return ", ".join(name.replace(",", "%2C") for name in printable[:MAX_NAMES])
