"""The content blocks of a streamed message: one after the other, however their pieces come in."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.types import ToolCallDelta

_TEXT: Final = ("text", -1)
_THINKING: Final = ("thinking", -1)
_LOOKS: Final = 8  # at a call's arguments, which may be megabytes, for whether they are whole
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
Event = dict[str, Any]


@dataclass(slots=True)
class _Block:
    """`deltas` are those that have not left yet. `said`: a call's arguments as far as they are known."""

    key: tuple[str, int]
    start: Event
    deltas: list[Event] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    begun: bool = False
    looks: int = 0
    seen: int = -1  # of `said`, at the last look

    @property
    def is_over(self) -> bool:
        """Whether nothing can be added where another block begins; one that was not many times ends last."""
        if self.key[0] != "tool_use":
            return True
        if self.seen == len(self.said) or self.looks == _LOOKS:
            return False
        self.seen, self.looks = len(self.said), self.looks + 1
        try:
            _object.decode("".join(self.said))
        except (msgspec.DecodeError, RecursionError):
            return False
        return True


class Blocks:
    """Pieces in, events out: `content_block_start`, `…_delta` and `…_stop`.

    The first open block streams; what belongs to a later one waits until it is over. A call of a tool is over
    once its arguments are whole and something else begins, so that calls which come one after the other
    stream too, and calls whose fragments come mixed follow each other.
    """

    def __init__(self) -> None:
        self._open: deque[_Block] = deque()
        self._calls: dict[int, _Block] = {}  # those of the open ones that are calls, by their index
        self._over: set[int] = set()
        self._index = 0

    def think(self, text: str, signature: str) -> Iterator[Event]:
        if text:
            yield from self._add(_thinking_block, _THINKING, {"type": "thinking_delta", "thinking": text})
        if signature:
            sealed = {"type": "signature_delta", "signature": signature}
            yield from self._add(_thinking_block, _THINKING, sealed)

    def say(self, text: str) -> Iterator[Event]:
        yield from self._add(text_block, _TEXT, {"type": "text_delta", "text": text})

    def call(self, part: ToolCallDelta) -> Iterator[Event]:
        """A fragment of a call; one that is over already has nothing more to say."""
        if part.index in self._over:
            return
        block = self._calls.get(part.index)
        if block is None:
            block = self._calls[part.index] = _Block(("tool_use", part.index), tool_use(part.id, part.name))
            yield from self._enter(block)
        else:
            block.start["name"] = block.start["name"] or part.name
        if part.arguments:
            block.said.append(part.arguments)
            block.deltas.append({"type": "input_json_delta", "partial_json": part.arguments})
        yield from self._flush()

    def close(self) -> Iterator[Event]:
        """All that waits, and the end of the last block."""
        while self._open:
            yield from self._shut()

    def _add(self, start: Callable[[], Event], key: tuple[str, int], delta: Event) -> Iterator[Event]:
        if not self._open or self._open[-1].key != key:
            yield from self._enter(_Block(key, start()))
        self._open[-1].deltas.append(delta)
        yield from self._flush()

    def _enter(self, block: _Block) -> Iterator[Event]:
        while self._open and self._open[0].is_over:
            yield from self._shut()
        self._open.append(block)

    def _shut(self) -> Iterator[Event]:
        block = self._open[0]
        yield from self._sent(block)
        yield {"type": "content_block_stop", "index": self._index}
        self._open.popleft()
        if self._calls.pop(block.key[1], None) is not None:
            self._over.add(block.key[1])
        self._index += 1

    def _flush(self) -> Iterator[Event]:
        """What the first block has to say; a call without a name waits for it."""
        if self._open[0].start.get("name") != "":
            yield from self._sent(self._open[0])

    def _sent(self, block: _Block) -> Iterator[Event]:
        if not block.begun:
            block.begun = True
            yield {"type": "content_block_start", "index": self._index, "content_block": block.start}
        for delta in block.deltas:
            yield {"type": "content_block_delta", "index": self._index, "delta": delta}
        block.deltas.clear()


def tool_use(id_: str, name: str, arguments: Any = None) -> Event:
    """The block of a call; one that came without an id gets one, to be answered by."""
    own, given = id_ or "toolu_" + secrets.token_hex(12), {} if arguments is None else arguments
    return {"type": "tool_use", "id": own, "name": name, "input": given, "caller": {"type": "direct"}}


def text_block(text: str = "") -> Event:
    """Its citations are required where the API is described, and not every client takes null for them."""
    return {"type": "text", "text": text, "citations": []}


def _thinking_block() -> Event:
    return {"type": "thinking", "thinking": "", "signature": ""}
