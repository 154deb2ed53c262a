"""What of a caller's own words the ledger may keep, as the gate says."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from gateway.accounting.exchange import Exchange
from gateway.interfaces import FindText
from gateway.labels import Cleared, NotCleared, clear, highest
from gateway.policy.naming import AUTO, ROUTE, matches
from gateway.policy.schema import Policy
from gateway.types import Finding, Label, Refused

KIND = "ledger"


class Words(Struct, frozen=True):
    """What a condition can read of what a caller wrote beside its messages; None: it is not kept.

    A header that the policy reads and that was not sent is null. A model's name that the policy knows is the
    policy's word; of any other, the alias that took it is.
    """

    model: str | None
    metadata: Mapping[str, str] | None
    headers: Mapping[str, str | None] | None


def words_of(exchange: Exchange, find: FindText) -> Cleared[Words]:
    """The words as far as the ledger is cleared for them; what is left out is noted as a refusal.

    They carry the label that the request had before it was masked: headers and the name were not. Metadata is
    kept as it was sent on, with placeholders where conditions read the values. No model reads them, so what
    they hold is no part of that label: `find` looks for what has a shape in them.
    """
    policy = exchange.policy
    if _says_nothing(exchange):
        return clear(Words(_model(exchange), {}, {}), Label.PUBLIC, policy.log, KIND)
    said = _said(exchange)
    label = highest((_label(exchange), *(found.label for found in _found(said, policy, find))))
    try:
        return clear(said, label, policy.log, KIND)
    except NotCleared:
        left = _left(exchange, said)
        if left != said:
            exchange.note(Refused(KIND, policy.log.name, label))
        return clear(left, Label.PUBLIC, policy.log, KIND)


def _says_nothing(exchange: Exchange) -> bool:
    """Whether all that the caller wrote beside its messages is a name of the policy's: as most do."""
    request, policy = exchange.request, exchange.policy
    return (
        request is not None
        and not request.metadata
        and not policy.header_names
        and (request.model == AUTO or request.model in policy.models)
        and _clean(exchange)
    )


def _model(exchange: Exchange) -> str | None:
    """The name that the caller asked for; one that nothing is known by may say anything."""
    request = exchange.request
    return request.model if request is not None and exchange.decision else None


def _label(exchange: Exchange) -> Label:
    before = exchange.masked.before if exchange.masked is not None else Label.PUBLIC
    return highest((exchange.label or Label.PUBLIC, before))


def _said(exchange: Exchange) -> Words:
    request, policy = exchange.request, exchange.policy
    if request is None:
        return Words(None, None, None)
    return Words(
        _model(exchange),
        dict(request.metadata) if _clean(exchange) else None,
        {name: exchange.headers.get(name) for name in sorted(policy.header_names)},
    )


def _found(said: Words, policy: Policy, find: FindText) -> tuple[Finding, ...]:
    pairs = [*(said.metadata or {}).items(), *((said.headers or {}).items())]
    lines = [f"{name}: {value}" for name, value in pairs if value]
    if said.model and _known(policy, said.model) != said.model:
        lines.append(said.model)
    return find("\n".join(lines)) if lines else ()


def _clean(exchange: Exchange) -> bool:
    """Nothing sensitive was found outside the messages, where metadata is."""
    signals = exchange.signals
    return signals is not None and (not signals.findings or all(f.message >= 0 for f in signals.findings))


def _left(exchange: Exchange, said: Words) -> Words:
    """What of them is the policy's own."""
    return Words(
        said.model and _known(exchange.policy, said.model),
        None if said.metadata else said.metadata,
        None if any((said.headers or {}).values()) else said.headers,
    )


def _known(policy: Policy, name: str) -> str | None:
    route = name.removeprefix(ROUTE)
    if name == AUTO or name in policy.models or name in policy.aliases:
        return name
    if name.startswith(ROUTE) and policy.route(route) is not None:
        return name
    fitting = [alias for alias in policy.aliases if matches(alias, name)]
    return max(fitting, key=len, default=None)
