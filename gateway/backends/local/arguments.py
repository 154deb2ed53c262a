"""Reads a tool's arguments off a request by the types in its JSON schema. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.backends.local import values
from gateway.backends.local.phrases import Phrases, overlaps, tokens
from gateway.backends.local.places import currencies, timezones
from gateway.backends.local.schema import Parameter, parameters
from gateway.backends.local.values import Found
from gateway.backends.local.words import name_words, stem, words
from gateway.types import ToolSpec

MAX_REQUEST = 2_000  # characters that are read
MAX_ITEMS = 16  # of a list
FIRM = frozenset({"integer", "number", "email", "url", "code", "timezone", "currency", "enum"})


@dataclass(frozen=True, slots=True)
class Reading:
    """The arguments found, and the required ones that were not.

    `firm`, -0.5 to 1, says how surely the request is about such arguments: 1 where one has a form of its
    own (an address, a number, a currency), 0.5 where its own word, a capital or a
    preposition led to it.
    """

    arguments: Mapping[str, Any]
    missing: tuple[Parameter, ...]
    firm: float = 0.0


def read(tool: ToolSpec, request: str, today: date) -> Reading:
    """A tool's arguments, as the request gives them."""
    wanted = parameters(tool.parameters)
    capitals = frozenset(re.findall(r"\b[A-Z]{2,}\b", tool.description))
    reader = _Reader(request[:MAX_REQUEST], today, _vocabulary(tool, wanted), capitals)
    for parameter in sorted(wanted, key=_hardest_first):
        reader.take(parameter)
    found = {p.name: reader.found[p.name] for p in wanted if p.name in reader.found}
    missing = tuple(p for p in wanted if p.required and p.name not in found)
    firm = max((_firmness(p, reader) for p in wanted if p.name in found), default=0.0)
    return Reading(found, missing, firm)


def _firmness(parameter: Parameter, reader: _Reader) -> float:
    if parameter.kind == "name" and "@" in str(reader.found[parameter.name]):
        return 1.0
    loose = -0.5 if parameter.kind == "name" else 0.0  # a person whom nothing marks as one
    return 1.0 if parameter.kind in FIRM else 0.5 if parameter.name in reader.led_to else loose


def _vocabulary(tool: ToolSpec, wanted: tuple[Parameter, ...]) -> frozenset[str]:
    """The stems by which a request means the tool itself, not what it is asked about."""
    named = name_words(tool.name) + [w for p in wanted for w in name_words(p.name)]
    return frozenset(stem(w) for w in named + words(tool.description))


# What has a form of its own is read first, so that loose phrases cannot swallow it.
_FORMS_FIRST = """email url timezone currency datetime date time enum code integer number boolean list
    title name phrase query message"""
_ORDER = tuple(_FORMS_FIRST.split())


def _hardest_first(parameter: Parameter) -> tuple[int, bool]:
    return _ORDER.index(parameter.kind), not parameter.required


