"""What of an upstream's JSON is said, so that values come back into it, and what only names something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import structs

from gateway.masks import Mask
from gateway.types import Delta

_NAMES: Final = frozenset({"role", "id", "type", "name", "object", "model", "status", "signature"})
_ID, _IDS, _SEALED = "_id", "_ids", "encrypted_"
_LOGPROBS: Final = "logprobs"  # of the tokens that the model said, placeholders and all
# Members that are the caller's or the model's own JSON, in which a name is as good as any other word.
_FREE: Final = frozenset(
    (
        *("input", "metadata", "parameters", "schema", "input_schema", "variables", "attributes"),
        *("env", "headers"),
    )
)
_ARGUMENTS: Final = "arguments"  # JSON in a string
# What has the answer itself in `text`.
_ANSWERS: Final = frozenset({"text", "output_text", "response.output_text.done"})
_PLACES: Final = ("start_index", "end_index")  # of a citation, in the text beside it
_DEEPEST: Final = 64  # levels of JSON that are told apart
_decode: Final = msgspec.json.Decoder().decode
encode: Final = msgspec.json.Encoder().encode
Json = dict[str, Any]


def is_name(name: str, among: Mapping[str, Any]) -> bool:
    """Whether a text of this name only names something, or is sealed, so that it stays as it came."""
    if name == "data":  # an image, or thoughts that only the provider can read
        return among.get("type") != "text"
    return name in _NAMES or name.endswith(_ID) or name.startswith(_SEALED)


@dataclass(frozen=True, slots=True)
class Words:
    """Gets the values of a mask back into JSON. `as_json`: the answer's text is JSON itself."""

    mask: Mask
    as_json: bool

    def back(self, said: Any, deep: int = 0) -> Any:
        """A JSON value with the values back in all that it says."""
        if isinstance(said, str):
            return self.mask.restore(said)
        if deep > _DEEPEST:
            return self._free(said)
        if isinstance(said, list):
            return [self.back(item, deep + 1) for item in said]
        if not isinstance(said, dict):
            return said
        told = {self.mask.restore(name): self._member(name, said, deep) for name in said}
        text, citations = said.get("text"), told.get("annotations")
        if isinstance(text, str) and isinstance(citations, list):
            told["annotations"] = [self.moved(each, text) for each in citations]
        return told

    def moved(self, citation: Any, text: str) -> Any:
        """A citation that says where in `text` it belongs, as the text is once the values are back."""
        if not isinstance(citation, dict):
            return citation
        move = self.mask.mover(text, self.as_json)
        places = {name: citation[name] for name in _PLACES if isinstance(citation.get(name), int)}
        return {**citation, **{name: move(at) for name, at in places.items()}}

    def delta(self, delta: Delta) -> Delta:
        """What the fields of an event say that says all of it at once; its JSON stays."""
        calls = tuple(
            structs.replace(call, arguments=self.mask.restore(call.arguments, True))
            for call in delta.tool_calls
        )
        return structs.replace(
            delta,
            text=self.mask.restore(delta.text, self.as_json),
            reasoning=self.mask.restore(delta.reasoning),
            refusal=self.mask.restore(delta.refusal),
            tool_calls=calls,
        )

    def body(self, body: bytes) -> bytes:
        """A whole answer's JSON; one that hides nothing keeps its bytes."""
        said = _decode(body)
        return written(said, self.back(said), body)

    def _member(self, name: str, among: Json, deep: int) -> Any:
        value = among[name]
        if name in _FREE:
            return self._free(value)
        if name == _LOGPROBS or name.endswith(_IDS):
            return value
        if not isinstance(value, str):
            return self.back(value, deep + 1)
        if is_name(name, among):
            return value
        return self.mask.restore(value, name == _ARGUMENTS or self._is_answer(name, among))

    def _is_answer(self, name: str, among: Json) -> bool:
        return self.as_json and name == "text" and str(among.get("type")) in _ANSWERS

    def _free(self, value: Any) -> Any:
        """All of it, names of members included."""
        return _decode(self.mask.restore(encode(value).decode(), as_json=True))


def read(raw: bytes) -> Json:
    """An event of an upstream's; what is none says nothing."""
    event = _decode(raw)
    return event if isinstance(event, dict) else {}


def written(before: Any, after: Any, raw: bytes) -> bytes:
    """`after` as JSON: `raw`, which says `before`, where nothing has changed."""
    return raw if after == before else encode(after)
