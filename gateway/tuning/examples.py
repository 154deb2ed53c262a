"""Reads labelled examples for a head, and says where they are wrong."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FEWEST_ROWS: Final = 10  # of a label
FEWEST_LABELS: Final = 2
_MOST_SHOWN: Final = 10
_RIGHT: Final = 'right would be {"text": "where is my parcel", "label": "shipping"}'
_LONGEST_LABEL: Final = 64


class BadExamples(ValueError):
    """Rows that cannot be used; the message has a line for each, with its number."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and its label; None: a request for other labels than ours, to be handed on."""

    text: str
    label: str | None


def read(path: Path) -> tuple[Example, ...]:
    """The rows of a JSONL file; empty lines are skipped.

    Raises:
        BadExamples: a row is not `{"text": …, "label": …}`, or a text stands twice with different labels.
        OSError: the file cannot be read.
    """
    rows: list[Example] = []
    mistakes: list[str] = []
    known: dict[str, tuple[int, str | None]] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        read_row = _row(line)
        row = _unless_contradicted(read_row, number, known) if isinstance(read_row, Example) else read_row
        if isinstance(row, str):
            mistakes.append(f"{path.name}:{number}: {row}")
        elif row is not None:
            rows.append(row)
    if mistakes:
        raise BadExamples("\n".join(_shortened(mistakes)))
    return tuple(rows)


def check(examples: Sequence[Example]) -> None:
    """Raises BadExamples where there are too few labels, or too few rows of one."""
    counts = Counter(e.label for e in examples)
    strangers = counts.pop(None, 0)
    few = {label: n for label, n in counts.items() if n < FEWEST_ROWS}
    if len(counts) < FEWEST_LABELS:
        raise BadExamples(f"there are {len(counts)} labels; at least {FEWEST_LABELS} are needed")
    if few:
        named = ", ".join(f"{label} has {n}" for label, n in sorted(few.items()))
        raise BadExamples(f"too few rows: {named}; each label needs at least {FEWEST_ROWS}, better 60")
    if 0 < strangers < FEWEST_ROWS:
        raise BadExamples(
            f"{strangers} rows have the label null; give at least {FEWEST_ROWS} requests to hand on, or none"
        )


def fingerprint(examples: Iterable[Example]) -> str:
    """Twelve hexadecimal digits of the SHA-256 of the rows."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(json.dumps([example.text, example.label], ensure_ascii=False).encode())
    return digest.hexdigest()[:12]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadExamples(f"{path.name} is not UTF-8 (at byte {error.start}): save it as UTF-8") from error


def _row(line: str) -> Example | str:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return f"not JSON at column {error.colno} ({error.msg}); {_RIGHT}"
    if not isinstance(row, dict):
        return f"a row must be an object, this is {_kind(row)}; {_RIGHT}"
    if not isinstance(row.get("text"), str) or not row["text"].strip():
        return f'"text" must be a text that is not empty; {_RIGHT}'
    return _labelled(row)


def _labelled(row: dict[str, Any]) -> Example | str:
    if "label" not in row:
        return f'"label" is missing; {_RIGHT}; null for requests that are to be handed on'
    label = row["label"]
    if label is not None and (not isinstance(label, str) or not label.strip()):
        return f'"label" must be a word or null, this is {_kind(label)}; {_RIGHT}'
    if label is not None and len(label) > _LONGEST_LABEL:
        return f'"label" has {len(label)} characters, at most {_LONGEST_LABEL} are allowed'
    return Example(row["text"], label.strip() if label else None)


def _unless_contradicted(
    row: Example, number: int, known: dict[str, tuple[int, str | None]]
) -> Example | str | None:
    """The row; None where the same stands above; a word where the same text has another label there."""
    key = " ".join(row.text.split()).casefold()
    if key not in known:
        known[key] = (number, row.label)
        return row
    line, label = known[key]
    if label == row.label:
        return None
    return f"the same text has the label {label!r} in line {line} and {row.label!r} here: keep one"


def _kind(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "an empty text",
        type(None): "null",
        bool: "a truth value",
    }
    return names.get(type(value), "a number")


def _shortened(mistakes: list[str]) -> list[str]:
    left = len(mistakes) - _MOST_SHOWN
    return mistakes if left <= 0 else [*mistakes[:_MOST_SHOWN], f"and {left} more"]
