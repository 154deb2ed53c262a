"""What of a conversation tells what is asked: its last user message, and what that leans on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gateway.classify.features import Part

LEANS: Final = (
    60  # characters: a last message up to here leans wholly on what was said before, a longer one less
)
_SYSTEM: Final = ("system", "developer")


class Asked(NamedTuple):
    """The last user message, what the application says, the user message before, and the answer to that."""

    question: str
    system: str = ""
    before: str = ""
    answer: str = ""

    def leaning(self) -> Iterator[tuple[Part, str, float]]:
        """What there is beside the question, and how much it counts."""
        if self.system:
            yield Part.SYSTEM, self.system, 1.0
        share = min(1.0, LEANS / max(len(self.question), 1))
        if self.before:
            yield Part.BEFORE, self.before, share
        if self.answer:
            yield Part.ANSWER, self.answer, share


def asked(messages: Iterable[tuple[str, str]]) -> Asked:
    """Of messages as pairs of role and text."""
    question = before = answer = said = ""
    system: list[str] = []
    for role, text in messages:
        if role == "user":
            question, before, answer, said = text, question, said, ""
        elif role == "assistant":
            said = text or said
        elif role in _SYSTEM and text:
            system.append(text)
    return Asked(question, "\n".join(system), before, answer)
