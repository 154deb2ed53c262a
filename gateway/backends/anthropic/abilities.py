"""What a model takes that is asked in Anthropic's Messages API, told by its name: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# claude-haiku-4-5-20251001, claude-3-5-sonnet-latest, anthropic/claude-opus-5, claude-mythos-preview …
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d{1,2})(?!\d))?", re.IGNORECASE)
_LATEST = (99, 0)  # a Claude without a number
_EFFORTS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Abilities:
    """How much it may write (in tokens), how it is told to think, and whether sampling can be set.

    `adaptive`: it decides itself how much it thinks, guided by an effort; otherwise it is given a budget.
    `efforts` are the words it knows for an effort, the lowest first; empty: none.
    """

    most_output: int
    adaptive: bool = False
    efforts: tuple[str, ...] = ()
    sampling: bool = True


_OTHER = Abilities(8_192)  # another model behind the same API: the older form is what all of them know


def abilities_of(model: str) -> Abilities:
    """As Anthropic's documentation has them in November 2026, in API version 2023-06-01.

    Output: the models overview. Adaptive thinking came with 4.6, which is when budgets went out of use, and
    `temperature`, `top_p` and `top_k` are refused from 4.7 on. A contract test holds this against litellm's
    packaged table.
    """
    if "claude" not in model.lower():
        return _OTHER
    found = _VERSION.search(model)
    version = _LATEST if found is None else (int(found[1]), int(found[2] or 0))
    efforts = (
        *(_EFFORTS if version >= (4, 6) or _knows_effort(model, version) else ()),
        *(("xhigh",) if version >= (4, 7) else ()),
        *(("max",) if version >= (4, 6) else ()),
    )
    return Abilities(_most_output(version), version >= (4, 6), efforts, version < (4, 7))


def _knows_effort(model: str, version: tuple[int, int]) -> bool:
    return version == (4, 5) and "opus" in model.lower()


def _most_output(version: tuple[int, int]) -> int:
    """The least of the models of this version."""
    since = {(4, 6): 128_000, (4, 5): 64_000, (4, 0): 32_000, (0, 0): 4_096}
    return next(tokens for first, tokens in since.items() if version >= first)
