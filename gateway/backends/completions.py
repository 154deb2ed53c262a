"""What the JSON of OpenAI's chat completions says: only what the gateway reads is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.decoding import UNREADABLE, Choices, count_of
from gateway.backends.speech import Announced, NotJson
from gateway.types import Answer, Delta, ToolCall, ToolCallDelta, Usage

_NOTHING = msgspec.Raw(b"")


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | float | None = None
    cache_write_tokens: int | float | None = None
    audio_tokens: int | float | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | float | None = None
    audio_tokens: int | float | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | float | None = None
    completion_tokens: int | float | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(msgspec.Struct):
    """A message, or a delta of one."""

    content: str | None = None
    tool_calls: list[_ToolCall] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    audio: msgspec.Raw = _NOTHING
    function_call: msgspec.Raw = _NOTHING

    @property
    def thought(self) -> str:
        return self.reasoning_content or self.reasoning or ""

    @property
    def other(self) -> bool:
        return bool(
            self.refusal
            or self.reasoning_content
            or self.reasoning
            or _is(self.audio)
            or _is(self.function_call)
        )


class _Choice(msgspec.Struct):
    index: int | None = None
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: msgspec.Raw = _NOTHING


_decoder = msgspec.json.Decoder(_Completion)
_nothing = _Said()


class Reader(Choices):
    """Reads one stream's events; `finished` once each of its `choices` has its finish_reason."""

    __slots__ = ()

    def delta(self, data: bytes) -> Delta:
        """The event as a Delta: text and tool calls are the first choice's, `finish` comes with the last one.

        Raises NotJson or Announced.
        """
        chunk = decode(data)
        usage = None if chunk.usage is None else _usage(chunk.usage)
        choices = chunk.choices
        if not choices:
            return Delta(usage=usage, raw=data)
        choice = choices[0]
        if len(choices) > 1 or choice.index:
            return self._of_many(choices, usage, data)
        said = choice.delta or choice.message or _nothing
        text, calls = said.content or "", _fragments(said) if said.tool_calls else ()
        finish = self._finishes(choices) if choice.finish_reason else None
        if not said.other:
            return Delta(text, calls, finish, usage, data)
        return Delta(text, calls, finish, usage, data, True, said.thought, said.refusal or "")

    def _of_many(self, choices: list[_Choice], usage: Usage | None, data: bytes) -> Delta:
        said = [(choice.index or 0, choice.delta or choice.message or _nothing) for choice in choices]
        first = next((s for index, s in said if index == 0), _nothing)
        other = any(s.other or (i and (s.content or s.tool_calls)) for i, s in said)
        return Delta(
            first.content or "",
            _fragments(first),
            self._finishes(choices),
            usage,
            data,
            bool(other),
            first.thought,
            first.refusal or "",
        )


def answer(body: bytes) -> Answer:
    """A whole completion. Raises NotJson or Announced."""
    whole = decode(body)
    if not whole.choices:
        raise NotJson("it has no choices")
    choice = next((c for c in whole.choices if not c.index), whole.choices[0])
    said = choice.message or _nothing
    calls = tuple(
        ToolCall(call.id or "", call.function.name or "", call.function.arguments or "")
        for call in said.tool_calls or ()
        if call.function is not None
    )
    usage = None if whole.usage is None else _usage(whole.usage)
    return Answer(
        said.content or "",
        calls,
        choice.finish_reason or "stop",
        usage,
        body,
        reasoning=said.thought,
        refusal=said.refusal or "",
    )


def decode(data: bytes) -> _Completion:
    """Strictly first, and with patience where a server has shapes of its own."""
    try:
        whole = _decoder.decode(data)
    except msgspec.ValidationError:
        whole = _patiently(data)
    except UNREADABLE as error:
        raise NotJson("it is not JSON") from error
    if _is(whole.error) and not whole.choices:
        raise Announced(_error(whole.error))
    return whole


