"""A decision to a strategy: what wraps what."""

from __future__ import annotations

from gateway.interfaces import Parts, Strategy
from gateway.policy.evaluate import Decision
from gateway.strategies.call import call
from gateway.strategies.count import count
from gateway.strategies.fallback import fallback
from gateway.strategies.inflow import Inflow
from gateway.strategies.retrieve import retrieve
from gateway.strategies.tools import Spend, tools
from gateway.types import Api


def compose(decision: Decision, parts: Parts, spend: Spend, inflow: Inflow, api: Api = Api.CHAT) -> Strategy:
    """retrieve ∘ tools ∘ fallback ∘ call, as far as the decision's route asks for them.

    What is only counted is what the caller sent, whatever a route would add.
    """
    if api is Api.COUNT:
        return fallback([(spec.name, count(spec, parts.model(spec.name))) for spec in decision.candidates])
    strategy = fallback([(spec.name, call(spec, parts.model(spec.name))) for spec in decision.candidates])
    route = decision.route
    if route is None:
        return strategy
    if route.tools is not None and decision.tools:
        servers = [(source, parts.tools(source.name)) for source in decision.tools]
        strategy = tools(strategy, route.tools, servers, spend, inflow)
    if route.retrieve is not None:  # with no base that may be asked, the model is told that nothing was found
        bases = [(base, parts.knowledge(base.name)) for base in decision.knowledge]
        strategy = retrieve(strategy, route.retrieve, bases, inflow)
    return strategy
