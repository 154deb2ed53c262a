"""What the JSON of OpenAI's text completions says: only what the gateway reads is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.completions import announce, usage_of
from gateway.backends.decoding import UNREADABLE, Choices
from gateway.backends.render import stream_options
from gateway.backends.speech import NotJson
from gateway.backends.splice import with_member
from gateway.types import Answer, Api, ChatRequest, Delta

_NOTHING = msgspec.Raw(b"")
_json = msgspec.json.Encoder()


class _Choice(msgspec.Struct):
    index: int | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING


_decoder = msgspec.json.Decoder(_Completion)


def text_body(request: ChatRequest, model: str) -> bytes:
    """The body as the caller sent it, but for `model`, and for usage in a stream, which accounting needs."""
    assert request.sent is not None, "what is sent on as it came has come"
    body = with_member(request.sent.body, "model", _json.encode(model))
    if not request.stream:
        return body
    return with_member(body, "stream_options", stream_options(request.fields.get("stream_options")))


class TextReader(Choices):
    """Reads one stream's events; `finished` once each of its `choices` has its finish_reason."""

    __slots__ = ()

    def delta(self, data: bytes) -> Delta:
        """The event as a Delta: its text is the first choice's, `finish` comes with the last one.

        Raises NotJson or Announced.
        """
        chunk = _decode(data)
        choices = chunk.choices or []
        return Delta(
            text="".join(choice.text or "" for choice in choices if not choice.index),
            finish=self._finishes(choices),
            usage=usage_of(chunk.usage),
            raw=data,
            other=any(choice.index and choice.text for choice in choices),
            api=Api.COMPLETIONS,
        )


def text_answer(body: bytes) -> Answer:
    """A whole text completion. Raises NotJson or Announced."""
    whole = _decode(body)
    if not whole.choices:
        raise NotJson("it has no choices")
    first = next((choice for choice in whole.choices if not choice.index), whole.choices[0])
    return Answer(
        text=first.text or "",
        finish=first.finish_reason or "stop",
        usage=usage_of(whole.usage),
        raw=body,
        api=Api.COMPLETIONS,
    )


def _decode(data: bytes) -> _Completion:
    try:
        whole = _read(data)
    except UNREADABLE as error:
        raise NotJson("it is not JSON") from error
    if not whole.choices:
        announce(whole.error)
    return whole


def _read(data: bytes) -> _Completion:
    """Strictly first, and with patience where a server has shapes of its own."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError:
        return _patiently(data)


def _patiently(data: bytes) -> _Completion:
    """JSON with members of other types than OpenAI's: what fits is read, the rest is left out."""
    whole = msgspec.json.decode(data)
    if not isinstance(whole, dict):
        raise NotJson("it is not an object")
    listed = whole.get("choices")
    choices = [_choice(c) for c in listed if isinstance(c, dict)] if isinstance(listed, list) else None
    usage, error = (msgspec.Raw(_json.encode(whole.get(name))) for name in ("usage", "error"))
    return _Completion(choices, usage, error)


def _choice(choice: dict[str, Any]) -> _Choice:
    index, text, finish = (choice.get(name) for name in ("index", "text", "finish_reason"))
    return _Choice(
        index if isinstance(index, int) else 0,
        text if isinstance(text, str) else None,
        finish if isinstance(finish, str) else None,
    )
