"""Finds the words of a request that name something: names, noun phrases, what follows a preposition. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gateway.backends.local.values import Found
from gateway.backends.local.words import FUNCTION, stem

# Words that end a noun phrase though they are no function words: state and politeness.
_STATE_WORDS = """left available remaining right currently today tomorrow soon anymore quickly sold using
    doing running having worth enough back possible instead exactly anything something everything
    called named"""
_STATES = frozenset(_STATE_WORDS.split())
_LEADING = frozenset({"new", "good", "best", "latest", "current"})
_OPENERS = frozenset({"called", "named", "titled", "entitled"})
_TOKEN = re.compile(r"\w[\w'’&.+/-]*|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int
    end: int

    @property
    def low(self) -> str:
        return self.text.lower().replace("’", "'")

    @property
    def is_word(self) -> bool:
        return self.text[0].isalnum()

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


def tokens(text: str) -> list[Token]:
    found = []
    for m in _TOKEN.finditer(text):
        word = re.sub(r"['’]s?$", "", m[0].rstrip("&.+/-'’")) if m[0][0].isalnum() else m[0]
        found.append(Token(word, m.start(), m.start() + len(word)))
    return found


_Good = Callable[[Token, int], bool]


class Phrases:
    """The noun phrases of a request, `taken` characters and the tool's own words left out of them."""

    def __init__(
        self, text: str, taken: Collection[Found], vocabulary: Collection[str], capitals: Collection[str] = ()
    ) -> None:
        self._text = text
        self._taken = taken
        self._vocabulary = vocabulary
        self._capitals = capitals
        self._tokens = tokens(text)

    def named(self) -> list[Found]:
        """Capitalised runs, as `Amelie Brandt`; a sentence's first word alone is none."""
        runs = self._runs(0, lambda t, i: t.capital and not self._opens(i))
        return [run for run in runs if run is not None]

    def after(self, openers: Collection[str]) -> list[Found]:
        """The phrase behind each of these words: `to Oslo`, `customer amelie brandt`, `called Storm`."""
        found = []
        for i, token in enumerate(self._tokens):
            if token.low in openers and not self._is_taken(token):
                run = self._run_from(self._past_links(i + 1))
                if run is not None:
                    found.append(run)
        return found

    def before(self, words: Collection[str]) -> list[Found]:
        """The phrase in front of each of these words, as in `the search service`."""
        found = []
        for i, token in enumerate(self._tokens):
            if token.low in words:
                start = i
                while start > 0 and self._in_phrase(start - 1):
                    start -= 1
                run = self._trimmed(start, i)
                if run is not None:
                    found.append(run)
        return found

    def content(self) -> list[Found]:
        """Every noun phrase, longest first; a word alone that opens the request may be its verb, so last."""
        runs = [run for run in self._runs(0, lambda _t, _i: True) if run is not None]
        opening = self._tokens[0].end if self._tokens else 0
        return sorted(runs, key=lambda run: (run.end <= opening, -len(run.value)))

    def rest_after(self, openers: Collection[str]) -> Found | None:
        """All that follows the first of these words, to the end of the request."""
        for i, token in enumerate(self._tokens[:-1]):
            if token.low in openers:
                start = self._tokens[i + 1].start
                value = self._text[start:].strip(' \n:,"“”').rstrip("?!. ")
                if value:
                    return Found(value, start, len(self._text))
        return None

    def _past_links(self, i: int) -> int:
        """Over what may stand between a word and what it names: `city of the`, `product: `, `customer is`."""
        while i < len(self._tokens) and (
            self._tokens[i].low
            in {"of", "the", "a", "an", "our", "my", "is", ":", "=", "number", "name", "for"}
            or self._tokens[i].low in _OPENERS
        ):
            i += 1
        return i

    def _runs(self, start: int, good: _Good) -> list[Found | None]:
        runs: list[Found | None] = []
        i = start
        while i < len(self._tokens):
            end = self._end_of_run(i, good)
            if end > i:
                runs.append(self._trimmed(i, end))
            i = max(end, i + 1)
        return runs

    def _run_from(self, i: int) -> Found | None:
        return self._trimmed(i, self._end_of_run(i, lambda _t, _i: True))

    def _end_of_run(self, i: int, good: _Good) -> int:
        while i < len(self._tokens) and self._in_phrase(i) and good(self._tokens[i], i):
            i += 1
        return i

    def _in_phrase(self, i: int) -> bool:
        token = self._tokens[i]
        if not token.is_word or self._is_taken(token):
            return token.text in {"&"}
        plain = token.low not in FUNCTION and token.low not in _STATES
        return plain or (
            token.capital and not self._opens(i) and token.low not in {"i", "i'm", "i'd", "i've"}
        )

    def _opens(self, i: int) -> bool:
        """Whether a token opens a sentence, where a capital says nothing."""
        return i == 0 or self._tokens[i - 1].text in {".", "!", "?", ":", "\n", "-", "“", '"'}

    def _trimmed(self, start: int, end: int) -> Found | None:
        """A run without the tool's own words at its edges, unless they are capitalised inside a sentence."""
        while start < end and (self._is_own(start) or self._tokens[start].text in _LEADING):
            start += 1
        while end > start and self._is_own(end - 1):
            end -= 1
        if start >= end or not any(self._tokens[k].is_word for k in range(start, end)):
            return None
        first, last = self._tokens[start], self._tokens[end - 1]
        return Found(self._text[first.start : last.end], first.start, last.end)

    def _is_own(self, i: int) -> bool:
        token = self._tokens[i]
        if token.text in self._capitals:
            return True
        if token.capital and not self._opens(i):
            return False
        return stem(token.low) in self._vocabulary

    def _is_taken(self, token: Token) -> bool:
        return any(f.start < token.end and token.start < f.end for f in self._taken)


def overlaps(found: Found, taken: Sequence[Found]) -> bool:
    return any(f.start < found.end and found.start < f.end for f in taken)
