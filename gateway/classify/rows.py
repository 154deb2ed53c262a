"""Reads labelled texts for training: the team's own, and public rows where a folder of them is given."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gateway.classify.asked import Asked, asked

EXAMPLES: Final = Path(__file__).parent / "examples"
OWN: Final = "authored"
_MARK: Final = re.compile("⟦[a-z_]+:([^⟧]*)⟧")
_EVERY: Final = 4
_SHORT: Final = 200  # characters
_FEW: Final = 40  # characters of small talk, which says nothing about anybody
_SMALL_TALK: Final = ("chit_chat", "translation", "math_reasoning", "coding", "creative_writing")
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
    """A text, what it leans on, and its label on one axis.

    Own rows weigh more than public ones, ruled labels less.
    """

    text: str
    label: str
    source: str
    licence: str
    weight: float
    system: str = ""
    before: str = ""
    answer: str = ""

    @property
    def asked(self) -> Asked:
        return Asked(self.text, self.system, self.before, self.answer)


def own(axis: str, folder: Path = EXAMPLES) -> list[Row]:
    """The team's examples of one axis: of the files README.md in their folder names."""
    return _of_one_axis(axis, folder) + _of_several(axis, folder)


def _of_one_axis(axis: str, folder: Path) -> list[Row]:
    files = sorted([*folder.glob(f"{axis}.jsonl"), *folder.glob(f"{axis}-*.jsonl")])
    return [_row(Asked(row["text"]), row["label"]) for path in files for row in _lines(path)]


def _of_several(axis: str, folder: Path) -> list[Row]:
    files = sorted([*folder.glob("written-*.jsonl"), *folder.glob("spans-*.jsonl")])
    return [_row(request(row, axis), row[axis]) for path in files for row in _lines(path) if row.get(axis)]


def _row(request: Asked, label: str) -> Row:
    return Row(
        request.question, label, OWN, "Apache-2.0", 3.0, request.system, request.before, request.answer
    )


def request(row: Mapping[str, Any], axis: str) -> Asked:
    """What is read of a row's `text` or `messages`: for sensitivity all alike, else the last question.

    For injection it is the last message alone that is a tool's or, without one, a user's.
    """
    if "text" in row:
        return Asked(_MARK.sub(r"\1", row["text"]))
    said = [(message["role"], message["content"]) for message in row["messages"]]
    if axis == "sensitivity":
        return Asked("\n".join(text for _, text in said))
    return Asked(_smuggled(said)) if axis == "injection" else asked(said)


def _smuggled(said: Sequence[tuple[str, str]]) -> str:
    """The text that may be an attack."""
    last = dict(said)
    return last.get("tool") or last.get("user", "")


def public(axis: str, shared: Path, sources: Sequence[str] = ()) -> list[Row]:
    """Public rows of one axis, capped for each source and label; none where the folder has no such file.

    `sources`: of these alone.
    """
    path = shared / "train" / f"{axis}.jsonl"
    if not path.exists():
        return []
    rows = [
        Row(r["text"], r["label"], r["source"], r["licence"], 0.5 if r.get("weak") else 1.0)
        for r in _lines(path)
        if not sources or r["source"] in sources
    ]
    return list(_capped(rows, _CAP))


def gathered(axis: str, shared: Path | None, folder: Path = EXAMPLES) -> list[Row]:
    """All rows of one axis, with those that another axis's labels settle.

    What is settled: a task whose request supplies everything is static; what is live only a tool can tell.
    """
    rows = own(axis, folder)
    if axis in ("task", "freshness"):
        rows = list(_distracted(rows))
    rows += public(axis, shared) if shared else []
    if axis == "injection":
        return rows + list(_harmless(rows, folder))
    if axis == "task":
        live = [r for r in (public("freshness", shared) if shared else []) if r.label == "live"]
        live += public("tool_need", shared, (_CALLS,)) if shared else []
        asked = [Row(r.text, "tool_action", r.source, r.licence, r.weight) for r in live]
        return [r for r in rows + asked if r.source not in _NOISY]
    if axis == "freshness":
        told = _of_one_axis("task", folder) + (public("task", shared) if shared else [])
        return rows + list(_freshness(r for r in told if r.source not in _NOISY))
    return _sensitivity(rows, gathered("task", shared, folder))


def _distracted(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows, and behind one in _EVERY of the short ones the same in a conversation about something else.

    What was said before must not decide a question that says all by itself. The copy stands beside its row,
    so that they are held out together.
    """
    talks = [row for row in rows if row.before and row.answer]
    draw = random.Random(11)  # noqa: S311 -- a sample, not a secret
    for number, row in enumerate(rows):
        yield row
        if talks and number % _EVERY == 0 and row.asked == Asked(row.text) and len(row.text) <= _SHORT:
            talk = draw.choice(talks)
            yield replace(row, before=talk.before, answer=talk.answer)


def _harmless(rows: Iterable[Row], folder: Path) -> Iterator[Row]:
    """What was written for other axes attacks nobody."""
    known = {row.text for row in rows}
    for row in own("task", folder) + own("sensitivity", folder):
        if row.text not in known:
            known.add(row.text)
            yield Row(row.text, "benign", row.source, row.licence, 0.3)


def _freshness(tasks: Iterable[Row]) -> Iterator[Row]:
    settled = [r for r in tasks if r.label in _SETTLED]
    for row in _capped(settled, 40):
        yield Row(row.text, "static", row.source, row.licence, 0.5 if row.source == OWN else 0.3)


def _sensitivity(rows: Iterable[Row], tasks: Iterable[Row]) -> list[Row]:
    """Detectors find what is restricted: the model learns from the rest what is about a person."""
    kept = [r for r in rows if r.label in ("public", "confidential")]
    kept = [r for r in kept if r.source not in _DOUBTFUL or (r.weight == 1.0 and r.source != "pupa_tnb")]
    impersonal = [r for r in tasks if r.source in _IMPERSONAL and len(r.text) < 300]
    known = {row.text for row in kept}
    small = [r for r in tasks if r.source == OWN and r.label in _SMALL_TALK and len(r.text) <= _FEW]
    kept += [replace(r, label="public", before="", answer="") for r in small if r.text not in known]
    return kept + [Row(r.text, "public", r.source, r.licence, 0.5) for r in _capped(impersonal, 60)]


_NOISY: Final = ("prompttensor", "metatool_queries")  # templates; every request a tool's, whatever it asks
_CALLS: Final = "bfcl_live_multiple"  # requests that were written to be answered by calling a function
_DOUBTFUL: Final = ("presidio_generated_large", "pupa_tnb")  # their ruled labels hold much that is public


def _capped(rows: Sequence[Row], most: int) -> Iterator[Row]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.source, row.label].append(row)
    draw = random.Random(7)  # noqa: S311 -- a sample, not a secret
    for key in sorted(groups):
        group = groups[key]
        yield from draw.sample(group, min(most, len(group)))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
