"""What replayed rows come to, added up one at a time: which decisions change, their cost, their quality."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from gateway.accounting.cost import cost
from gateway.accounting.history import Row
from gateway.accounting.intervals import Interval, Scores, weighted, wilson
from gateway.commands.replay import Fate, Replayed, Served, Unknown
from gateway.policy.schema import Price
from gateway.types import Usage

EXAMPLES: Final = 10
_NOTHING: Final = Usage()

Why = Callable[[Replayed], str]


@dataclass(frozen=True, slots=True)
class Example:
    """One changed decision, by its request's id."""

    id: str
    before: Served
    after: Served
    why: str
    estimated: bool


@dataclass(frozen=True, slots=True)
class Move:
    """Decisions that went one way and now go another."""

    before: Served
    after: Served
    count: int
    estimated: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one model's answers cost (USD), and what the tokens that they used would cost of another.

    `after` is the model, None where nothing is answered any more; `now` is None where it has no price.
    """

    before: str
    after: str | None
    requests: int
    usage: Usage
    then: Decimal
    now: Decimal | None
    price: Price | None


@dataclass(frozen=True, slots=True)
class Cost:
    """USD of the rows that can be compared; the others are counted by what hinders it."""

    then: Decimal
    now: Decimal
    exchanged: tuple[Exchanged, ...]
    unknown: Mapping[str, int]
    shape_changes: int  # requests that may gain or lose retrieval or tools, which changes what they use

    @property
    def difference(self) -> Decimal:
        return self.now - self.then


@dataclass(frozen=True, slots=True)
class Scored:
    """A model's scores of one evaluator, over all that it answered."""

    model: str
    count: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Quality:
    """One evaluator: every model's mean, and what the changed requests would gain by it.

    `difference` compares models on requests of the same task; `comparable` of the `changed` requests have
    scores of both models there. None: there is nothing to compare.
    """

    evaluator: str
    models: tuple[Scored, ...]
    changed: int
    comparable: int
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows there were; those that could be replayed, and why the others could not."""

    rows: int
    replayed: int
    changed: int
    changed_route: int
    changed_model: int
    estimated: int
    estimates: Mapping[str, int]  # why they are no more than that → rows
    unreadable: int  # torn lines, and rows of another version
    undecided: int  # requests that ended before signals and decision were known
    unknown: Mapping[str, int]  # what a rule asks for and the row does not keep → rows
    fates: Mapping[str, int]  # newly blocked, no longer refused …


@dataclass(frozen=True, slots=True)
class Report:
    counts: Counts
    moves: tuple[Move, ...]
    cost: Cost
    quality: tuple[Quality, ...]
    examples: tuple[Example, ...]


@dataclass(slots=True)
class _Moved:
    count: int = 0
    estimated: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    usage: Usage = _NOTHING
    then: Decimal = Decimal(0)
    now: Decimal = Decimal(0)


Models = tuple[str, str | None]
Answers = tuple[str, str]  # a model, and a task


class Comparison:
    """Takes rows one by one; what it holds grows with the names in policies, not with rows."""

    def __init__(self, prices: Mapping[str, Price | None], why: Why) -> None:
        self._prices, self._why = prices, why
        self._rows = self._unreadable = self._undecided = self._replayed = 0
        self._routes = self._models = self._estimated = self._shapes = 0
        self._unknown: Counter[str] = Counter()
        self._estimates: Counter[str] = Counter()
        self._fates: Counter[str] = Counter()
        self._moves: dict[tuple[Served, Served], _Moved] = {}
        self._sums: dict[Models, _Sum] = {}
        self._same = Decimal(0)  # USD of what goes on as it was
        self._no_cost: Counter[str] = Counter()
        self._scores: dict[str, dict[Answers, Scores]] = {}
        self._instead: Counter[tuple[str, str, str]] = Counter()  # model before, model after, task

    def torn(self) -> None:
        """A line that is no row."""
        self._rows += 1
        self._unreadable += 1

    def add(self, row: Row, replayed: Replayed | None) -> None:
        self._rows += 1
        self._score(row)
        if replayed is None:
            self._undecided += 1
        elif isinstance(replayed.after, Unknown):
            self._unknown.update([f"{replayed.after.rule} reads {', '.join(replayed.after.missing)}"])
        else:
            self._replayed += 1
            self._estimated += bool(replayed.estimates)
            self._estimates.update(replayed.estimates)
            if replayed.before == replayed.after:
                self._kept(row)
            else:
                self._changed(row, replayed, replayed.after)

    def report(self) -> Report:
        moves = sorted(self._moves.items(), key=lambda item: -item[1].count)
        counts = Counts(
            rows=self._rows,
            replayed=self._replayed,
            changed=sum(moved.count for _, moved in moves),
            changed_route=self._routes,
            changed_model=self._models,
            estimated=self._estimated,
            estimates=dict(self._estimates.most_common()),
            unreadable=self._unreadable,
            undecided=self._undecided,
            unknown=dict(self._unknown.most_common()),
            fates=dict(self._fates.most_common()),
        )
        return Report(
            counts=counts,
            moves=tuple(Move(*way, moved.count, moved.estimated) for way, moved in moves),
            cost=self._cost(),
            quality=tuple(self._quality(name, scores) for name, scores in sorted(self._scores.items())),
            examples=tuple(_in_turn([moved.examples for _, moved in moves])),
        )

    # One row

    def _kept(self, row: Row) -> None:
        if row.unpriced:
            self._no_cost.update(["a model that answered had no price"])
        else:
            self._same += row.cost_usd

    def _changed(self, row: Row, replayed: Replayed, after: Served) -> None:
        before = replayed.before
        moved = self._moves.setdefault((before, after), _Moved())
        moved.count += 1
        moved.estimated += bool(replayed.estimates)
        self._routes += before.by != after.by
        self._models += before.model != after.model
        if before.fate is not after.fate:
            self._fates.update(_turned(before.fate, after.fate))
        if len(moved.examples) < EXAMPLES:
            moved.examples.append(
                Example(row.id, before, after, self._why(replayed), bool(replayed.estimates))
            )
        self._shapes += _changes_shape(row, replayed)
        self._exchange(row, replayed, after)

    def _exchange(self, row: Row, replayed: Replayed, after: Served) -> None:
        """What the row's tokens cost, and would cost."""
        if row.model is None or row.usage == _NOTHING:
            if after.fate is Fate.SERVED:
                self._no_cost.update(
                    ["its tokens are not known: it was not answered, or they were not counted"]
                )
            else:
                self._kept(row)
            return
        if replayed.before.model == after.model:
            self._kept(row)
            return
        if row.signals is not None and after.model is not None:
            self._instead[row.model, after.model, row.signals.task.best] += 1
        if row.unpriced:
            self._no_cost.update(["a model that answered had no price"])
            return
        total = self._sums.setdefault((row.model, after.model), _Sum())
        total.requests += 1
        total.usage += row.usage
        total.then += row.cost_usd
        price = self._prices.get(after.model or "")
        total.now += Decimal(0) if price is None else cost(row.usage, price)

    def _score(self, row: Row) -> None:
        if row.model is None or row.signals is None:
            return
        for name, score in row.scores.items():
            if 0.0 <= score <= 1.0:
                answers = self._scores.setdefault(name, {})
                answers.setdefault((row.model, row.signals.task.best), Scores()).add(score)

    # The sums

    def _cost(self) -> Cost:
        exchanged = [self._exchanged(models, total) for models, total in self._sums.items()]
        known = [one for one in exchanged if one.now is not None]
        unknown = Counter(self._no_cost)
        for one in exchanged:
            if one.now is None:
                unknown[f"{one.after} has no price"] += one.requests
        return Cost(
            then=self._same + sum((one.then for one in known), Decimal(0)),
            now=self._same + sum((one.now for one in known if one.now is not None), Decimal(0)),
            exchanged=tuple(sorted(exchanged, key=lambda one: -one.requests)),
            unknown=dict(unknown.most_common()),
            shape_changes=self._shapes,
        )

    def _exchanged(self, models: Models, total: _Sum) -> Exchanged:
        before, after = models
        price = self._prices.get(after or "")
        now = None if after is not None and price is None else total.now
        return Exchanged(before, after, total.requests, total.usage, total.then, now, price)

    def _quality(self, name: str, answers: Mapping[Answers, Scores]) -> Quality:
        by_model: dict[str, Scores] = {}
        for (model, _), scores in answers.items():
            whole = by_model.setdefault(model, Scores())
            whole.count, whole.total = whole.count + scores.count, whole.total + scores.total
        models = (Scored(model, scores.count, wilson(scores)) for model, scores in sorted(by_model.items()))
        pairs = {way: n for way, n in self._instead.items() if way[0] != way[1]}
        both = {way: n for way, n in pairs.items() if _has_both(answers, *way)}
        return Quality(
            evaluator=name,
            models=tuple(models),
            changed=sum(pairs.values()),
            comparable=sum(both.values()),
            difference=_difference(both, answers) if both else None,
        )


