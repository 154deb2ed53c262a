"""Writes the model card: what the weights were fitted on, how good they are on text they have not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gateway.classify import calibrate, variety
from gateway.classify.rows import OWN, Row
from gateway.classify.trial import Line

if TYPE_CHECKING:
    from gateway.classify.difficulty import Difficulty
    from gateway.classify.train import Axis

_INTRODUCTION = """# Model card: task, freshness, sensitivity, injection, difficulty
Multinomial logistic regression over hashed words, word pairs, the text's edges and shape, runs of four
characters, and what a request leans on (system prompt, the message before and its answer); int8 weights,
served by NumPy. Written by `make weights` (`python -m gateway.classify.train --shared DIR`); the same input
gives the same file.

Every figure below is on rows that the measured model was not fitted on: a public source is held out whole,
the team's own rows in folds of blocks of neighbours (so the line `authored` is same-style, and flatters).
Greetings, thanks and what is put around all of a text are taken off before; copies of one row in three with
a story before it or courtesies around it are fitted on, and not measured. `majority` always says the
source's commonest label, `keyword` is a handful of patterns. The public labels are noisy.
"""


def written(
    axes: Sequence[Axis], gathered: Mapping[str, Sequence[Row]], hard: Difficulty | None = None
) -> str:
    """The card, as Markdown."""
    parts = [_INTRODUCTION, *map(_section, axes), _difficulty(hard), _sources(gathered, hard), _variety()]
    return "\n".join(parts)


def _section(axis: Axis) -> str:
    lines = [
        f"## {axis.name}",
        "| source | rows | majority | keyword | model |",
        "|---|---:|---:|---:|---:|",
        *map(_line, axis.lines),
        "",
        _ABOUT.get(axis.name, _sureness)(axis),
        "",
    ]
    return "\n".join(lines)


def _line(line: Line) -> str:
    return f"| {line.source} | {line.rows} | {line.majority:.2f} | {line.keyword:.2f} | {line.model:.2f} |"


def _sureness(axis: Axis) -> str:
    results = axis.results
    chances = calibrate.shares(results.scores, axis.temperature)
    own = np.array([row.source == OWN for row in results.rows])
    sure = chances.max(1) >= axis.threshold
    right = chances.argmax(1) == results.wanted
    told = [
        f"Temperature {axis.temperature:.2f}, expected calibration error "
        f"{calibrate.expected_error(chances.max(1), right):.3f}. Unsure below {axis.threshold:.2f}:"
    ]
    for name, part in (("the team's rows", own), ("public rows", ~own)):
        if (part & sure).any() and (part & ~sure).any():
            told.append(
                f"- of {name} it is sure of {sure[part].mean():.0%}, and right in"
                f" {right[part & sure].mean():.0%} of those"
                f" (in {right[part & ~sure].mean():.0%} of the others)"
            )
    return "\n".join(told)


def _sensitivity(axis: Axis) -> str:
    lines = [
        f"Called confidential from {axis.doubt:.2f} on, surely from {axis.threshold:.2f}: the cut at which,"
        f" with a confidence of {calibrate.CONFIDENCE:.0%}, no more than {calibrate.PASSED:.0%} of such"
        " confidential text passes as public (Bates et al., 2021; detectors and model together, on the rows"
        " below). The model alone, without the detectors (which find what has a shape):",
        "",
        "| source | public rows | called confidential | confidential rows | missed |",
        "|---|---:|---:|---:|---:|",
    ]
    for source in axis.results.sources:
        part = axis.results.of(source)
        flagged = calibrate.shares(part.scores, axis.temperature)[:, 1] >= axis.doubt
        public, personal = part.wanted == 0, part.wanted == 1
        over = f"{flagged[public].mean():.1%}" if public.any() else "–"
        missed = f"{1 - flagged[personal].mean():.1%}" if personal.any() else "–"
        lines.append(f"| {source} | {public.sum()} | {over} | {personal.sum()} | {missed} |")
    return "\n".join(lines)


def _injection(axis: Axis) -> str:
    """Attacks found where the cut lets 95 % of harmless text pass that looks like one."""
    results = axis.results
    chances = calibrate.shares(results.scores, axis.temperature)[:, 1]
    alike = np.array(
        [row.weight >= 1.0 for row in results.rows]
    )  # what was written for other axes weighs less
    harmless, attacks = alike & (results.wanted == 0), results.wanted == 1
    at = calibrate.cut(chances[harmless], _ALARMS)
    sources = np.array([row.source for row in results.rows])
    found = [
        f"{source} {(chances[attacks & (sources == source)] >= at).mean():.0%}"
        for source in sorted(set(sources[attacks]))
    ]
    return (
        f"Temperature {axis.temperature:.2f}. A score of {at:.2f} or more is given to {_ALARMS:.0%} of"
        f" harmless text that looks like an attack, and to these shares of attacks of sources not fitted on:"
        f" {', '.join(found)}."
    )


_ALARMS = 0.05
_ABOUT = {"sensitivity": _sensitivity, "injection": _injection}


def _difficulty(hard: Difficulty | None) -> str:
    if hard is None:
        return ""
    low, high = hard.gained
    return (
        "## difficulty\nThe chance that the cheaper of two models (Mixtral 8x7B beside GPT-4) fails, on"
        f" {hard.rows:,} word problems. Average performance gap recovered, on five folds: {hard.apgr:.3f};"
        f" by the prompt's length {hard.by_length:.3f}; difference {hard.apgr - hard.by_length:+.3f} (95 %:"
        f" {low:+.3f} to {high:+.3f}). It knows nothing of other tasks.\n"
    )


def _variety() -> str:
    """How the team's text is spread, as a table."""
    lines = [
        "## The team's text",
        "Near-duplicates share half of their word triples with another row (Jaccard similarity of 0.5 or"
        " more): contrasts on one supplied text, mostly.",
        "",
        "| file | rows | near-duplicates | task labels | the commonest |",
        "|---|---:|---:|---:|---:|",
    ]
    for each in variety.measured():
        tasks = f"{each.tasks} | {each.commonest:.0%}" if each.tasks else "– | –"
        lines.append(f"| {each.file} | {each.rows:,} | {each.repeated:.1%} | {tasks} |")
    return "\n".join([*lines, ""])


def _sources(gathered: Mapping[str, Sequence[Row]], hard: Difficulty | None) -> str:
    counts = Counter((row.source, row.licence, axis) for axis, part in gathered.items() for row in part)
    if hard is not None:
        counts["lm-sys/RouteLLM (GSM8K)", "Apache-2.0", "difficulty"] = hard.rows
    lines = ["## Fitted on", "| source | licence | axis | rows |", "|---|---|---|---:|"]
    for (source, licence, axis), count in sorted(counts.items()):
        name = "the team's own (gateway/classify/examples)" if source == OWN else source
        lines.append(f"| {name} | {licence} | {axis} | {count} |")
    return "\n".join([*lines, ""])
