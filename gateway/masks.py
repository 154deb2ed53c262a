"""What is masked in one request: values and the placeholders that stand for them. Pure, and kept nowhere."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec
import re2

from gateway.escapes import Unescaped
from gateway.labels import highest
from gateway.types import Finding, Label

MOST = 512  # values; what is beyond is not masked
ROUNDS = 10  # of reading what is masked again, since what is found of one text is bounded
_SHORT = 256  # characters
_ANYWHERE = 6  # characters from which on a value is masked inside a longer word too
_PLACEHOLDER = re.compile(r"\[[A-Z_]+_[0-9]+\]")
_CONTROL = ("role", "type")  # members of few words, without which nothing can be read
_DEEPEST = 3  # of JSON in strings of JSON
_Span = tuple[int, int, str]  # start, end, placeholder
_ARGUMENTS = "arguments"  # the member that holds JSON in a string
_json = msgspec.json.Decoder()
_options = re2.Options()
_options.longest_match = True
_options.log_errors = False
_options.max_mem = 256 << 20  # at most: what 512 long values and any text take


class Mask:
    """The map of one request: it lives and dies with it.

    The same value always has the same placeholder, such as `[EMAIL_1]`. `label` is the highest label of
    what is hidden: whoever gets a value back has to be cleared for it.
    """

    def __init__(self, entities: Collection[str], label: Label, taken: str = "") -> None:
        """`entities` names findings and classes; `taken` is text whose own words no placeholder may be."""
        self._entities = frozenset(entities)
        self._taken = set(_PLACEHOLDER.findall(taken))
        self._placeholders: dict[str, str] = {}  # by value
        self._values: dict[str, str] = {}  # by placeholder
        self._last: Counter[str] = Counter()  # numbers given, by entity
        self._pattern: Any = None
        self.label = label
        self.is_full = False  # a value was left out, since there are too many

    def __len__(self) -> int:
        """How many values are hidden."""
        return len(self._values)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many different values of each entity are hidden."""
        return Counter(placeholder[1:].rpartition("_")[0].lower() for placeholder in self._values)

    def learn(self, text: str, findings: Iterable[Finding], label: Label = Label.PUBLIC) -> None:
        """Take up what was found in `text`, as far as it is to be masked; `label` is the text's."""
        for found in findings:
            value = text[found.start : found.end]
            if value.strip() and not self._entities.isdisjoint((found.entity, found.kind)):
                self.label = highest((self.label, label, found.label))
                self._name(value, found.entity, text)

    def wants(self, findings: Iterable[Finding]) -> bool:
        """Whether any of what was found is to be masked."""
        return any(f.end > f.start and not self._entities.isdisjoint((f.entity, f.kind)) for f in findings)

    def hide(self, text: str) -> str:
        """The text with placeholders for every value that is known."""
        spans = self._spans(text, _DEEPEST) if self._placeholders else []
        pieces, at = list[str](), 0
        for start, end, placeholder in sorted(spans, key=lambda span: (span[0], -span[1])):
            if start >= at:
                pieces += (text[at:start], placeholder)
            at = max(at, end)  # of values that overlap, the rest of the second goes with the first
        return "".join((*pieces, text[at:]))

    def _spans(self, text: str, deep: int) -> list[_Span]:
        """Where values stand, by characters, also spelt with JSON's escapes."""
        if self._pattern is None:
            self._pattern = re2.compile("|".join(map(re2.escape, self._placeholders)), _options)
        raw, at_byte, at = text.encode("utf-8", "surrogatepass"), 0, 0
        spans: list[_Span] = []
        for found in self._pattern.finditer(raw):
            value = raw[found.start() : found.end()].decode()
            start = at + len(raw[at_byte : found.start()].decode("utf-8", "surrogatepass"))
            at_byte, at = found.end(), start + len(value)
            if len(value) >= _ANYWHERE or _stands_alone(text, start, at):
                spans.append((start, at, self._placeholders[value]))
        if "\\" not in text or not deep:
            return spans
        plain = Unescaped(text)
        meant = self._spans(plain.text, deep - 1) if plain.text != text else []
        return spans + [(plain.place(start), plain.place(end), named) for start, end, named in meant]

    def hidden(self, value: Any, name: str = "") -> Any:
        """A JSON value with every string in it masked, names of members and JSON inside strings included.

        A number that is a value is masked too, and becomes a string.
        """
        return _mapped(value, self._hidden_leaf, name, self.hide)

    def restore(self, text: str, as_json: bool = False) -> str:
        """The text with the values back; `as_json`: it is JSON, in whose strings they are escaped."""
        return _PLACEHOLDER.sub(lambda found: self._value(found[0], as_json), text)

    def restored(self, value: Any, as_json: bool = False) -> Any:
        """A JSON value with the values back in every string; `as_json`: its texts are JSON themselves."""

        def restored(leaf: Any, name: str) -> Any:
            return self.restore(leaf, as_json or name == _ARGUMENTS) if isinstance(leaf, str) else leaf

        return _mapped(value, restored)

    def mover(self, text: str, as_json: bool = False) -> Callable[[int], int]:
        """Says of a place in the text where it is once the values are back."""
        ends, moved = list[int](), [0]
        for found in _PLACEHOLDER.finditer(text):
            ends.append(found.end())
            moved.append(moved[-1] + len(self._value(found[0], as_json)) - len(found[0]))
        return lambda at: at + moved[bisect_right(ends, at)]

    def begins(self, text: str) -> bool:
        """Whether what follows could make a placeholder of it."""
        return any(p.startswith(text) and p != text for p in self._values)

    def _name(self, value: str, entity: str, text: str) -> None:
        if value in self._placeholders:
            return
        if len(self._placeholders) >= MOST:
            self.is_full = True
            return
        plain = _plain(value) if "\\" in value else value
        if plain in self._placeholders:  # the same value, as it stands in a string of JSON
            self._placeholders[value], self._pattern = self._placeholders[plain], None
            return
        placeholder = self._next(entity)
        while placeholder in self._taken or placeholder in text:
            placeholder = self._next(entity)
        self._placeholders[value] = self._placeholders[plain] = placeholder
        self._values[placeholder] = plain
        self._pattern = None

    def _next(self, entity: str) -> str:
        self._last[entity] += 1
        return f"[{entity.upper()}_{self._last[entity]}]"

    def _value(self, placeholder: str, as_json: bool) -> str:
        value = self._values.get(placeholder, placeholder)
        return json.dumps(value, ensure_ascii=False)[1:-1] if as_json else value

    def _hidden_leaf(self, leaf: Any, name: str) -> Any:
        if isinstance(leaf, bool) or leaf is None:
            return leaf
        if name in _CONTROL:
            return leaf
        if not isinstance(leaf, str):
            return self._placeholders.get(number_text(leaf), leaf)
        if name != _ARGUMENTS:
            return self.hide(leaf)
        try:  # escapes must not hide a value
            return msgspec.json.encode(self.hidden(_json.decode(leaf))).decode()
        except (msgspec.DecodeError, RecursionError):
            return self.hide(leaf)