def _turned(before: Fate, after: Fate) -> Iterator[str]:
    if after is not Fate.SERVED:
        yield f"newly {after}"
    if before is not Fate.SERVED:
        yield f"no longer {before}"


def _changes_shape(row: Row, replayed: Replayed) -> bool:
    """Whether an answered request would be given retrieval or tools that it did not have, or lose them."""
    decision = replayed.decision
    if decision is None or row.model is None or not decision.candidates:
        return False
    retrieves, uses = bool(decision.knowledge), bool(decision.tools)
    return bool(row.retrievals) != retrieves or bool(row.tools) != uses


def _in_turn(groups: list[list[Example]]) -> Iterator[Example]:
    """Ten examples, of every kind of change one before any has its second."""
    ordered = (group[turn] for turn in range(EXAMPLES) for group in groups if turn < len(group))
    for _, example in zip(range(EXAMPLES), ordered, strict=False):
        yield example


def _has_both(answers: Mapping[Answers, Scores], before: str, after: str, task: str) -> bool:
    return (before, task) in answers and (after, task) in answers


def _difference(ways: Mapping[tuple[str, str, str], int], answers: Mapping[Answers, Scores]) -> Interval:
    """The mean change of the score over these requests, each model's mean taken by task."""
    weights: dict[Answers, float] = {}
    total = sum(ways.values())
    for (before, after, task), count in ways.items():
        weights[before, task] = weights.get((before, task), 0.0) - count / total
        weights[after, task] = weights.get((after, task), 0.0) + count / total
    return weighted((weight, wilson(answers[cell])) for cell, weight in weights.items())
