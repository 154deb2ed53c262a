"""Values back into the events of Anthropic's Messages API: each block says its kinds of text by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import structs

from gateway.masks import Mask
from gateway.strategies.unmasking.channels import Channels, Rest, retold
from gateway.strategies.unmasking.words import Json, Words, encode, is_name, read, written
from gateway.types import Delta

_PIECE: Final = "content_block_delta"
_TEXT: Final = "text_delta"
_JSON: Final = "input_json_delta"
_SAYS: Final = {_TEXT: "text", "thinking_delta": "thinking", _JSON: "partial_json"}
# The beginning of a block may say the first piece of what its deltas go on with.
_BEGINS: Final = {"text": _TEXT, "thinking": "thinking_delta"}
_ENDS: Final = frozenset({"message_delta", "message_stop"})
_Place = tuple[int | None, str, str]  # the block's index, the kind of delta, the member of it


class MessagesEvents:
    """One stream's events, in their order."""

    def __init__(self, mask: Mask, as_json: bool) -> None:
        self._words = Words(mask, as_json)
        self._channels = Channels[_Place](mask)

    def said(self, delta: Delta, raw: bytes) -> list[Delta]:
        """The event that `raw` is, behind whatever has to be said before it."""
        event = read(raw)
        match event.get("type"):
            case "content_block_delta" if isinstance(event.get("delta"), dict):
                return [self._piece(event, delta, raw)]
            case "content_block_start" if isinstance(event.get("content_block"), dict):
                return [self._begun(event, delta, raw)]
            case "content_block_stop":
                return [*self._rest(lambda place: place[0] == _index(event)), self._whole(event, delta, raw)]
            case kind if kind in _ENDS:
                return [*self.rest(), self._whole(event, delta, raw)]
        return [self._whole(event, delta, raw)]

    def rest(self) -> list[Delta]:
        """What never ended."""
        return self._rest(lambda place: True)

    def _rest(self, closes: Callable[[_Place], bool]) -> list[Delta]:
        return [_event(rest) for rest in self._channels.close(closes)]

    def _piece(self, event: Json, delta: Delta, raw: bytes) -> Delta:
        piece: Json = event["delta"]
        kind = str(piece.get("type"))
        told = self._words.back({**event, "delta": None})
        told["delta"] = {
            name: self._fed(_index(event), kind, name, value, delta)
            if isinstance(value, str) and not is_name(name, piece)
            else self._words.back({name: value})[name]
            for name, value in piece.items()
        }
        said = told["delta"].get(_SAYS.get(kind, ""), "")
        return structs.replace(retold(delta, said), raw=written(event, told, raw))

    def _begun(self, event: Json, delta: Delta, raw: bytes) -> Delta:
        block: Json = event["content_block"]
        name = str(block.get("type"))
        told, whole = self._words.back(event), self._words.delta(delta)
        kind, text = _BEGINS.get(name), block.get(name)
        if kind is not None and isinstance(text, str):
            said = told["content_block"][name] = self._fed(_index(event), kind, name, text, delta)
            whole = retold(delta, said)
        return structs.replace(whole, raw=written(event, told, raw))

    def _fed(self, index: int | None, kind: str, name: str, text: str, delta: Delta) -> str:
        as_json = kind == _JSON or (kind == _TEXT and self._words.as_json)
        write = partial(_piece_event, index, kind, name)
        about = delta if _SAYS.get(kind) == name else retold(delta, "")
        return self._channels.feed((index, kind, name), text, as_json, about, write)

    def _whole(self, event: Json, delta: Delta, raw: bytes) -> Delta:
        return structs.replace(self._words.delta(delta), raw=written(event, self._words.back(event), raw))


def _index(event: Json) -> int | None:
    """Which block it is about."""
    index = event.get("index")
    return index if isinstance(index, int) else None


def _piece_event(index: int | None, kind: str, name: str, text: str) -> Json:
    return {"type": _PIECE, "index": index, "delta": {"type": kind, name: text}}


def _event(rest: Rest) -> Delta:
    return structs.replace(rest.delta, raw=encode(rest.event), event=_PIECE, signature="")
