"""Edits of a request that change nothing of what it asks: by people, mail programs and rogues."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

Edit = Callable[[str, random.Random], str]

_WORD = re.compile(r"[A-Za-z]{5,}")
_ALIKE = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")  # Latin to Cyrillic
_PREAMBLE = (
    "Some background first, so that you know where this comes from: we moved to the new system two weeks ago"
    " and most of it works as it should. A few things still have to be sorted out, which nobody planned for,"
    " and I am going through them one after the other this afternoon. This is the next one on my list.\n\n"
)


def _typos(text: str, draw: random.Random) -> str:
    """Two letters change places inside one long word in six."""

    def swapped(match: re.Match[str]) -> str:
        word = match.group()
        if draw.random() >= 1 / 6:
            return word
        at = draw.randrange(1, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return _WORD.sub(swapped, text)


def _sprinkled(sign: str) -> Edit:
    """The sign inside one word in three."""

    def edit(text: str, draw: random.Random) -> str:
        return _WORD.sub(
            lambda m: f"{m.group()[:2]}{sign}{m.group()[2:]}" if draw.random() < 1 / 3 else m.group(), text
        )

    return edit


def _confusable(text: str, draw: random.Random) -> str:
    """One Latin letter in eight becomes its Cyrillic look-alike."""
    return "".join(sign.translate(_ALIKE) if draw.random() < 1 / 8 else sign for sign in text)


SEEN_THROUGH: Mapping[str, Edit] = MappingProxyType(
    {
        "lower case": lambda text, _: text.lower(),
        "upper case": lambda text, _: text.upper(),
        "zero-width spaces": _sprinkled("\u200b"),
        "soft hyphens": _sprinkled("\u00ad"),
        "look-alike letters": _confusable,
        "no-break spaces": lambda text, _: text.replace(" ", "\u00a0"),
        "a code block": lambda text, _: f"```\n{text}\n```",
        "quotation marks": lambda text, _: f'"{text}"',
        "a quoted mail": lambda text, _: "\n".join(f"> {line}" for line in text.splitlines()),
    }
)
"""Edits that may never lower a sensitivity label."""

EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        **SEEN_THROUGH,
        "typos": _typos,
        "a greeting": lambda text, _: f"Hi there! I hope you are well. {text}",
        "thanks": lambda text, _: f"{text} Thanks a lot in advance!",
        "a long preamble": lambda text, _: _PREAMBLE + text,
        "white space": lambda text, _: "\n\n  " + text.replace(" ", "  ") + " \n",
        "no punctuation at the end": lambda text, _: text.rstrip(".?! \n"),
    }
)
