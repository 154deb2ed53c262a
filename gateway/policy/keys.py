"""What a condition needs to be true and a table can look up: one of some texts, or a number large enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from gateway.policy.logic import Given, Leaf, Logic, Not
from gateway.policy.syntax import Node
from gateway.policy.vocabulary import VARIABLES, Kind

_WORDS = (Kind.TEXT, Kind.TEXTS, Kind.TEXT_BY_NAME)
_NUMBERS = (Kind.WHOLE, Kind.NUMBER, Kind.NUMBER_BY_NAME)
_BY_NAME = (Kind.TEXT_BY_NAME, Kind.NUMBER_BY_NAME)
_SIGNS = {"_>_": 1, "_>=_": 1, "_<_": -1, "_<=_": -1}


@dataclass(frozen=True, slots=True)
class Key:
    """A variable; of a map, one entry."""

    variable: str
    entry: str | None = None

    def value(self, values: Mapping[str, object]) -> object:
        """What it is among these values; None where it is unknown."""
        value = values.get(self.variable)
        return value.get(self.entry) if self.entry is not None and isinstance(value, Mapping) else value

    def words(self, values: Mapping[str, object]) -> Iterable[str]:
        """Its texts among these values, each once."""
        value = self.value(values)
        return (value,) if isinstance(value, str) else value if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True)
class Scale:
    """A variable of numbers, upwards (`sign` 1) or downwards (-1)."""

    key: Key
    sign: int

    def height(self, values: Mapping[str, object]) -> float | None:
        """How far up it is; None where it is unknown."""
        value = self.key.value(values)
        return value * self.sign if isinstance(value, int | float) else None


Needed = tuple[Key, frozenset[str]]


def key_of(logic: Logic, known: Given) -> Needed | None:
    """A key and its texts, without one of which the condition is not true; None: it needs no such thing."""
    if isinstance(logic, Leaf):
        return _of_leaf(logic.node)
    if isinstance(logic, Not):
        return None
    if logic.every:
        return next((needed for part in logic.parts if (needed := key_of(part, known))), None)
    return reduce(_either, [key_of(part, known) for part in logic.parts if True in part.possible(known)])


def _either(left: Needed | None, right: Needed | None) -> Needed | None:
    return (left[0], left[1] | right[1]) if left and right and left[0] == right[0] else None


def _of_leaf(node: Node) -> Needed | None:
    """Of `variable == "text"`, `variable in ["text", …]` and `"text" in variables`."""
    if node.kind != "call" or len(node.children) != 2:
        return None
    left, right = node.children
    if node.text == "_==_":
        return _needed(left, (right,), Kind.TEXT) or _needed(right, (left,), Kind.TEXT)
    if node.text != "@in":
        return None
    return _needed(right, (left,), Kind.TEXTS) or (
        _needed(left, right.children, Kind.TEXT) if right.kind == "list" else None
    )


def _needed(variable: Node, texts: tuple[Node, ...], kind: Kind) -> Needed | None:
    key = _key(variable)
    if key is None or not texts or any(text.kind != "text" for text in texts):
        return None
    many = VARIABLES[key.variable] is Kind.TEXTS
    return (key, frozenset(text.text for text in texts)) if many is (kind is Kind.TEXTS) else None


def _key(node: Node, kinds: tuple[Kind, ...] = _WORDS) -> Key | None:
    name, entry = node.dotted, None
    if node.kind == "call" and node.text == "_[_]" and node.children[1].kind == "text":
        name, entry = node.children[0].dotted, node.children[1].text
    elif name not in VARIABLES:
        name, _, entry = name.rpartition(".")
    kind = VARIABLES.get(name)
    return Key(name, entry) if kind in kinds and (entry is None) is (kind not in _BY_NAME) else None


def floor_of(logic: Logic, known: Given) -> tuple[Scale, float] | None:
    """A scale, and the height below which the condition is not true; None: it needs none."""
    if isinstance(logic, Leaf):
        return _floor(logic.node)
    if isinstance(logic, Not):
        return None
    parts = logic.parts if logic.every else [part for part in logic.parts if True in part.possible(known)]
    if not logic.every and len(parts) != 1:
        return None
    return next((floor for part in parts if (floor := floor_of(part, known))), None)


def _floor(node: Node) -> tuple[Scale, float] | None:
    """Of a comparison of a variable with a number."""
    sign = _SIGNS.get(node.text) if node.kind == "call" else None
    if sign is None:
        return None
    left, right = node.children
    if left.kind == "number":
        left, right, sign = right, left, -sign
    key = _key(left, _NUMBERS)
    return (Scale(key, sign), float(right.text) * sign) if key and right.kind == "number" else None
