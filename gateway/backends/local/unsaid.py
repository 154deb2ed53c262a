"""What a request of chat completions asks for beyond one answer to what is written: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from gateway.errors import SpeaksAnother
from gateway.types import ChatRequest

_ASKED_IN: Final = "plain text"
_MEDIA: Final = {"vision": "an image", "audio": "a sound"}
_BEYOND: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "n": (lambda n: isinstance(n, int) and n > 1, "more than one answer"),
    "logprobs": (bool, "the probabilities of tokens"),
    "top_logprobs": (bool, "the probabilities of tokens"),
    "modalities": (lambda kinds: isinstance(kinds, list) and "audio" in kinds, "a spoken answer"),
}


def check(model: str, asked: ChatRequest) -> None:
    """Nothing is passed over that the answer would have to show.

    Raises:
        SpeaksAnother: it asks for something that `model` cannot give.
    """
    for name, (asks, what) in _BEYOND.items():
        if name in asked.fields and asks(_value(asked.fields[name])):
            raise SpeaksAnother(model, _ASKED_IN, f"'{name}' asks for {what}", param=name)
    for i, message in enumerate(asked.messages if asked.sent is None else asked.sent.messages):
        for need in sorted(message.needs):
            where = f"messages[{i}]"
            raise SpeaksAnother(model, _ASKED_IN, f"'{where}' holds {_MEDIA[need]}", param=where)


def _value(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
