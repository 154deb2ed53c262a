"""Needles: unique texts whose true label is known from the outset, and the search for them in bytes.

Whatever is put into a conversation, a document, a tool's result or a model's answer carries a needle. What
a destination was sent is then told by the needles in its bytes, whatever form they took on the way.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote_to_bytes

from gateway.types import Label

_WORD = "qzx"
_FOUND = re.compile(rb"qzx[a-z]{8}|(?<!\d)4929\d{12}(?!\d)|DE\d{2}5001\d{14}")
_ESCAPED = re.compile(rb"\\u([0-9a-fA-F]{4})")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")


class Shape(Enum):
    """What a needle looks like, which by itself makes it as sensitive as `label`."""

    PLAIN = "plain"
    EMAIL = "email"
    API_KEY = "api key"
    CONNECTION = "connection string"
    CARD = "card"
    IBAN = "iban"

    @property
    def label(self) -> Label:
        if self is Shape.PLAIN:
            return Label.PUBLIC
        return Label.CONFIDENTIAL if self in (Shape.EMAIL, Shape.IBAN) else Label.RESTRICTED

    @property
    def words(self) -> frozenset[str]:
        """What `findings` call it: its entity, and the class of that."""
        known = {
            Shape.EMAIL: {"email", "contact"},
            Shape.API_KEY: {"api_key", "credential"},
            Shape.CONNECTION: {"connection_string", "credential"},
            Shape.CARD: {"payment_card", "payment"},
            Shape.IBAN: {"iban", "account"},
        }
        return frozenset(known.get(self, ()))


class Kind(Enum):
    """Whose words a needle stands in."""

    OWN = "the caller's"
    ANSWER = "a model's"
    PASSAGE = "a document's"
    RESULT = "a tool result's"


@dataclass(frozen=True, slots=True)
class Needle:
    """`conversation` is whose it is; None: a document's. `source` is the model, base or tool it comes from.

    `shape` is its own, `beside` that of whatever is sensitive in the text that it stands in.

    `trusted`: neither from a tool or document that is not trusted, nor said by a model that was given such
    text. `tag`: it stands in metadata in which nothing sensitive is, so that the ledger keeps it.
    """

    text: str
    kind: Kind
    label: Label
    conversation: int | None = None
    source: str = ""
    trusted: bool = True
    tag: bool = False
    shape: Shape = Shape.PLAIN
    beside: Shape = Shape.PLAIN


class Needles:
    """All needles of a world. Texts are not used twice in a process."""

    _made = 0

    def __init__(self) -> None:
        self._known: dict[str, Needle] = {}

    def put(
        self,
        kind: Kind,
        label: Label,
        shape: Shape = Shape.PLAIN,
        *,
        conversation: int | None = None,
        source: str = "",
        trusted: bool = True,
        tag: bool = False,
        beside: Shape = Shape.PLAIN,
    ) -> str:
        """A new needle, in a text of the shape."""
        Needles._made += 1
        needle, text = _shaped(shape, Needles._made)
        self._known[needle] = Needle(needle, kind, label, conversation, source, trusted, tag, shape, beside)
        return text

    def within(self, data: bytes) -> frozenset[Needle]:
        """The needles in some bytes, in whatever form: as they are, escaped, quoted or in base64."""
        texts = {found.decode() for form in _forms(data) for found in _FOUND.findall(form)}
        return frozenset(self._known[text] for text in texts if text in self._known)


def _forms(data: bytes) -> Iterator[bytes]:
    plain = _ESCAPED.sub(lambda m: chr(int(m[1], 16)).encode("utf-8", "replace"), data)
    yield data
    yield plain
    if b"%" in data:
        yield unquote_to_bytes(data)
    for run in _BASE64.findall(data):
        try:
            yield base64.b64decode(run + b"=" * (-len(run) % 4), altchars=b"-_" if b"-" in run else None)
        except (binascii.Error, ValueError):
            continue


def _shaped(shape: Shape, number: int) -> tuple[str, str]:
    """The needle, and the text of the shape that holds it."""
    word = _WORD + "".join(chr(97 + number // 26**i % 26) for i in range(8))
    match shape:
        case Shape.EMAIL:
            return word, f"{word}@example.org"
        case Shape.API_KEY:
            return word, f"sk-proj-{word}9f8e7d6c5b4a"
        case Shape.CONNECTION:
            return word, f"postgres://app:{word}9X7@db.example.org/orders"
        case Shape.CARD:
            digits = f"4929{number:011d}"
            card = next(f"{digits}{last}" for last in range(10) if _luhn(f"{digits}{last}"))
            return card, card
        case Shape.IBAN:
            national = f"5001{number:014d}"
            iban = f"DE{98 - int(national + '131400') % 97:02d}{national}"
            return iban, iban
        case _:
            return word, word


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
