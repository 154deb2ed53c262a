"""Reads labelled texts for training: the team's own, and public rows where a folder of them is given."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EXAMPLES: Final = Path(__file__).parent / "examples"
OWN: Final = "authored"
_CAP: Final = 120  # rows of one label from one public source; more of the same teach nothing

# Sources whose requests are about nobody, and tasks whose request supplies everything that is needed.
_IMPERSONAL: Final = ("clinc150", "llmrouter_train", "dolly15k")
_SETTLED: Final = frozenset(
    {
        "summarization",
        "rewriting",
        "translation",
        "extraction",
        "closed_qa",
        "coding",
        "math_reasoning",
        "creative_writing",
        "categorization",
        "chit_chat",
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """A text and its label on one axis; own rows weigh more than public ones, ruled labels less."""

    text: str
    label: str
    source: str
    licence: str
    weight: float


def own(axis: str, folder: Path = EXAMPLES) -> list[Row]:
    """The team's examples of one axis: every file that is named `AXIS.jsonl` or `AXIS-….jsonl`."""
    files = sorted([*folder.glob(f"{axis}.jsonl"), *folder.glob(f"{axis}-*.jsonl")])
    return [Row(row["text"], row["label"], OWN, "Apache-2.0", 3.0) for path in files for row in _lines(path)]


def public(axis: str, shared: Path) -> list[Row]:
    """Public rows of one axis, capped for each source and label; none where the folder has no such file."""
    path = shared / "train" / f"{axis}.jsonl"
    if not path.exists():
        return []
    rows = [
        Row(r["text"], r["label"], r["source"], r["licence"], 0.5 if r.get("weak") else 1.0)
        for r in _lines(path)
    ]
    return list(_capped(rows, _CAP))


def gathered(axis: str, shared: Path | None, folder: Path = EXAMPLES) -> list[Row]:
    """All rows of one axis, with those that another axis's labels settle.

    What is settled: a task whose request supplies everything is static; what is live only a tool can tell.
    """
    rows = own(axis, folder) + (public(axis, shared) if shared else [])
    if axis == "task":
        live = [r for r in (public("freshness", shared) if shared else []) if r.label == "live"]
        asked = [Row(r.text, "tool_action", r.source, r.licence, r.weight) for r in live]
        return [r for r in rows + asked if r.source not in _NOISY]
    tasks = gathered("task", shared, folder)
    return rows + list(_freshness(tasks)) if axis == "freshness" else _sensitivity(rows, tasks)


def _freshness(tasks: Iterable[Row]) -> Iterator[Row]:
    settled = [r for r in tasks if r.label in _SETTLED]
    for row in _capped(settled, 40):
        yield Row(row.text, "static", row.source, row.licence, 0.5 if row.source == OWN else 0.3)


def _sensitivity(rows: Iterable[Row], tasks: Iterable[Row]) -> list[Row]:
    """Detectors find what is restricted: the model learns from the rest what is about a person."""
    kept = [r for r in rows if r.label in ("public", "confidential")]
    kept = [r for r in kept if r.source not in _DOUBTFUL or (r.weight == 1.0 and r.source != "pupa_tnb")]
    impersonal = [r for r in tasks if r.source in _IMPERSONAL and len(r.text) < 300]
    return kept + [Row(r.text, "public", r.source, r.licence, 0.5) for r in _capped(impersonal, 60)]


_NOISY: Final = ("prompttensor", "metatool_queries")  # templates; every request a tool's, whatever it asks
_DOUBTFUL: Final = ("presidio_generated_large", "pupa_tnb")  # their ruled labels hold much that is public


def _capped(rows: Sequence[Row], most: int) -> Iterator[Row]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.source, row.label].append(row)
    draw = random.Random(7)  # noqa: S311 -- a sample, not a secret
    for key in sorted(groups):
        group = groups[key]
        yield from draw.sample(group, min(most, len(group)))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