@dataclass
class _Reader:
    """One reading: what is found, and which characters it was read from."""

    text: str
    today: date
    vocabulary: frozenset[str]
    capitals: frozenset[str]  # acronyms of the tool's own
    found: dict[str, Any] = field(default_factory=dict)
    taken: list[Found] = field(default_factory=list)
    led_to: set[str] = field(default_factory=set)  # phrases that a word, a capital or a preposition led to

    def take(self, parameter: Parameter) -> None:
        pick: Callable[[Parameter], Found | None] = getattr(self, f"_{parameter.kind}")
        got = pick(parameter)
        if got is not None and parameter.admits(got.value):
            self.found[parameter.name] = got.value
            if got.end > got.start:
                self.taken.append(got)

    def _email(self, p: Parameter) -> Found | None:
        return self._first(values.matches(values.EMAIL, self.text))

    def _url(self, p: Parameter) -> Found | None:
        return self._first(values.matches(values.URL, self.text))

    def _timezone(self, p: Parameter) -> Found | None:
        return self._by_place(p, timezones(self.text))

    def _currency(self, p: Parameter) -> Found | None:
        return self._by_place(p, currencies(self.text))

    def _date(self, p: Parameter) -> Found | None:
        got = self._by_place(p, values.dates(self.text, self.today))
        return got and Found(got.value.isoformat(), got.start, got.end)

    def _time(self, p: Parameter) -> Found | None:
        return self._by_place(p, values.times(self.text))

    def _datetime(self, p: Parameter) -> Found | None:
        day = self._by_place(p, values.dates(self.text, self.today))
        at = self._by_place(p, values.times(self.text))
        if at is not None:
            self.taken.append(at)
        if day is None:
            return at and Found(f"{self.today.isoformat()}T{at.value}:00", at.start, at.end)
        return Found(f"{day.value.isoformat()}T{at.value if at else '00:00'}:00", day.start, day.end)

    def _code(self, p: Parameter) -> Found | None:
        """An identifier that is no number: a token of letters and digits, or digits alone."""
        codes = values.matches(values.CODE, self.text)
        return self._first(codes) or self._first(
            [Found(self.text[n.start : n.end], n.start, n.end) for n in self._digits()]
        )

    def _integer(self, p: Parameter) -> Found | None:
        whole = [n for n in self._digits(spelled=True) if isinstance(n.value, int)]
        return self._best_number(p, whole)

    def _number(self, p: Parameter) -> Found | None:
        return self._best_number(p, self._digits(spelled=True))

    def _digits(self, *, spelled: bool = False) -> list[Found]:
        """Numbers that are no part of a date, a time, an address or a code."""
        forms = (
            *values.dates(self.text, self.today),
            *values.times(self.text),
            *values.matches(values.EMAIL, self.text),
            *values.matches(values.URL, self.text),
        )
        return [
            n
            for n in values.numbers(self.text)
            if not overlaps(n, forms) and (spelled or self.text[n.start : n.end].lstrip("-")[0].isdigit())
        ]

    def _best_number(self, p: Parameter, found: list[Found]) -> Found | None:
        rated = [
            (self._fits(p, n), -n.start, n)
            for n in found
            if not overlaps(n, self.taken) and p.admits(n.value)
        ]
        if not rated:
            return None
        score, _, best = max(rated, key=lambda r: r[:2])
        return best if score >= (0 if p.required else 2) else None

    def _fits(self, p: Parameter, number: Found) -> float:
        """How much a number's surroundings speak for a parameter."""
        before = [stem(w) for w in words(self.text[: number.start])[-3:]]
        behind = [stem(w) for w in words(self.text[number.end :])[:2]]
        score = 3.0 * bool(p.stems & {*before, *behind}) + 1.0 * bool(p.about & {*before, *behind})
        marked = self.text[: number.start].rstrip().lower().endswith(("#", "no.", "nr", "nr.", "number", "№"))
        long = len(self.text[number.start : number.end]) >= 3
        if p.is_id:
            digits = self.text[number.start].isdigit()
            return score + 2.0 * marked + 1.0 * long - 3.0 * (not digits) - 1.0 * (not long and not marked)
        return score - 2.0 * marked + 0.5 * (not long)

    def _enum(self, p: Parameter) -> Found | None:
        """The choice named in the request: its words in any form, the longest choice first."""
        spoken = [(stem(t.low), t) for t in tokens(self.text) if t.is_word]
        for choice in sorted(p.choices, key=lambda c: -len(str(c))):
            parts = [stem(w) for w in name_words(str(choice))]
            for i in range(len(spoken) - len(parts) + 1 if parts else 0):
                found = Found(choice, spoken[i][1].start, spoken[i + len(parts) - 1][1].end)
                if [word for word, _ in spoken[i : i + len(parts)]] == parts and not overlaps(
                    found, self.taken
                ):
                    return found
        return None

    def _boolean(self, p: Parameter) -> Found | None:
        spoken = words(self.text)
        for i, word in enumerate(spoken):
            if stem(word) in p.stems:
                negated = {"no", "not", "without", "don't", "never"} & set(spoken[max(0, i - 3) : i])
                return Found(not negated, 0, 0)
        return None

    def _list(self, p: Parameter) -> Found | None:
        if p.item is None:
            return None
        got: list[Any] = []
        for _ in range(MAX_ITEMS):
            one: Found | None = getattr(self, f"_{p.item.kind}")(p.item)
            if one is None or one.end == one.start or overlaps(one, self.taken):
                break
            got.append(one.value)
            self.taken.append(one)
        return Found(got, 0, 0) if got else None

    def _name(self, p: Parameter) -> Found | None:
        """Somebody: an address, a name behind the parameter's word, a capitalised name, a phrase."""
        return self._email(p) or self._phrase(p)

    def _phrase(self, p: Parameter) -> Found | None:
        """What a thing or a place is called. An optional one needs its word or its preposition."""
        phrases = self._phrases()
        led = [
            phrases.after(p.names | {"called", "named"}),
            values.quoted(self.text),
            phrases.after(p.prepositions),
        ]
        if p.required:
            led += [phrases.before(p.names), phrases.named(), phrases.after({"of", "for"} - p.prepositions)]
        got = self._first_of(led)
        if got is not None:
            self.led_to.add(p.name)
        elif p.required:
            got = self._first_of([phrases.content(), phrases.after(_PREPOSITIONS)])
        return got

    def _title(self, p: Parameter) -> Found | None:
        phrases = self._phrases()
        ways = [phrases.after({"called", "named", "titled", *p.names})]
        if p.required:
            ways = [values.quoted(self.text), *ways, phrases.after({"about", "for", "to"}), phrases.content()]
        return self._first_of(ways)

    def _query(self, p: Parameter) -> Found | None:
        phrases = self._phrases()
        about = phrases.after({"about", "for", "on", "regarding", "mentioning", "of"})
        got = self._first(values.quoted(self.text)) or self._first(about)
        if got is None and p.required:
            got = self._first(phrases.content()) or self._whole()
        return got

    def _message(self, p: Parameter) -> Found | None:
        phrases = self._phrases()
        got = self._first(values.quoted(self.text)) or phrases.rest_after({":", "saying", "says", "that"})
        return got or (self._whole() if p.required else None)

    def _whole(self) -> Found | None:
        text = self.text.strip()
        return Found(text, 0, 0) if text else None

    def _phrases(self) -> Phrases:
        forms = (
            *self.taken,
            *values.dates(self.text, self.today),
            *values.times(self.text),
            *values.matches(values.EMAIL, self.text),
        )
        return Phrases(self.text, forms, self.vocabulary, self.capitals)

    def _first(self, found: list[Found]) -> Found | None:
        return next((f for f in found if not overlaps(f, self.taken)), None)

    def _first_of(self, ways: list[list[Found]]) -> Found | None:
        return next((got for got in map(self._first, ways) if got is not None), None)

    def _by_place(self, p: Parameter, found: list[Found]) -> Found | None:
        """The value behind the parameter's preposition (`from`, `to`); else the first that is free."""
        free = [f for f in found if not overlaps(f, self.taken)]
        for one in free:
            before = re.findall(r"[a-z]+", self.text[: one.start].lower())[-1:]
            if before and before[0] in p.prepositions:
                return one
        if p.prepositions and p.prepositions <= {"to", "into", "until", "till"} and len(found) > 1:
            return free[-1] if free else None
        return free[0] if free else None


_PREPOSITIONS = frozenset({"for", "of", "in", "at", "about", "on", "to", "with", "from", "by", "near"})
