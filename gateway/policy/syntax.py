"""The tree of a CEL expression, read from its serialized form (cel.expr.ParsedExpr, a protocol buffer)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack

Wire = dict[int, list[int | bytes]]


@dataclass(frozen=True, slots=True)
class Node:
    """One expression; `offset` counts characters.

    `kind`: text, number, list, map, name, select, call, loop, other. A `name` or `select` has its word in
    `text`; a `number` its digits; a `call` its function. `children` are operand or target and arguments; of
    a `loop` (a macro such as `exists`) the range, then its steps, and `text` is its variable.
    """

    kind: str
    text: str
    offset: int
    children: tuple[Node, ...] = ()

    @property
    def dotted(self) -> str:
        """`a.b.c` for a chain of names, else nothing."""
        if self.kind == "name":
            return self.text
        below = self.children[0].dotted if self.kind == "select" else ""
        return f"{below}.{self.text}" if below else ""


def tree(serialized: bytes) -> Node:
    """The tree of `Expression.serialize()` of an expression that was parsed and not checked."""
    parsed = _fields(_bytes(_fields(serialized), 2))
    source = _fields(_bytes(parsed, 3))
    entries = (_fields(entry) for entry in source.get(4, ()) if isinstance(entry, bytes))
    positions = {_number(entry, 1): _number(entry, 2) for entry in entries}
    return _node(_bytes(parsed, 2), positions)


def _node(data: bytes, positions: dict[int, int]) -> Node:
    fields = _fields(data)
    offset = positions.get(_number(fields, 2), 0)
    for field, make in _MAKERS.items():
        if field in fields:
            kind, text, children = make(_fields(_bytes(fields, field)))
            return Node(kind, text, offset, tuple(_node(child, positions) for child in children))
    return Node("other", "", offset)


def _constant(fields: Wire) -> tuple[str, str, list[bytes]]:
    if 6 in fields:
        return "text", _text(fields, 6), []
    if 3 in fields:
        value = _number(fields, 3)
        return "number", str(value - (1 << 64) if value >> 63 else value), []
    if 5 in fields:
        return "number", repr(unpack("<d", _bytes(fields, 5))[0]), []
    return "other", "", []


def _name(fields: Wire) -> tuple[str, str, list[bytes]]:
    return "name", _text(fields, 1).removeprefix("."), []


def _select(fields: Wire) -> tuple[str, str, list[bytes]]:
    return "select", _text(fields, 2), _all(fields, 1)


def _call(fields: Wire) -> tuple[str, str, list[bytes]]:
    return "call", _text(fields, 2), _all(fields, 1) + _all(fields, 3)


def _list(fields: Wire) -> tuple[str, str, list[bytes]]:
    return "list", "", _all(fields, 1)


def _struct(fields: Wire) -> tuple[str, str, list[bytes]]:
    entries = [_fields(entry) for entry in _all(fields, 2)]
    return "map", "", [part for entry in entries for part in _all(entry, 3) + _all(entry, 4)]


def _loop(fields: Wire) -> tuple[str, str, list[bytes]]:
    parts = (2, 4, 6, 7, 5)  # the range first; then start, condition, result, step
    return "loop", _text(fields, 1), [part for field in parts for part in _all(fields, field)]


_MAKERS = {3: _constant, 4: _name, 5: _select, 6: _call, 7: _list, 8: _struct, 9: _loop}


def _fields(data: bytes) -> Wire:
    """A message's fields by number; each holds its values in order."""
    found: Wire = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        match key & 7:
            case 0:
                value, at = _varint(data, at)
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                size, at = _varint(data, at)
                value, at = data[at : at + size], at + size
            case 5:
                value, at = data[at : at + 4], at + 4
            case wire:
                raise ValueError(f"wire type {wire} in a serialized expression")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _all(fields: Wire, number: int) -> list[bytes]:
    return [value for value in fields.get(number, ()) if isinstance(value, bytes)]


def _bytes(fields: Wire, number: int) -> bytes:
    return next(iter(_all(fields, number)), b"")


def _text(fields: Wire, number: int) -> str:
    return _bytes(fields, number).decode("utf-8", "replace")


def _number(fields: Wire, number: int) -> int:
    return next((value for value in fields.get(number, ()) if isinstance(value, int)), 0)


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)
