"""Says rows again with what people put around a request: it changes nothing of what is asked."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from gateway.classify.rows import EXAMPLES, Row

_EVERY: Final = 3
_SHARE: Final = 0.5  # what a copy counts beside its row
_PHRASES: Final = EXAMPLES / "courtesies.json"
_LONG: Final = 500  # characters: a longer row is mostly text that it brings along


def courteous(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows, and behind one in _EVERY of the shorter ones the same with courtesies or a story around it.

    The copy stands beside its row, so that they are held out together.
    """
    draw = random.Random(23)  # noqa: S311 -- a sample, not a secret
    for number, row in enumerate(rows):
        yield row
        if number % _EVERY == 0 and len(row.text) <= _LONG:
            yield replace(row, text=_around(row.text, draw), weight=row.weight * _SHARE)


@cache
def _said() -> Mapping[str, Sequence[str]]:
    known: Mapping[str, Sequence[str]] = json.loads(_PHRASES.read_text(encoding="utf-8"))
    return known


def _around(text: str, draw: random.Random) -> str:
    said, kind = _said(), draw.random()
    if kind < 0.2:
        return f"{draw.choice(said['openings'])} {text}"
    if kind < 0.3:
        return f"{text} {draw.choice(said['closings'])}"
    if kind < 0.4:
        return f"{draw.choice(said['openings'])} {text} {draw.choice(said['closings'])}"
    between = draw.choice((" ", "\n", "\n\n"))
    return f"{draw.choice(said['preambles'])}{between}{text}"