class Restoring:
    """A channel of streamed text, in which a placeholder may come in pieces.

    What may become a placeholder is held back, so never more than the longest one.
    """

    def __init__(self, mask: Mask, as_json: bool) -> None:
        self._mask, self._as_json = mask, as_json
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        at = text.rfind("[")
        cut = at if at >= 0 and self._mask.begins(text[at:]) else len(text)
        self._held = text[cut:]
        return self._mask.restore(text[:cut], self._as_json)

    def rest(self) -> str:
        """What was held back and turned out to be no placeholder."""
        held, self._held = self._held, ""
        return held


def _plain(value: str) -> str:
    """A value of a string of JSON without its escapes, those of a pair of surrogates included."""
    return Unescaped(value).text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit of ASCII is beside it: other scripts write words without a space between."""
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return not any(char.isascii() and (char.isalnum() or char == "_") for char in beside)


def may_be_masked(text: str) -> bool:
    """Whether it holds what looks like a placeholder."""
    return _PLACEHOLDER.search(text) is not None


def named(name: str, value: Any) -> str:
    """A member as it is read for findings: a short value with its name, which often tells what it is."""
    if isinstance(value, str):
        return f"{name}: {value}" if len(value) <= _SHORT and not value.startswith("data:") else name
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{name}: {value}" if is_number else name


def number_text(number: float) -> str:
    """A number as it is read for findings: without a fraction."""
    return str(int(number))


def _mapped(
    value: Any, change: Callable[[Any, str], Any], name: str = "", rename: Callable[[str], str] = str
) -> Any:
    """A JSON value with every leaf changed; `change` gets it with the name of the member it is in."""
    if isinstance(value, list):
        return [_mapped(item, change, name, rename) for item in value]
    if isinstance(value, dict):
        return {rename(key): _mapped(item, change, key, rename) for key, item in value.items()}
    return change(value, name)
