"""What a condition needs to be true: one of some texts in one variable, which a table can look up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from gateway.policy.logic import Given, Leaf, Logic, Not
from gateway.policy.syntax import Node
from gateway.policy.vocabulary import VARIABLES, Kind

_KINDS = (Kind.TEXT, Kind.TEXTS, Kind.TEXT_BY_NAME)


@dataclass(frozen=True, slots=True)
class Key:
    """A variable of texts; of a map, one entry."""

    variable: str
    entry: str | None = None

    def words(self, values: Mapping[str, object]) -> Iterable[str]:
        """Its texts among these values, each once."""
        value = values.get(self.variable)
        if self.entry is not None and isinstance(value, Mapping):
            value = value.get(self.entry)
        return (value,) if isinstance(value, str) else value if isinstance(value, list) else ()


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


def _key(node: Node) -> Key | None:
    name, entry = node.dotted, None
    if node.kind == "call" and node.text == "_[_]" and node.children[1].kind == "text":
        name, entry = node.children[0].dotted, node.children[1].text
    elif name not in VARIABLES:
        name, _, entry = name.rpartition(".")
    kind = VARIABLES.get(name)
    return Key(name, entry) if kind in _KINDS and (entry is None) is (kind is not Kind.TEXT_BY_NAME) else None
