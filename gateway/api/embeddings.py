"""POST /v1/embeddings: texts to vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.accounting.exchange import Exchange
from gateway.api.chat import told
from gateway.api.dialect import Dialect, WholeOnly
from gateway.api.loose import Loose, beside
from gateway.api.members import member, object_of
from gateway.api.opaque import is_opaque
from gateway.api.prompts import prompts_of, room
from gateway.api.wire import metadata_of, model_of
from gateway.errors import InvalidRequest
from gateway.types import Answer, Api, Caller, ChatRequest, Message, Sent

_READ: Final = frozenset({"model", "input"})
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def parse(body: bytes, caller: Caller) -> ChatRequest:
    """The request in `body`: each input is a message of the user's, and no model is asked for an answer.

    Raises:
        InvalidRequest: it is no JSON object of bounded size, or a member is missing or wrong.
    """
    space = room()
    value = object_of(body, space)
    model = model_of(value)
    messages = tuple(_messages(prompts_of(value, "input")))
    member(value, "encoding_format", str)
    dimensions = member(value, "dimensions", int)
    if dimensions is not None and dimensions < 1:
        raise InvalidRequest("'dimensions' must be at least 1.", param="dimensions")
    loose = Loose(space)
    beside(value, _READ, loose)
    fields = {name: bytes(raw) for name, raw in _members.decode(body).items() if name != "input"}
    return ChatRequest(
        model=model,
        messages=messages,
        fields=fields,
        metadata=metadata_of(value),
        other_text="\n".join(loose.texts),
        sealed=tuple(loose.sealed),
        unreadable=loose.unreadable,
        sent=Sent(Api.EMBEDDINGS, body, messages, fields),
    )


def _messages(inputs: Iterable[str | None]) -> Iterable[Message]:
    """Each input read as if it came alone; it has no JSON in the shape of chat completions."""
    for i, text in enumerate(inputs):
        if text == "":
            raise InvalidRequest(f"'input' must not be empty, and text {i + 1} of it is.", param="input")
        yield Message("user", text or "", b"", unreadable=text is None or is_opaque(text))


class EmbeddingsRendering(WholeOnly):
    """See Rendering; vectors are sent as they came, in one piece and never as a stream."""

    def __init__(self, request_id: str, created: int) -> None:
        """Vectors carry neither."""

    def whole(self, answer: Answer, exchange: Exchange) -> bytes:
        assert answer.raw is not None, "a model for embeddings answers with a body"
        return answer.raw


EMBEDDINGS = Dialect(Api.EMBEDDINGS, parse, EmbeddingsRendering, told)
