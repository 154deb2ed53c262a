"""Two baselines that a model must beat: the commonest label, and a handful of keywords."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_KEYWORDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "task": (
        ("translation", r"translat|übersetz|tradu[iz]|in(?:to)? (?:french|german|spanish|english|italian)"),
        ("summarization", r"summar|tl;?dr|key points|résume|zusammenfass|resum"),
        ("rewriting", r"rewrite|rephrase|correct|proofread|paraphrase|formal|grammar"),
        ("categorization", r"classif|categor|sentiment|label|which of (?:these|the following)|is this"),
        ("extraction", r"extract|list (?:all|every|the names)|pull out"),
        ("coding", r"\bcode\b|function|python|javascript|\bsql\b|bug|regex|def |class |script"),
        ("math_reasoning", r"how many|solve|calculate|prove|equation|\d+ ?[-+*/^=] ?\d+"),
        ("creative_writing", r"poem|story|haiku|song|slogan|write a (?:short|funny)"),
        ("brainstorming", r"ideas|suggest|tips|ways to|recommend|plan|how (?:can|should|do) i"),
        ("knowledge_lookup", r"\bour\b|policy|handbook|according to the"),
        ("tool_action", r"book|order|send|schedule|remind|weather|play|turn (?:on|off)|find me|check"),
        ("chit_chat", r"^(?:hi|hello|hey|thanks|thank you|bye|how are you|good (?:morning|night))"),
        ("closed_qa", r"(?s)(?:according|based on|passage|context|text below).*"),
        ("question_answering", r"^(?:what|who|when|where|why|which|how)\b"),
    ),
    "freshness": (
        ("live", r"\bnow\b|right now|weather|current time|traffic|price|status|open today|what time"),
        ("recent", r"latest|newest|recent|this (?:week|month)|yesterday|today"),
        ("slow", r"current|who is the|president|population|largest|most"),
    ),
    "sensitivity": (
        (
            "confidential",
            r"\bmy (?:name|wife|husband|son|daughter|address|doctor)|@|patient|mr\.?|mrs\.?|\d{5,}",
        ),
    ),
    "injection": (
        (
            "injection",
            r"\b(?:ignore|disregard|forget|override|jailbreak|unfiltered|uncensored|pretend)\b|system prompt"
            r"|no (?:rules|restrictions)|(?:your|previous|above) instructions",
        ),
    ),
}
_DEFAULT: Final = {
    "task": "question_answering",
    "freshness": "static",
    "sensitivity": "public",
    "injection": "benign",
}


def keyword(axis: str, text: str) -> str:
    """The label of the first pattern that occurs."""
    for label, pattern in _KEYWORDS[axis]:
        if re.search(pattern, text, re.IGNORECASE):
            return label
    return _DEFAULT[axis]


def majority(labels: Sequence[str]) -> float:
    """The accuracy of always saying the commonest of these labels."""
    return Counter(labels).most_common(1)[0][1] / len(labels)
