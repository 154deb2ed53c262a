"""CEL conditions: typed when the folder is loaded, three-valued when a request is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from operator import itemgetter
from typing import Any

from gateway.policy.grammar import Fault, faults_of, parsed, reads_of, translated, variables_of
from gateway.policy.logic import Logic, taken_apart
from gateway.policy.runtime import bound, compiled, three_valued
from gateway.policy.vocabulary import AXES, LABELS, VARIABLES, Kind

Cell = tuple[str | None, int | None, int]
"""Task, freshness (None: unsure) and sensitivity, as the conditions' values."""

_AXIS_NAMES = tuple(axis.value for axis in AXES)
_OFTEN_EMPTY = {"findings": list[str](), "knowledge": dict[str, float]()}
_LONGEST = 4096
_MOST_SEEN = 4096  # outcomes that a condition remembers
_SIMPLE = frozenset(
    name
    for name, kind in VARIABLES.items()
    if kind in {*AXES, Kind.TEXT, Kind.WHOLE, Kind.FLAG} and name != "request.model"  # of any length
)
"""The variables whose values can be a key, and a small one."""


class Faulty(Exception):
    """A condition that does not check; positions are within its text, from 1."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.line}:{f.column}: {f.message}" for f in self.faults))


class Activation:
    """What one request gives to conditions. Names left out are unknown.

    Belongs to one request and to the thread that made it. `filled` says which of findings and
    knowledge are not empty. `values` is called at most once, and only if a condition reads more than
    the cell and what is empty.
    """

    __slots__ = ("_bound", "_known", "_values", "cell", "filled")

    def __init__(
        self,
        cell: Cell,
        values: Callable[[], Mapping[str, object]],
        filled: frozenset[str] = frozenset(_OFTEN_EMPTY),
    ) -> None:
        self.cell, self.filled = cell, filled
        self._values = values
        self._known: Mapping[str, object] | None = None
        self._bound: Any = None

    def known(self) -> Mapping[str, object]:
        if self._known is None:
            self._known = self._values()
        return self._known

    def bound(self) -> Any:
        if self._bound is None:
            self._bound = bound(self.known())
        return self._bound


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition; `text` is as written. `checked` makes one that can be evaluated.

    `variables` are the declared ones that it reads, `reads` the same with a map's entry as `map.entry`;
    `logic` is the condition taken apart. Every outcome by the cell alone is worked out beforehand, and
    holds while those variables that it reads `beyond` the cell are empty. Where all that it reads is
    `simple`, outcomes are remembered by what these variables were.
    """

    text: str
    reads: frozenset[str] = field(default=frozenset(), compare=False)
    variables: frozenset[str] = field(default=frozenset(), compare=False)
    logic: Logic | None = field(default=None, compare=False, repr=False)
    beyond: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    _program: Any = field(default=None, compare=False, repr=False)
    _key: Callable[[Cell], Any] | None = field(default=None, compare=False, repr=False)
    _table: Mapping[Any, bool | None] = field(default_factory=dict, compare=False, repr=False)
    _simple: tuple[str, ...] = field(default=(), compare=False, repr=False)
    _seen: dict[Any, bool | None] = field(default_factory=dict, compare=False, repr=False)

    def evaluate(self, activation: Activation) -> bool | None:
        """True, false, or None where it is unknown (or fails)."""
        if self._key is not None and self.beyond.isdisjoint(activation.filled):
            return self._table[self._key(activation.cell)]
        if self._program is None:
            raise TypeError(f"the condition {self.text!r} was not checked")
        return self._remembered(activation) if self._simple else self._evaluated(activation)

    def _evaluated(self, activation: Activation) -> bool | None:
        return three_valued(self._program.eval(activation.bound()))

    def _remembered(self, activation: Activation) -> bool | None:
        key = tuple(map(activation.known().get, self._simple))
        try:
            return self._seen[key]
        except KeyError:
            outcome = self._evaluated(activation)
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[key] = outcome
        return outcome

    @property
    def by_cell(self) -> bool:
        """Whether the cell alone decides it."""
        return self._key is not None and not self.beyond


def checked(text: str, knowledge: Iterable[str] = ()) -> Condition:
    """A condition, checked against the declared names and types; `knowledge` names the bases there are.

    Raises:
        Faulty: with every fault that can be told.
    """
    if len(text) > _LONGEST:
        raise Faulty([Fault(1, 1, f"a condition has at most {_LONGEST} characters", "")])
    faults = faults_of(text, frozenset(knowledge))
    if faults:
        raise Faulty(faults)
    program, read = _compiled(text), parsed(text)
    reads, variables = reads_of(read), variables_of(read)
    condition = Condition(text, reads, variables, taken_apart(text), _program=program)
    beyond = condition.variables - set(_AXIS_NAMES)
    if not beyond <= _OFTEN_EMPTY.keys():
        return replace(condition, _simple=_simple(condition))
    axes = tuple(axis for axis, name in enumerate(_AXIS_NAMES) if name in reads) or (2,)
    return replace(condition, beyond=beyond, _key=itemgetter(*axes), _table=_outcomes(program, axes))


def _simple(condition: Condition) -> tuple[str, ...]:
    """The variables that it reads, where their values can be a key; else none."""
    names = tuple(sorted(condition.variables))
    return names if _SIMPLE.issuperset(names) else ()


def _compiled(text: str) -> Any:
    try:
        return compiled(text)
    except RuntimeError as error:  # such as a comparison of a label with null
        raise Faulty(translated(str(error))) from error


def _outcomes(program: Any, axes: tuple[int, ...]) -> dict[Any, bool | None]:
    """Every outcome of a condition by these axes, with no findings and no knowledge."""
    spaces: list[list[str | int | None]] = [
        [*(LABELS[AXES[axis]].values()), *([None] if AXES[axis] is not Kind.SENSITIVITY else [])]
        for axis in axes
    ]
    table: dict[Any, bool | None] = {}
    for labels in product(*spaces):
        named = {_AXIS_NAMES[a]: v for a, v in zip(axes, labels, strict=True) if v is not None}
        table[labels if len(labels) > 1 else labels[0]] = three_valued(
            program.eval(data={**_OFTEN_EMPTY, **named})
        )
    return table
