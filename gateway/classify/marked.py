"""Reads texts whose names, addresses and dates are marked, and texts that hold none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from gateway.classify.rows import EXAMPLES
from gateway.classify.tagger import ENTITIES
from gateway.classify.tokenised import MOST


class Kind(Enum):
    """Where a text comes from."""

    SPANS = "spans"  # the team's, with marks
    OWN = "own"  # the team's, without
    WEAK = "weak"  # requests that are mostly about nobody
    GENERATED = "generated"  # from templates, with spans


Span = tuple[str, int, int]
_MARK: Final = re.compile("⟦([a-z_]+):([^⟧]*)⟧")
_NAMED_AGE: Final = re.compile(r"([^\W\d_][^\d]*?)[\s,(–-]+(\d{1,3}[^\W\d_]?)\)?")
BLOCK: Final = 25  # rows that are held out together
_HEAD: Final = 700  # characters of a text without marks


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with its spans; `block` says with what it is held out."""

    text: str
    spans: tuple[Span, ...]
    kind: Kind
    block: str
    label: str = "public"


def unmarked(text: str) -> tuple[str, tuple[Span, ...]]:
    """The text without its marks, and what they marked, by characters."""
    parts: list[str] = []
    spans: list[Span] = []
    at = size = 0
    for mark in _MARK.finditer(text):
        parts += text[at : mark.start()], mark[2]
        size += mark.start() - at
        if mark[1] in ENTITIES and mark[2]:
            spans += _split(mark[1], mark[2], size)
        size += len(mark[2])
        at = mark.end()
    return "".join([*parts, text[at:]]), tuple(spans)


def _split(entity: str, text: str, at: int) -> Iterator[Span]:
    """A mark as spans: some writers mark a name and its age as one."""
    both = _NAMED_AGE.fullmatch(text) if entity == "age_with_name" else None
    if both is None:
        yield entity, at, at + len(text)
        return
    yield "person", at, at + both.end(1)
    yield entity, at + both.start(2), at + both.end(2)


def written(folder: Path = EXAMPLES) -> Iterator[Marked]:
    """The team's rows with marks, public ones among them."""
    for path in sorted(folder.glob("spans-*.jsonl")):
        yield from of_file(path)


def of_file(path: Path) -> Iterator[Marked]:
    for number, row in enumerate(_lines(path)):
        for said in _texts(row):
            text, spans = unmarked(said)
            block = f"{path.stem}/{number // BLOCK}"
            yield Marked(text[:MOST], spans, Kind.SPANS, block, row.get("sensitivity", ""))


def plain(folder: Path = EXAMPLES, label: str = "public") -> Iterator[Marked]:
    """The team's rows without marks whose whole text has this label."""
    for path in sorted([*folder.glob("written-*.jsonl"), *folder.glob("sensitivity*.jsonl")]):
        axis = "sensitivity" if path.stem.startswith("written") else "label"
        for number, row in enumerate(_lines(path)):
            if row.get(axis) == label:
                for said in _texts(row):
                    yield Marked(said[:_HEAD], (), Kind.OWN, f"{path.stem}/{number // BLOCK}", label)


def given(shared: Path) -> Iterator[Marked]:
    """Public rows: generated ones with spans, and requests about nobody; none where there is no such file."""
    path = shared / "train" / "sensitivity.jsonl"
    if not path.exists():
        return
    for number, row in enumerate(_lines(path)):
        if row["source"].startswith("presidio"):
            spans = tuple(_translated(row["text"], row["spans"]))
            yield Marked(
                row["text"][:MOST], spans, Kind.GENERATED, f"presidio/{number // BLOCK}", row["label"]
            )
        elif row["label"] == "public":
            yield Marked(row["text"][:_HEAD], (), Kind.WEAK, f"weak/{number // BLOCK}")


def _translated(text: str, spans: list[tuple[str, int, int]]) -> Iterator[Span]:
    """Names as they are; pieces of an address that stand side by side as one, if it holds a number."""
    pieces = sorted((s, e) for kind, s, e in spans if kind in ("ADDRESS", "LOCATION"))
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        if joined and not re.search(r"\w", text[joined[-1][1] : start].replace("nan", "")):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    for start, end in joined:
        if re.search(r"\d.*[^\W\d]|[^\W\d].*\d", text[start:end], re.DOTALL):
            yield "street_address", start, end
    for kind, start, end in spans:
        if kind == "PERSON":
            yield "person", start, end
        elif kind == "DATE_TIME" and re.search(r"born|birth", text[:start]):
            yield "date_of_birth", start, end


def _texts(row: dict[str, Any]) -> list[str]:
    return [row["text"]] if "text" in row else [message["content"] for message in row["messages"]]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
