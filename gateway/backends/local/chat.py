"""The keyless chat model: a wrapper that quotes, calls tools and says results; open chat by SmolLM2."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, date, datetime

from gateway.backends.local.prompt import PROMPT_TOKENS, chatml, tokens
from gateway.backends.local.smollm import Say, SmolLM, Written
from gateway.backends.local.turn import Turn, Wrapper
from gateway.backends.local.unsaid import check
from gateway.errors import ContextLength, ProviderTimeout
from gateway.interfaces import Embedder, Emit
from gateway.labels import Cleared, Destination
from gateway.types import Answer, ChatRequest, Delta, Timeouts, ToolCallDelta, Usage

MAX_TOKENS = 200  # of an open answer, where the request sets no limit
MOST_TOKENS = 512


class LocalChat:
    """Implements `interfaces.ChatModel` with nothing but what is installed.

    Answers from passages are quotes; tools are chosen by similarity, their arguments read by type, their
    results said by template. Only a request with none of these reaches the language model.
    """

    def __init__(
        self,
        model: SmolLM,
        embedder: Embedder | None = None,
        embed_destination: Destination | None = None,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
        name: str = "local",
    ) -> None:
        """`name` is the model's in errors."""
        self._model, self._name = model, name
        self._wrapper = Wrapper(embedder, embed_destination, today)

    @property
    def ready(self) -> bool:
        return self._model.ready

    async def start(self) -> None:
        """Load the language model; see `SmolLM.start`."""
        await self._model.start()

    async def answer(self, request: Cleared[ChatRequest], emit: Emit, timeouts: Timeouts) -> None:
        """As the protocol says. A request that needs the language model waits for it to be loaded."""
        check(self._name, request.value)
        try:
            async with asyncio.timeout(timeouts.total):
                await self._answer(request.value, emit)
        except TimeoutError as error:
            raise ProviderTimeout(f"model {self._name!r} did not finish its answer in time") from error

    async def _answer(self, asked: ChatRequest, emit: Emit) -> None:
        turn = await self._wrapper.turn(asked)
        if turn is None:
            await self._talk(asked, emit)
        elif turn.calls:
            await _call(asked, turn, emit)
        else:
            text, finish = _limited(turn.text, _most(asked))
            await _say(asked, text, finish, _estimated(asked, text), emit)

    async def close(self) -> None:
        await self._model.close()

    async def _talk(self, asked: ChatRequest, emit: Emit) -> None:
        pieces: list[str] = []

        async def say(piece: str) -> None:
            pieces.append(piece)
            if asked.stream and not asked.wants_json:
                await emit(Delta(text=piece))

        written = await self._write(asked, say)
        text = "".join(pieces).strip()
        if asked.stream and not asked.wants_json:
            await emit(Delta(finish=written.finish, usage=written.usage))
        else:
            await _say(asked, text, written.finish, written.usage, emit)

    async def _write(self, asked: ChatRequest, say: Say) -> Written:
        """The model's own words, about less of the conversation where its tokens were underestimated."""
        most = min(_most(asked) or MAX_TOKENS, MOST_TOKENS)
        budget = PROMPT_TOKENS
        while True:
            prompt = chatml(asked.messages, budget)
            try:
                return await self._model.write(
                    prompt, most=most, temperature=_temperature(asked), stop=_stops(asked), say=say
                )
            except ContextLength:
                if budget < PROMPT_TOKENS // 8:
                    raise
                budget //= 2


async def _call(asked: ChatRequest, turn: Turn, emit: Emit) -> None:
    usage = _estimated(asked, "".join(call.name + call.arguments for call in turn.calls))
    if not asked.stream:
        await emit(Answer(tool_calls=turn.calls, finish="tool_calls", usage=usage))
        return
    deltas = tuple(ToolCallDelta(i, c.id, c.name, c.arguments) for i, c in enumerate(turn.calls))
    await emit(Delta(tool_calls=deltas))
    await emit(Delta(finish="tool_calls", usage=usage))


async def _say(asked: ChatRequest, text: str, finish: str, usage: Usage, emit: Emit) -> None:
    text = json.dumps({_json_key(asked): text}, ensure_ascii=False) if asked.wants_json else text
    if not asked.stream:
        await emit(Answer(text=text, finish=finish, usage=usage))
        return
    await emit(Delta(text=text))
    await emit(Delta(finish=finish, usage=usage))


def _json_key(asked: ChatRequest) -> str:
    """The member that takes the answer: the schema's only string, where the caller gave one."""
    wanted = _field(asked, "response_format")
    schema = wanted.get("json_schema") if isinstance(wanted, dict) else None
    schema = schema.get("schema") if isinstance(schema, dict) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    texts = [
        name
        for name, property_ in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(property_, dict) and property_.get("type") == "string"
    ]
    return texts[0] if len(texts) == 1 else "answer"


def _limited(text: str, most: int | None) -> tuple[str, str]:
    """A text within a number of tokens, and how it ended."""
    if most is None or tokens(text) - 4 <= most:
        return text, "stop"
    return text[: max(most, 1) * 4].rsplit(" ", 1)[0], "length"


def _most(asked: ChatRequest) -> int | None:
    """The caller's limit on tokens; one below 1 is none."""
    return asked.max_tokens if asked.max_tokens is not None and asked.max_tokens > 0 else None


def _estimated(asked: ChatRequest, text: str) -> Usage:
    return Usage(
        input=sum(tokens(m.text) for m in asked.messages), output=max(1, len(text) // 4), estimated=True
    )


def _temperature(asked: ChatRequest) -> float:
    value = _field(asked, "temperature")
    return float(min(max(0.0, value), 2.0)) if isinstance(value, int | float) else 0.2


def _stops(asked: ChatRequest) -> tuple[str, ...]:
    value = _field(asked, "stop")
    stops = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(stop for stop in stops if isinstance(stop, str) and stop)[:4]


def _field(asked: ChatRequest, name: str) -> object:
    try:
        value: object = json.loads(asked.fields.get(name, b"null"))
    except (ValueError, RecursionError):
        return None
    return value
