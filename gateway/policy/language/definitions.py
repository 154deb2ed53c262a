"""The tables of the language's keys, from which a mapping is read and an editor's schema is made alike.

A mapping is a class; each of its keys says its shape, a sentence for people, and its default:

    class PriceFields(Fields, what="a price"):
        input = Key(NUMBER, "USD for a million tokens of input.", 0.0, required=True)
        cached_input = Key(NUMBER, "The same for what the provider had in its cache.", None)

    fields = PriceFields(value, found)  # reads every key there is; what is wrong is recorded in `found`
    fields.input, fields.cached_input   # what was read, or the default
    PriceFields.schema()                # the same as JSON Schema

A key that is a word of Python's is written with an underscore behind it (`from_`).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, overload

from gateway.policy.language.document import Reading, Value
from gateway.policy.mistakes import looks_secret, nearest, proposal

T = TypeVar("T")
D = TypeVar("D")
F = TypeVar("F", bound="Fields")
Schema = Mapping[str, Any]


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """What a value may be: `read` takes it or raises Wrong, `schema` says the same to an editor."""

    read: Callable[[Value, Reading], T]
    schema: Schema
    written: Callable[[Any], Any] = _as_it_is  # how a value that was read stands in a file
    secret: bool = False  # what looks like a secret stands rightly in it


def plain(read: Callable[[Value], T], schema: Schema, written: Callable[[Any], Any] = _as_it_is) -> Shape[T]:
    """A shape whose reader looks at the value only."""
    return Shape(lambda value, _: read(value), schema, written)


class Key(Generic[T, D]):
    """A key of a mapping. `later`: its shape is checked, and a warning says that it does nothing yet."""

    name = ""

    def __init__(
        self, shape: Shape[T], about: str, default: D, *, required: bool = False, later: bool = False
    ) -> None:
        self.shape, self.about, self.default = shape, about, default
        self.required, self.later = required, later

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name.rstrip("_")

    @overload
    def __get__(self, fields: None, owner: type) -> Key[T, D]: ...
    @overload
    def __get__(self, fields: Fields, owner: type) -> T | D: ...
    def __get__(self, fields: Fields | None, owner: type) -> Key[T, D] | T | D:
        if fields is None:
            return self
        read: T | D = fields.read.get(self.name, self.default)
        return read

    def schema(self) -> Schema:
        """The shape's schema, explained. The default stands in the words: editors write a `default` out."""
        later = ("Not enforced yet: it does nothing so far.",) if self.later else ()
        about = " ".join((self.about, *self._usual(), *later))
        marked = {"markdownDescription": about} if "`" in about else {}
        return {**self.shape.schema, "title": self.name, "description": about, **marked}

    def _usual(self) -> tuple[str, ...]:
        """The default, if it says anything that a file could show."""
        written = None if self.required or self.default is None else self.shape.written(self.default)
        return () if written in (None, "", [], {}) else ("Default: " + json.dumps(written).strip('"') + ".",)


class Fields:
    """A mapping whose keys are known. Unknown, repeated, missing and wrong ones are recorded as mistakes."""

    what: ClassVar[str]
    rules: ClassVar[Schema] = {}
    """What JSON Schema says beyond the keys, such as which of them exclude each other."""
    keys: ClassVar[Mapping[str, Key[Any, Any]]] = {}

    def __init_subclass__(cls, what: str, rules: Schema | None = None) -> None:
        cls.what, cls.rules = what, rules or {}
        found = {key.name: key for key in vars(cls).values() if isinstance(key, Key)}
        cls.keys = {**cls.keys, **found}

    def __init__(self, value: Value, found: Reading) -> None:
        self.value = value
        self.present: dict[str, Value] = {}
        """The values of the keys that are there and known, as they stand in the file."""
        self.read: dict[str, Any] = {}
        pairs = found.attempt(value, Value.pairs, None)
        for key, given in pairs or ():
            self._take(key, given, found)
        meant = {nearest(key.scalar, self.keys) for key, _ in pairs or ()}  # told already, if misspelt
        for known in self.keys.values() if pairs is not None else ():
            if known.required and known.name not in {*self.present, *meant}:
                found.wrong(value, f"{self.what} needs {known.name}", f"add '{known.name}:'")

    def _take(self, key: Value, given: Value, found: Reading) -> None:
        known = self.keys.get(key.scalar)
        if known is None:
            found.wrong(key, f"{self.what} has no key {key.shown}", proposal(key.scalar, self.keys))
        elif known.name in self.present:
            found.wrong(key, f"{known.name} is given twice", "keep one of them")
        else:
            if known.later:
                found.warn(key, f"{self.what}: {known.name} is not enforced yet")
            self.present[known.name] = given
            shape = known.shape
            self.read[known.name] = found.attempt(given, lambda v: shape.read(v, found), known.default)
            if not shape.secret:
                _warn_of_secrets(given, found)

    @classmethod
    def schema(cls) -> Schema:
        required = [key.name for key in cls.keys.values() if key.required]
        return {
            "title": cls.what,
            "type": "object",
            **({"description": inspect.cleandoc(cls.__doc__)} if cls.__doc__ else {}),
            "additionalProperties": False,
            "properties": {name: key.schema() for name, key in cls.keys.items()},
            **({"required": required} if required else {}),
            **cls.rules,
        }


def _warn_of_secrets(value: Value, found: Reading) -> None:
    """Of a text, or one in a list, that has the form of a key; the texts of mappings come by themselves."""
    for one in found.attempt(value, Value.items, []) if value.kind == "a list" else [value]:
        if looks_secret(one.scalar):
            found.warn(one, "this looks like a secret", "secrets stand in api_key and headers, as ${NAME}")


def section(fields: type[F], make: Callable[[F], T]) -> Shape[T]:
    """A mapping of known keys, and what is made of it."""
    return Shape(lambda value, found: make(fields(value, found)), fields.schema(), lambda _: None)
