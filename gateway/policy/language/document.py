"""A policy file as YAML nodes that know their place: typed reading, every mistake collected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeVar

import yaml

from gateway.policy.language.strictness import LOADER, Unreadable, refused, text_of
from gateway.policy.mistakes import Mistake
from gateway.policy.mistakes import shortened as shortened

T = TypeVar("T")
D = TypeVar("D")

_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_SECTION = re.compile(rb"^([a-z_]{1,40}):", re.MULTILINE)
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "map": "a mapping",
    "seq": "a list",
}


class Wrong(Exception):
    """A value that is not what its key wants; whoever reads the key records it at the value's place.

    Without a message, it is recorded already.
    """

    def __init__(self, message: str, proposal: str = "") -> None:
        super().__init__(message)
        self.message, self.proposal = message, proposal


@dataclass(frozen=True, slots=True)
class Value:
    """A YAML node of a file."""

    file: str
    source: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1

    @property
    def column(self) -> int:
        return self.node.start_mark.column + 1

    @property
    def kind(self) -> str:
        """What a reader would call it: text, a list, a mapping, true or false …"""
        return _KINDS.get(self.tag, self.tag)

    @property
    def tag(self) -> str:
        """YAML's tag. Only true and false are of kind bool: `off` and `no` are words, as in YAML 1.2."""
        tag = str(self.node.tag).removeprefix("tag:yaml.org,2002:")
        return "str" if tag == "bool" and self.scalar.lower() not in ("true", "false") else tag

    @property
    def scalar(self) -> str:
        """A scalar's text; of anything else, nothing."""
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else ""

    @property
    def shown(self) -> str:
        """A scalar as a message may repeat it: cut where it is long, as secrets are."""
        return shortened(self.scalar) or self.kind

    def items(self) -> list[Value]:
        """The members of a list.

        Raises:
            Wrong: it is no list.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            raise Wrong(f"a list is wanted here, not {self.kind}", "begin each entry with '- '")
        return [self._other(node) for node in self.node.value]

    def pairs(self) -> list[tuple[Value, Value]]:
        """The keys and values of a mapping.

        Raises:
            Wrong: it is no mapping.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise Wrong(f"a mapping is wanted here, not {self.kind}", "write 'key: value'")
        return [(self._other(key), self._other(value)) for key, value in self.node.value]

    @property
    def plain(self) -> Any:
        """What the value says, as Python's own values; as in YAML 1.2, a date is text."""
        if isinstance(self.node, yaml.MappingNode):
            return {key.scalar: value.plain for key, value in self.pairs()}
        if isinstance(self.node, yaml.SequenceNode):
            return [value.plain for value in self.items()]
        if self.tag in ("int", "float"):
            return _number(self.scalar)
        return {"null": None, "bool": self.scalar.lower() == "true"}.get(self.tag, self.scalar)

    def _other(self, node: yaml.Node) -> Value:
        return Value(self.file, self.source, node)

    def place_within(self, line: int, column: int) -> tuple[int, int]:
        """Where a position of a scalar's text (from 1) stands in the file, quotes and folding considered."""
        lines = self.scalar.split("\n")
        offset = sum(len(text) + 1 for text in lines[: line - 1]) + column - 1
        at = self._start()
        for char in self.scalar[: offset + 1]:
            found = self.source.find(char, at) if not char.isspace() else -1
            at = found + 1 if found >= 0 else at
        at = max(at - 1, 0) if offset < len(self.scalar) else at
        before = self.source[:at]
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def _start(self) -> int:
        """The offset of the first character of the scalar's text."""
        lines = self.source.split("\n")
        at = sum(len(text) + 1 for text in lines[: self.line - 1]) + self.column - 1
        style = getattr(self.node, "style", None)
        if style in ("|", ">"):
            return at + len(lines[self.line - 1]) - self.column + 2
        return at + 1 if style in ("'", '"') else at


@dataclass(slots=True)
class Reading:
    """What reading a folder turns up: mistakes, warnings, notes, names defined and names referred to."""

    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    defined: dict[str, dict[str, Value]] = field(default_factory=dict)
    references: list[tuple[str, str, Value]] = field(default_factory=list)
    teams: set[str] = field(default_factory=set)
    """The teams that callers belong to."""
    unread: set[str] = field(default_factory=set)
    """The sections that seem to stand in files that could not be read: what is missing may be there."""

    def wrong(self, value: Value, message: str, proposed: str = "") -> None:
        self.mistakes.append(Mistake(value.file, value.line, value.column, message, proposed))

    def warn(self, value: Value, message: str, proposed: str = "") -> None:
        """Record what is doubtful and loads all the same."""
        self.warnings.append(Mistake(value.file, value.line, value.column, message, proposed))

    def define(self, kind: str, name: str, value: Value) -> None:
        """Record a name; the same name twice is a mistake."""
        first = self.defined.setdefault(kind, {}).setdefault(name, value)
        if first is not value:
            said = "this key" if kind == "key" else shortened(name)
            self.wrong(value, f"{said} is defined already, at {first.file}:{first.line}", "names are unique")

    def refer(self, kind: str, names: Iterable[tuple[str, Value]]) -> None:
        self.references.extend((kind, name, value) for name, value in names)

    def attempt(self, value: Value, reader: Callable[[Value], T], default: D) -> T | D:
        """What the reader makes of the value, or the default and a mistake."""
        try:
            return reader(value)
        except Wrong as wrong:
            if wrong.message:
                self.wrong(value, wrong.message, wrong.proposal)
        except (ValueError, OverflowError, RecursionError):
            self.wrong(value, "this cannot be read", "write it shorter and simpler")
        return default


def compose(file: str, data: bytes, found: Reading) -> Value | None:
    """The file's root node; None if it is empty or cannot be read, which is recorded."""
    try:
        text = text_of(file, data)
        found.mistakes.extend(refused(file, text))
    except Unreadable as unreadable:
        found.unread |= sections_of(data)
        found.mistakes.extend(unreadable.mistakes)
        return None
    node = LOADER(text).get_single_node()
    return None if node is None else Value(file, text, node)


def sections_of(data: bytes) -> set[str]:
    """The sections that a file seems to have, whether or not it can be read."""
    return {key.decode() for key in _SECTION.findall(data)}


def _number(text: str) -> int | float | str:
    """A number; what JSON has no number for stays text."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return number if isfinite(number) else text


def names_a_variable(text: str) -> bool:
    return _VARIABLE.search(text) is not None
