"""The tool agent: a model asks for tools, the gateway calls them, until an answer or a bound is met."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

from gateway.errors import ProviderError, ProviderTimeout
from gateway.interfaces import Emit, Strategy, ToolServer
from gateway.labels import NotCleared, clear
from gateway.masks import named
from gateway.policy.schema import Tools, ToolSource
from gateway.strategies.collect import Collected
from gateway.strategies.inflow import Inflow
from gateway.strategies.message import call_message, made, result_message
from gateway.types import ChatRequest, Label, Refused, ToolCall, ToolResult, ToolSpec, ToolUsed, Tried, Usage

_LONGEST_NAME = 64  # characters, as OpenAI takes them
MAX_CALLS = 16  # of one turn; what is beyond is not called

Spend = Callable[[str, Usage], float]
"""A model's name and what it used → USD."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool under the name that models know it by; `spec.name` is the server's own."""

    spec: ToolSpec
    source: ToolSource
    server: ToolServer


def tools(
    inner: Strategy,
    spec: Tools,
    servers: Sequence[tuple[ToolSource, ToolServer]],
    spend: Spend,
    inflow: Inflow,
) -> Strategy:
    """`inner`, offered the tools of `servers`, in a loop bounded by steps, seconds and USD.

    A caller's own tools pass through: a turn that asks for one of them is the answer.
    """

    async def strategy(request: ChatRequest, emit: Emit) -> None:
        offers = await _offers(request, servers, spec.time, emit)
        if not offers:
            await inner(request, emit)
            return
        await _Loop(inner, spec, offers, spend, inflow, emit).run(_with_tools(request, offers))

    return strategy


async def _offers(
    request: ChatRequest, servers: Sequence[tuple[ToolSource, ToolServer]], seconds: float, emit: Emit
) -> dict[str, Offer]:
    """What may be offered, by unique name; a server that is down offers nothing, and the note says so."""
    offers: dict[str, Offer] = {}
    taken = {tool.name for tool in request.tools}
    for source, server in servers:
        started = perf_counter()
        try:
            async with asyncio.timeout(min(seconds, source.timeout)):
                specs = await server.tools()
        except (ProviderError, TimeoutError):
            await emit(ToolUsed(source.name, "", "error", perf_counter() - started))
            continue
        for spec in specs:
            name = _free(spec.name, source.name, taken)
            taken.add(name)
            offers[name] = Offer(spec, source, server)
    return offers


def _free(name: str, source: str, taken: Collection[str]) -> str:
    """The name, or where it is taken another that is not: a call must mean one tool only."""
    longer = (f"{source}__{name}", *(f"tool{n}__{source}__{name}" for n in range(2, len(taken) + 3)))
    return next(free for each in (name, *longer) if (free := each[:_LONGEST_NAME]) not in taken)


def _with_tools(request: ChatRequest, offers: Mapping[str, Offer]) -> ChatRequest:
    return replace(request, offered=tuple(replace(o.spec, name=name) for name, o in offers.items()))


class _Loop:
    """One request's agent."""

    def __init__(
        self,
        inner: Strategy,
        spec: Tools,
        offers: Mapping[str, Offer],
        spend: Spend,
        inflow: Inflow,
        emit: Emit,
    ) -> None:
        self._inner, self._spec, self._offers = inner, spec, offers
        self._spend, self._inflow, self._emit = spend, inflow, emit
        self._deadline = perf_counter() + spec.time
        self._used = Usage()
        self._usd = 0.0
        self._held_back: list[str] = []

    async def run(self, request: ChatRequest) -> None:
        for _ in range(self._spec.steps):
            turn = await self._ask(request)
            if not turn.calls:
                await turn.finish(self._used, self._told(request))
                return
            request = await self._act(request, turn)
            if self._spent:
                break
        turn = await self._ask(_conclude(request))
        await turn.conclude(self._used, self._told(request))

    def _told(self, request: ChatRequest) -> str:
        """What the answer says of the tools that were held back, whether or not the model mentions them."""
        if not self._held_back or request.wants_json:
            return ""
        names = ", ".join(dict.fromkeys(self._held_back))
        return (
            f"Held back: {names}. What changes something is not called while text from outside is part "
            "of the conversation."
        )

    @property
    def _spent(self) -> bool:
        over = self._spec.cost is not None and self._usd >= self._spec.cost
        return over or perf_counter() >= self._deadline

    async def _ask(self, request: ChatRequest) -> Collected:
        turn = Collected(
            self._emit, self._account, frozenset(self._offers), request.stream, request.wants_json
        )
        await self._inner(request, turn.emit)
        return turn

    def _account(self, tried: Tried) -> None:
        self._used += tried.usage
        self._usd += self._spend(tried.model, tried.usage)

    async def _act(self, request: ChatRequest, turn: Collected) -> ChatRequest:
        """Calls what the model asked for, one after the other; the results raise the request's label.

        Whether a call has a trusted cause is a matter of what the model had seen when it asked.
        """
        calls = turn.calls[:MAX_CALLS]
        added = [call_message(turn.text, calls, request.label, request.trusted)]
        results = list(request.results)
        label = request.label
        for call in calls:
            offer = self._offers[call.name]
            outcome = await self._call(offer, call, request.labelled(label))
            result, own = (outcome.result, label) if outcome.ours else self._taken(offer, outcome.result)
            label = max(label, own)
            added.append(result_message(call, result.text, own, outcome.ours or offer.source.trusted))
            results.append((replace(offer.spec, name=call.name), result))
        # A choice of tool that the caller forced is made: forcing it again would never end.
        fields = {name: value for name, value in request.fields.items() if name != "tool_choice"}
        messages = (*request.messages, *added)
        return replace(request.labelled(label), messages=messages, results=tuple(results), fields=fields)

    def _taken(self, offer: Offer, result: ToolResult) -> tuple[ToolResult, Label]:
        """The result as it flows in, and its label."""
        source = offer.source.label
        text = self._inflow.take(source, result.text)
        beside = self._inflow.take(source, "\n".join(_words(result.structured)))
        if text is None or beside is None:
            return _failed("Withheld: this caller may not see the result."), source
        said, structured = self._inflow.hidden(text.text), self._inflow.hidden(result.structured)
        return replace(result, text=said, structured=structured), max(text.label, beside.label)

    async def _call(self, offer: Offer, call: ToolCall, request: ChatRequest) -> _Outcome:
        started = perf_counter()
        outcome = await self._try(offer, call, request)
        seconds = perf_counter() - started
        await self._emit(ToolUsed(offer.source.name, offer.spec.name, outcome.status, seconds))
        return outcome

    async def _try(self, offer: Offer, call: ToolCall, request: ChatRequest) -> _Outcome:
        source = offer.source
        writes = offer.spec.writes or offer.spec.name in source.writes
        if writes and not request.trusted and not self._spec.writes_on_untrusted:
            self._held_back.append(offer.spec.name)
            return _not_done(
                "held_back",
                "Held back: this tool changes something, and untrusted text is part of the conversation.",
            )
        try:
            arguments, label = self._inflow.shown(call.arguments, request.label, source.clearance)
            own = replace(call, name=offer.spec.name, arguments=arguments)
            passed = clear(own, label, source, "tool")
            async with asyncio.timeout(max(0.0, self._deadline - perf_counter())):
                result = await offer.server.call(passed)
        except NotCleared as refused:
            await self._emit(Refused(refused.kind, refused.destination, refused.label))
            return _not_done("refused", "Refused: the tool is not cleared for this conversation's data.")
        except (TimeoutError, ProviderTimeout):
            return _not_done("timeout", "The tool did not answer in time.")
        except ProviderError:
            return _not_done("error", "The tool could not be reached.")
        return _Outcome("error" if result.is_error else "ok", result)


class _Outcome(NamedTuple):
    """How a call went; `ours`: its result is the gateway's own word, not the tool's."""

    status: str
    result: ToolResult
    ours: bool = False


def _not_done(status: str, why: str) -> _Outcome:
    return _Outcome(status, _failed(why), ours=True)


def _words(value: object) -> Iterator[str]:
    """Every text, name and number in a JSON value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            yield from (named(name, each) for name, each in item.items())
            stack += item.values()
        elif isinstance(item, list):
            stack += item
        elif item is not None:
            yield str(item)


def _failed(text: str) -> ToolResult:
    return ToolResult(text, is_error=True)


def _conclude(request: ChatRequest) -> ChatRequest:
    """A last turn without tools, once a bound is met."""
    note = made(
        "system",
        "No more tools may be called. Answer with what is known, and say what is missing.",
        label=request.label,
        trusted=True,
    )
    return replace(request, messages=(*request.messages, note), offered=())