def _parsed(data: bytes | msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as error:
        raise NotJson("it is not JSON") from error


def _patiently(data: bytes) -> _Completion:
    """JSON with members of other types than OpenAI's: what fits is read, the rest is left out."""
    whole = _parsed(data)
    if not isinstance(whole, dict):
        raise NotJson("it is not an object")
    listed = whole.get("choices")
    choices = [_choice(c) for c in listed if isinstance(c, dict)] if isinstance(listed, list) else None
    error = msgspec.Raw(msgspec.json.encode(whole.get("error")))
    return _Completion(choices, _counted(whole.get("usage")), error)


def _counted(usage: Any) -> _Usage | None:
    """The counts that are numbers; the others count as not said."""
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    return _Usage(
        **_numbers(usage, _Usage),
        prompt_tokens_details=_PromptDetails(**_numbers(details[0], _PromptDetails)),
        completion_tokens_details=_CompletionDetails(**_numbers(details[1], _CompletionDetails)),
    )


def _numbers(counts: Any, kind: type[msgspec.Struct]) -> dict[str, Any]:
    given = counts if isinstance(counts, dict) else {}
    return {k: given[k] for k in kind.__struct_fields__ if isinstance(given.get(k), (int, float))}


def _choice(choice: dict[str, Any]) -> _Choice:
    index, finish = choice.get("index"), choice.get("finish_reason")
    return _Choice(
        index if isinstance(index, int) else 0,
        _said(choice.get("delta")),
        _said(choice.get("message")),
        finish if isinstance(finish, str) else None,
    )


def _said(said: Any) -> _Said | None:
    if not isinstance(said, dict):
        return None
    calls = said.get("tool_calls")
    content = said.get("content")
    read = [_fitting(call, _ToolCall) for call in calls] if isinstance(calls, list) else []
    fits = _fitting({k: v for k, v in said.items() if k not in ("content", "tool_calls")}, _Said) or _Said()
    fits.content = _text(content)
    fits.tool_calls = [call for call in read if call is not None]
    return fits


def _text(content: Any) -> str | None:
    """Text, or the text of content parts."""
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else None


def _fitting(value: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return None


def _is(raw: msgspec.Raw) -> bool:
    return raw is not _NOTHING and len(memoryview(raw)) > 0 and bytes(raw) != b"null"


def _error(raw: msgspec.Raw) -> dict[str, Any]:
    error = _parsed(raw)
    shape = {"message": "the upstream gave no reason", "type": "server_error", "param": None, "code": None}
    return {**shape, **error} if isinstance(error, dict) else {**shape, "message": str(error)}


def usage_of(raw: msgspec.Raw) -> Usage | None:
    """The usage that a member tells in OpenAI's shape, as far as it can be read; None where it tells none."""
    counted = _counted(_parsed(raw)) if _is(raw) else None
    return None if counted is None else _usage(counted)


def announce(error: msgspec.Raw) -> None:
    """Raises Announced where a member holds an error."""
    if _is(error):
        raise Announced(_error(error))


def _fragments(said: _Said) -> tuple[ToolCallDelta, ...]:
    if not said.tool_calls:
        return ()
    return tuple(_fragment(place, call) for place, call in enumerate(said.tool_calls))


def _fragment(place: int, call: _ToolCall) -> ToolCallDelta:
    function = call.function or _Function()
    index = place if call.index is None else call.index
    return ToolCallDelta(index, call.id or "", function.name or "", function.arguments or "")


def _usage(usage: _Usage) -> Usage:
    """OpenAI counts cached, reasoning and audio tokens inside its sums; ours are disjoint."""
    prompt = usage.prompt_tokens_details or _PromptDetails()
    completion = usage.completion_tokens_details or _CompletionDetails()
    cached, written, heard = (
        count_of(prompt.cached_tokens),
        count_of(prompt.cache_write_tokens),
        count_of(prompt.audio_tokens),
    )
    reasoning, spoken = count_of(completion.reasoning_tokens), count_of(completion.audio_tokens)
    return Usage(
        input=max(0, count_of(usage.prompt_tokens) - cached - written - heard),
        cached_input=cached,
        cache_write=written,
        output=max(0, count_of(usage.completion_tokens) - reasoning - spoken),
        reasoning=reasoning,
        audio_input=heard,
        audio_output=spoken,
    )
