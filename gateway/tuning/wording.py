"""Finds, in a message, the text that is to be labelled, apart from the instruction around it."""

from __future__ import annotations

import re
from typing import Final

_INSTRUCTS: Final = re.compile(
    r"\b(classif\w*|categor\w*|label\w*|tag|tags|triage|sort|assign|bucket|ticket|which|route|request"
    r"|klassifizier\w*|einordnen|kategori\w*|étiquet\w*|classe[zr]?|clasifi\w*|etiquet\w*)\b",
    re.IGNORECASE,
)
_FENCED: Final = re.compile(r'(?s)("""|\'\'\'|###|```|---|===|<<<)\s*(.*?)\s*(?:\1|>>>|\Z)')
_QUOTED: Final = re.compile(r'(?s)["“„«](.*)["”“»]')
_LONGEST_INSTRUCTION: Final = 100  # characters
_QUOTED_SHARE: Final = 0.3  # of the message: a shorter quotation is a part of what is said


def asked(text: str) -> str:
    """The part of `text` that a label is wanted for; all of it where no instruction stands around it.

    Empty where there is an instruction and nothing after it.
    """
    text = text.strip()
    return (_from_fence(text) or _from_colon(text) or _from_line(text) or _from_quotes(text) or _Found(text))[
        0
    ]


class _Found(tuple[str]):
    """What was found, which may be an empty text."""

    __slots__ = ()

    def __new__(cls, text: str) -> _Found:
        return super().__new__(cls, (_unquoted(text.strip()),))


def _from_fence(text: str) -> _Found | None:
    fence = _FENCED.search(text)
    if fence is None or not _is_instruction(text[: fence.start()]):
        return None
    return _Found(fence.group(2))


def _from_colon(text: str) -> _Found | None:
    before, colon, after = text.partition(":")
    return _Found(_from_label(after)) if colon and _is_instruction(before) else None


def _from_label(text: str) -> str:
    """`Text: …` on a line below an instruction says once more that the text comes now."""
    name, colon, after = text.strip().partition(":")
    return after if colon and after.strip() and name.lower() in _NAMES else text


_NAMES: Final = frozenset({"text", "message", "ticket", "request", "input", "mail", "email", "e-mail"})


def _from_line(text: str) -> _Found | None:
    first, newline, rest = text.partition("\n")
    if not newline or not _is_instruction(first) or not _INSTRUCTS.match(first):
        return None
    return _Found(_from_label(rest))


def _from_quotes(text: str) -> _Found | None:
    quoted = _QUOTED.search(text)
    if quoted is None or len(quoted.group(1)) < _QUOTED_SHARE * len(text):
        return None
    return _Found(quoted.group(1)) if _is_instruction(text[: quoted.start()]) else None


def _is_instruction(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_INSTRUCTION and _INSTRUCTS.search(text) is not None


def _unquoted(text: str) -> str:
    """The text without a pair of quotation marks around the whole of it."""
    pairs = {'"': '"', "“": "”", "„": "“", "'": "'", "«": "»"}
    if len(text) > 1 and pairs.get(text[0]) == text[-1]:
        return text[1:-1].strip()
    return text
