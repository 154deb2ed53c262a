"""Puts what the documents say into the prompt, numbered, and names the sources that the answer cites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from gateway.interfaces import Emit, Retriever, Strategy
from gateway.labels import NotCleared, clear, highest
from gateway.policy.schema import Knowledge, Retrieve
from gateway.strategies.amend import with_more, with_text
from gateway.strategies.inflow import Inflow
from gateway.strategies.message import before_last_user, nothing_found_message, passages_message
from gateway.types import Answer, ChatRequest, Delta, Event, Passage, Refused, Retrieved

_CITED = re.compile(r"\[(\d{1,2})\]")


def retrieve(
    inner: Strategy, spec: Retrieve, bases: Sequence[tuple[Knowledge, Retriever]], inflow: Inflow
) -> Strategy:
    """`inner`, its request augmented by the best passages of `bases`.

    The label of what flows in raises the request's: its base's, or what can be found in its text. What is
    above the caller's clearance does not flow in.
    """

    async def strategy(request: ChatRequest, emit: Emit) -> None:
        found, took = await _search(request, spec, bases, emit)
        taken = [each for passage in found if (each := _taken(passage, inflow))]
        passages = tuple(_masked(each, inflow) for each in taken)  # once all that they name is known
        asked = tuple(took)
        await emit(Retrieved(asked, passages, tuple(took.values())))
        cites = passages and not request.wants_json
        await inner(
            _augmented(request, spec, passages, asked), _Citing(passages, emit).emit if cites else emit
        )

    return strategy


async def _search(
    request: ChatRequest, spec: Retrieve, bases: Sequence[tuple[Knowledge, Retriever]], emit: Emit
) -> tuple[tuple[Passage, ...], dict[str, float]]:
    """The best passages over all bases, best first, and how many seconds each base that was asked took."""
    found: list[Passage] = []
    took: dict[str, float] = {}
    for knowledge, retriever in bases:
        try:
            query = clear(request.question, request.label, knowledge, "retriever")
        except NotCleared as refused:
            await emit(Refused(refused.kind, refused.destination, refused.label))
            continue
        started = perf_counter()
        found.extend(await retriever.search(query, spec.top))
        took[knowledge.name] = perf_counter() - started
    found.sort(key=lambda passage: -passage.score)
    return tuple(found[: spec.top]), took


def _taken(passage: Passage, inflow: Inflow) -> Passage | None:
    """The passage as it flows in; None where this caller may not see it."""
    taken = [inflow.take(passage.label, part) for part in (passage.text, passage.title, passage.source)]
    parts = [part for part in taken if part is not None]
    if len(parts) < len(taken):
        return None
    text, title, source = (part.text for part in parts)
    label = highest(part.label for part in parts)
    return replace(passage, text=text, title=title, source=source, label=label)


def _masked(passage: Passage, inflow: Inflow) -> Passage:
    parts = {name: inflow.hidden(getattr(passage, name)) for name in ("text", "title", "source")}
    return replace(passage, **parts)


def _augmented(
    request: ChatRequest, spec: Retrieve, passages: tuple[Passage, ...], asked: tuple[str, ...]
) -> ChatRequest:
    label = highest([request.label, *(passage.label for passage in passages)])
    if passages:
        added = passages_message(passages, highest(passage.label for passage in passages))
    elif spec.when_empty == "say_so":
        added = nothing_found_message(request.label)
    else:
        return replace(request, searched=asked)
    messages = before_last_user(request.messages, added)
    return replace(request.labelled(label), messages=messages, searched=asked, passages=passages)


class _Citing:
    """Lists the cited sources at the end of the answer."""

    def __init__(self, passages: tuple[Passage, ...], emit: Emit) -> None:
        self._passages, self._emit = passages, emit
        self._text = ""

    async def emit(self, event: Event) -> None:
        if isinstance(event, Answer):
            event = with_text(event, event.text + self._sources(event.text)) if event.text else event
        elif isinstance(event, Delta):
            self._text += event.text
            sources = self._sources(self._text) if event.finish == "stop" else ""
            event = with_more(event, sources) if sources else event
        await self._emit(event)

    def _sources(self, text: str) -> str:
        cited = sorted({int(n) for n in _CITED.findall(text)})
        named = [f"[{n}] {title(self._passages[n - 1])}" for n in cited if 1 <= n <= len(self._passages)]
        return "\n\nSources: " + "; ".join(named) if named else ""


def title(passage: Passage) -> str:
    """A passage's source as a reader knows it."""
    return f"{passage.source} › {passage.title}" if passage.title else passage.source
