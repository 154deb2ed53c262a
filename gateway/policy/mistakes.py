"""What is wrong in a policy folder: where, what, and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_SECRET = re.compile(
    r"\b(?:[spr]k|pm)[-_](?=[\w-]*\d)[\w-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bhf_[A-Za-z0-9]{20,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY|\b[0-9a-fA-F]{40,}\b"
)
_LONGEST_SHOWN = 40  # characters of a value in a message


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake, or what is doubtful and loads all the same; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    proposal: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{place}; {self.proposal}" if self.proposal else place


class PolicyMistakes(Exception):
    """A folder that does not load, with every mistake and every warning. Never shown to a caller."""

    def __init__(self, mistakes: Iterable[Mistake], warnings: Iterable[Mistake] = ()) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        self.warnings = tuple(sorted(set(warnings)))
        super().__init__("\n".join(map(str, self.mistakes)))


def looks_secret(text: str) -> bool:
    """Whether a text has the form of a key, a token or a hash."""
    return _SECRET.search(text) is not None


def shortened(text: str) -> str:
    """A text as a message may repeat it."""
    if looks_secret(text):
        return f"{text[:4]}…"
    return f"{text[:_LONGEST_SHOWN]}…" if len(text) > _LONGEST_SHOWN else text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is spelt most like `word`, if any is."""
    spelt = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), spelt, n=1, cutoff=0.6)
    return spelt[close[0]] if close else None


def proposal(word: str, known: Iterable[str], what: str = "known") -> str:
    """The nearest right name, or else what there is to choose from."""
    names = sorted(set(known))
    close = nearest(word, names)
    if close:
        return f"did you mean {close}?"
    shown = ", ".join(names[:16]) + (", …" if len(names) > 16 else "")
    return f"{what}: {shown}" if names else f"{what}: none"
