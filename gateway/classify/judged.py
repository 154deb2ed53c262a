"""How well spans are found in texts that were not fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.classify.marked import Marked, Span
from gateway.classify.rule import Hit
from gateway.classify.spelling import spelled
from gateway.classify.tagger import ENTITIES, Curve, Found, Steps
from gateway.classify.tokenised import tokens


@dataclass(frozen=True, slots=True)
class Scored:
    """A row and what a tagger that had not seen it found in it."""

    row: Marked
    found: Sequence[Found]
    names: Steps

    def right(self, found: Found) -> bool:
        """Whether a person marked something of that entity there."""
        read = tokens(self.row.text, self.names)
        start, end = read.starts[found.first], read.ends[found.end - 1]
        return any(e == ENTITIES[found.tag - 1] and s < end and start < d for e, s, d in self.row.spans)

    def hits(self, curves: Sequence[Curve], threshold: float) -> list[Hit]:
        """What is sure enough."""
        read = tokens(self.row.text, self.names)
        hits = []
        for each in self.found:
            sure = curves[each.tag - 1].confidence(each.gain, each.end - each.first)
            if sure >= threshold:
                entity = ENTITIES[each.tag - 1]
                hits.append(Hit(entity, *spelled(self.row.text, read, each.first, each.end, entity), sure))
        return hits


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one entity: spans marked, hits, and how many of either are right, exactly or by overlap."""

    entity: str
    spans: int
    hits: int
    exact: int
    near: int  # spans that a hit of the entity touches
    touching: int  # hits that touch a span of the entity

    def __str__(self) -> str:
        exact = f1(self.exact / max(self.hits, 1), self.exact / max(self.spans, 1))
        near = f1(self.touching / max(self.hits, 1), self.near / max(self.spans, 1))
        return f"{self.entity:15}{self.spans:6}   exact {exact}   overlap {near}"


@dataclass(frozen=True, slots=True)
class Quality:
    """`alarms`: share of public texts with a hit. `reached`: share of texts with spans that have a hit."""

    entities: tuple[Judged, ...]
    public: int
    alarms: float
    reached: float

    def __str__(self) -> str:
        head = f"{self.alarms:.4f} of {self.public} public texts raise an alarm; "
        head += f"{self.reached:.3f} of the texts with spans are reached"
        return "\n".join([head, *map(str, self.entities)])


def f1(precision: float, recall: float) -> str:
    """Precision, recall and their harmonic mean."""
    both = 2 * precision * recall / max(precision + recall, 1e-9)
    return f"P {precision:.3f} R {recall:.3f} F1 {both:.3f}"


def judged(scored: Iterable[Scored], curves: Sequence[Curve], threshold: float) -> Quality:
    """The quality at a threshold."""
    return quality((each.row, each.hits(curves, threshold)) for each in scored)


def quality(pairs: Iterable[tuple[Marked, Sequence[Hit]]]) -> Quality:
    """The quality of these hits in these rows."""
    rows = list(pairs)
    public = [bool(hits) for row, hits in rows if row.label == "public" and not row.spans]
    held = [bool(hits) for row, hits in rows if row.spans]
    entities = tuple(_entity(entity, rows) for entity in ENTITIES)
    return Quality(entities, len(public), sum(public) / max(len(public), 1), sum(held) / max(len(held), 1))


def _entity(entity: str, rows: Sequence[tuple[Marked, Sequence[Hit]]]) -> Judged:
    spans = hits = exact = near = touching = 0
    for row, found in rows:
        own: list[Span] = [span for span in row.spans if span[0] == entity]
        caught: list[Span] = [hit[:3] for hit in found if hit.entity == entity]
        spans, hits = spans + len(own), hits + len(caught)
        exact += len(set(own) & set(caught))
        near += sum(any(_touch(span, hit) for hit in caught) for span in own)
        touching += sum(any(_touch(span, hit) for span in own) for hit in caught)
    return Judged(entity, spans, hits, exact, near, touching)


def _touch(one: Span, other: Span) -> bool:
    return one[1] < other[2] and other[1] < one[2]
