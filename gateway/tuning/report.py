"""Says in Markdown what a head is, what it was fitted on, and how it did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.tuning.head import Head
from gateway.tuning.measure import Figures


@dataclass(frozen=True, slots=True)
class Report:
    """A head and its figures; `holdout` is of rows that were never fitted on. `command` made the head."""

    head: Head
    rows: int
    strangers: int
    cross_validated: Figures
    holdout: Figures | None
    command: str
    to: str

    def text(self) -> str:
        """The whole card."""
        return "\n".join(self._lines()) + "\n"

    def summary(self) -> str:
        """A few lines for a terminal."""
        lines = [f"{self.head.name}: {len(self.head.classes)} labels from {self.rows} examples, in {self.to}"]
        lines.append(f"  cross-validated: {_sentence(self.cross_validated)}")
        if self.holdout is not None:
            lines.append(f"  hold-out:        {_sentence(self.holdout)}")
        lines.append(f"  serve it:        target: local/{self.head.name}   (what it abstains from goes on)")
        return "\n".join(lines)

    def _lines(self) -> Iterable[str]:
        head = self.head
        yield f"# {head.name}"
        yield ""
        yield f"A classification head for `local/{head.name}`: {', '.join(head.classes)}."
        yield f"Embedder {head.embedder}, {head.dimensions} dimensions, beside hashed n-grams; fitted from"
        yield f"{self.rows} examples (fingerprint {head.made_from}), {self.strangers} of them to hand on."
        yield "It answers where its calibrated probability reaches the label's threshold, chosen so that"
        yield f"{head.target:.0%} of the cross-validated answers are right, together and label by label:"
        thresholds = zip(head.classes, head.thresholds, strict=True)
        yield ", ".join(f"{label} {t:.2f}" if t <= 1 else f"{label} never" for label, t in thresholds) + "."
        yield ""
        yield "Made by:"
        yield ""
        yield f"    {self.command}"
        yield ""
        yield from _section("Cross-validated, five folds", self.cross_validated)
        if self.holdout is not None:
            yield ""
            yield from _section("Hold-out, never fitted on", self.holdout)


def _sentence(figures: Figures) -> str:
    return (
        f"answers {figures.coverage:.0%} of the {_known(figures)} labelled rows; of its "
        f"{figures.answered} answers {figures.accuracy:.1%} are right"
    )


def _known(figures: Figures) -> int:
    return sum(t.rows for t in figures.labels.values())


def _section(title: str, figures: Figures) -> Iterable[str]:
    yield f"## {title}"
    yield ""
    yield f"It {_sentence(figures)} ({figures.right} of {figures.answered})."
    yield f"Were it made to answer all labelled rows, {figures.forced:.1%} would be right."
    if figures.strangers.rows:
        stray = figures.strangers
        yield f"Of {stray.rows} requests for other labels it hands on {stray.rows - stray.answered}."
    yield ""
    yield "| label | rows | answered | right | share answered | right of answered |"
    yield "|---|---|---|---|---|---|"
    for label, tally in figures.labels.items():
        yield (
            f"| {label} | {tally.rows} | {tally.answered} | {tally.right} "
            f"| {_share(tally.answered, tally.rows)} | {_share(tally.right, tally.answered)} |"
        )
    yield ""
    yield "Answers (columns) by truth (rows):"
    yield ""
    yield from _confusion(figures)


def _confusion(figures: Figures) -> Iterable[str]:
    given = sorted({*figures.labels, *(g for _, g in figures.confusion)})
    yield _row(["", *given])
    yield _row(["---"] * (len(given) + 1))
    for truth in [*figures.labels, *([""] if figures.strangers.rows else [])]:
        counts = [str(figures.confusion.get((truth, g), 0) or "·") for g in given]
        yield _row([truth or "(to hand on)", *counts])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"
