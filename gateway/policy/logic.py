"""A condition taken apart at its `&&`, `||` and `!`, and what it can come to where only part is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any

from gateway.policy.grammar import parsed, variables_of
from gateway.policy.runtime import compiled, three_valued
from gateway.policy.syntax import Node

Outcome = bool | None
Possible = frozenset[Outcome]
ANY: Possible = frozenset((True, False, None))

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
    |(?P<raw>\b[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*'))
    |(?P<text>\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<sign>&&|\|\||[?()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True)
class Given:
    """What is known before a request is: values by variable, and the variables that are surely unknown.

    `assumed` are parts of conditions, by their text, that are taken to be true or false.
    """

    values: Mapping[str, object]
    unknown: frozenset[str] = frozenset()
    assumed: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part of a condition without a connective of its own, with what it can come to."""

    text: str
    node: Node = field(compare=False, repr=False)
    variables: tuple[str, ...] = field(compare=False)
    _program: Any = field(compare=False, repr=False)
    _seen: dict[Any, Possible] = field(default_factory=dict, compare=False, repr=False)

    def possible(self, given: Given) -> Possible:
        """Every outcome that the rest can still lead to."""
        if self.text in given.assumed:
            return frozenset((given.assumed[self.text],))
        settled = all(name in given.values or name in given.unknown for name in self.variables)
        key = (settled, *map(given.values.get, self.variables))
        possible = self._seen.get(key)
        if possible is None:
            possible = self._seen[key] = self._evaluated(given, settled)
        return possible

    def _evaluated(self, given: Given, settled: bool) -> Possible:
        """What is true or false while the rest is absent stays so, whatever the rest is."""
        outcome = three_valued(self._program.eval(data=dict(given.values)))
        return ANY if outcome is None and not settled else frozenset((outcome,))

    def residue(self, given: Given, guard: bool) -> str:
        return "" if holds(self.possible(given), guard) else self.text


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts joined by `&&` (`every`) or by `||`."""

    every: bool
    parts: tuple[Logic, ...]

    def possible(self, given: Given) -> Possible:
        return reduce(self._join, (part.possible(given) for part in self.parts))

    def _join(self, left: Possible, right: Possible) -> Possible:
        return _joined(self.every, left, right)

    def residue(self, given: Given, guard: bool) -> str:
        left = [part for part in self.parts if self._counts(part.possible(given), guard)]
        texts = [text for part in left if (text := part.residue(given, guard))]
        if not self.every and len(texts) < len(left):
            return ""
        if len(texts) == 1:
            return texts[0]
        return (" && " if self.every else " || ").join(_bracketed(text, self.every) for text in texts)

    def _counts(self, possible: Possible, guard: bool) -> bool:
        if self.every:
            return not holds(possible, guard)
        return possible != {False} if guard else True in possible


@dataclass(frozen=True, slots=True)
class Not:
    part: Logic

    def possible(self, given: Given) -> Possible:
        return _negated(self.part.possible(given))

    def residue(self, given: Given, guard: bool) -> str:
        if holds(self.possible(given), guard):
            return ""
        return _not(self.part.residue(given, guard=True) or written(self.part))


Logic = Leaf | Joined | Not


def holds(possible: Possible, guard: bool) -> bool:
    """Whether it surely applies: a route's condition is true, a guard's is not false."""
    return False not in possible if guard else possible == {True}


def applies(possible: Possible, guard: bool) -> bool:
    """Whether it can apply at all."""
    return possible != {False} if guard else True in possible


def taken_apart(text: str) -> Logic:
    """The logic of a condition that was checked; one leaf, where its text cannot be cut with certainty."""
    try:
        logic = _split(_without_comments(text))
        right = _shape(parsed(written(logic))) == _shape(parsed(text))
    except RuntimeError:  # a part that is no condition of its own, or brackets that become too deep
        right = False
    return logic if right else _leaf(text)


def written(logic: Logic) -> str:
    """The condition as text, every part in brackets."""
    if isinstance(logic, Leaf):
        return logic.text
    if isinstance(logic, Not):
        return _not(written(logic.part))
    return (" && " if logic.every else " || ").join(f"({written(part)})" for part in logic.parts)


def _split(text: str) -> Logic:
    text = text.strip()
    signs = tuple(_outer_signs(text))
    if any(sign == "?" for sign, _ in signs):
        return _leaf(text)
    for connective in ("||", "&&"):
        cuts = [at for sign, at in signs if sign == connective]
        if cuts:
            edges = zip([-2, *cuts], [*cuts, len(text)], strict=True)
            return Joined(connective == "&&", tuple(_split(text[a + 2 : b]) for a, b in edges))
    if text.startswith("!") and (_in_brackets(text[1:].strip()) or _NAME.fullmatch(text[1:].strip())):
        return Not(_split(text[1:]))
    return _split(text[1:-1]) if _in_brackets(text) else _leaf(text)


def _outer_signs(text: str) -> Iterator[tuple[str, int]]:
    """The connectives, question marks and opening brackets that stand in no bracket and in no text."""
    depth = 0
    for found in _TOKEN.finditer(text):
        sign = found["sign"] or ""
        if sign in (")", "]", "}"):
            depth -= 1
        if sign and depth == 0:
            yield sign, found.start()
        if sign in ("(", "[", "{"):
            depth += 1


def _in_brackets(text: str) -> bool:
    return text.startswith("(") and [at for _, at in _outer_signs(text)] == [0, len(text) - 1]


def _without_comments(text: str) -> str:
    return _TOKEN.sub(lambda found: " " if found["comment"] else found[0], text)


@lru_cache(maxsize=1024)  # many conditions share their parts
def _leaf(text: str) -> Leaf:
    node = parsed(text)
    return Leaf(" ".join(text.split()), node, tuple(sorted(variables_of(node))), compiled(text))


def _shape(node: Node) -> tuple[object, ...]:
    return (node.kind, node.text, tuple(map(_shape, node.children)))


def _not(text: str) -> str:
    return f"!{text}" if _NAME.fullmatch(text) else f"!({text})"


def _bracketed(text: str, every: bool) -> str:
    return f"({text})" if every and any(sign in ("||", "?") for sign, _ in _outer_signs(text)) else text


@lru_cache(maxsize=128)  # of 98
def _joined(every: bool, left: Possible, right: Possible) -> Possible:
    """Kleene's `and` (`every`) or `or`, of each pair of outcomes."""
    decides = not every
    return frozenset(
        decides if decides in (a, b) else None if None in (a, b) else every for a in left for b in right
    )


def _negated(possible: Possible) -> Possible:
    return frozenset(None if outcome is None else not outcome for outcome in possible)
