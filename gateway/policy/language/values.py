"""What a key's value may be: names, labels, durations, rates, each read or refused with a proposal."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from math import isfinite
from urllib.parse import urlsplit

from gateway.policy.language.document import Value, Wrong, names_a_variable
from gateway.policy.mistakes import looks_secret, proposal
from gateway.types import Label

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
HEADER = "[a-z0-9][a-z0-9_.-]{0,63}"
KEPT_HEADERS = (
    *("authorization", "cookie", "set-cookie", "x-api-key", "api-key"),  # the caller's own
    *("host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"),
    *("accept", "accept-encoding", "user-agent"),  # the gateway says them itself
    *(
        "traceparent",
        "tracestate",
        "anthropic-beta",
        "anthropic-version",
        "openai-beta",
    ),  # they go by themselves
)
_NAME = re.compile(NAME)
_DAY = re.compile(DAY)
_NUMBER = re.compile(r"\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")  # as YAML 1.2 writes them
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) *([A-Za-z]*)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TIMES = {"": 1.0, "k": 1e3, "m": 1e6, "M": 1e6}
_PER = ("s", "min", "h", "d")
_SENDABLE = re.compile(r"[!-~]+")  # what a request line takes as it is
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def text(value: Value) -> str:
    """Text that may not name a variable: secrets have a reader of their own."""
    if value.tag == "null":
        raise Wrong("nothing stands here", "say what is meant, or take the key out")
    if value.tag != "str":
        raise Wrong(f"text is wanted here, not {value.kind}", "put it in quotes")
    if names_a_variable(value.scalar):
        raise Wrong("a variable is read in secret fields only", "they are api_key and headers")
    return value.scalar


def said(value: Value) -> str:
    """Text that says something."""
    words = text(value)
    if not words.strip():
        raise Wrong("the text is empty", "say what is meant")
    return words


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def name(value: Value) -> str:
    if value.tag == "str" and not is_name(value.scalar):
        raise Wrong(
            f"{value.shown!r} is no name", "letters, digits, '.', '_' and '-', at most 64, no space or slash"
        )
    return text(value)


def model_name(value: Value) -> str:
    if value.scalar == "auto":
        raise Wrong("auto stands for routing", "give the model another name")
    return name(value)


def forwarded_header(value: Value) -> str:
    """The name of a header of a caller's that may go on to a model's server."""
    name = text(value)
    if re.fullmatch(HEADER, name) is None:
        raise Wrong(f"{value.shown!r} is no header's name in small letters", "write it like x-tenant")
    if name in KEPT_HEADERS or name.startswith(("content-", "proxy-")):
        raise Wrong(f"{name} never goes on as the caller sent it", "take it out")
    return name


def flag(value: Value) -> bool:
    if value.tag != "bool":
        raise Wrong(f"true or false is wanted here, not {value.kind}", "write true or false")
    return value.scalar.lower() == "true"


def number(value: Value) -> float:
    """A number that is not negative."""
    amount = _amount(value)
    if amount is None:
        raise Wrong(f"a number from 0 is wanted here, not {value.shown!r}", "write digits, such as 0.25")
    return amount


def share(value: Value) -> float:
    amount = _amount(value)
    if amount is None or amount > 1:
        raise Wrong(f"a number between 0 and 1 is wanted here, not {value.shown!r}", "write 0.25 for 25 %")
    return amount


def whole(value: Value) -> int:
    return _whole(value, 0)


def positive(value: Value) -> int:
    return _whole(value, 1)


def _whole(value: Value, least: int) -> int:
    amount = _amount(value)
    if amount is None or amount != int(amount) or amount < least:
        raise Wrong(
            f"a whole number from {least} is wanted here, not {value.shown!r}", "write digits, such as 2"
        )
    return int(amount)


def _amount(value: Value) -> float | None:
    """The number from 0 on that a value is; None: it is none."""
    if value.tag not in ("int", "float") or not _NUMBER.fullmatch(value.scalar):
        return None
    amount = float(value.scalar)
    return amount if isfinite(amount) else None


def duration(value: Value) -> float:
    """Seconds, from `500ms`, `2s`, `5m`, `1h`, `30d`."""
    match = _AMOUNT.fullmatch(value.scalar)
    if not match or match[2] not in _SECONDS:
        raise Wrong(f"{value.shown!r} is no duration", "write 500ms, 2s, 5m, 1h or 30d")
    return float(match[1]) * _SECONDS[match[2]]


def rate(value: Value) -> tuple[float, str]:
    """`600/min`, `200k/min`: an amount, and per what."""
    amount, _, per = value.scalar.partition("/")
    match = _AMOUNT.fullmatch(amount)
    if not match or match[2] not in _TIMES or per not in _PER:
        raise Wrong(f"{value.shown!r} is no rate", "write 10/s, 600/min, 200k/h or 1M/d")
    return float(match[1]) * _TIMES[match[2]], per


def label(value: Value) -> Label:
    words = [known.word for known in Label]
    if value.scalar not in words:
        raise Wrong(f"{value.shown} is not a label", proposal(value.scalar, words, "labels"))
    return Label[value.scalar.upper()]


def one_of(*choices: str) -> Callable[[Value], str]:
    def read(value: Value) -> str:
        if value.scalar not in choices:
            raise Wrong(f"{value.shown} is not known here", proposal(value.scalar, choices, "choose from"))
        return value.scalar

    return read


def day(value: Value) -> date:
    try:
        if _DAY.fullmatch(value.scalar):
            return date.fromisoformat(value.scalar)
        raise ValueError
    except ValueError:
        raise Wrong(f"{value.shown!r} is no date", "write 2025-06-30") from None


def digest(value: Value) -> str:
    if not _DIGEST.fullmatch(text(value).lower()):
        raise Wrong(_no_digest(value.scalar), "make it with `pointsman keys hash`")
    return value.scalar.lower()


def _no_digest(text: str) -> str:
    if _HEXADECIMAL.fullmatch(text):
        return f"key_sha256 is 64 hexadecimal digits, and these are {len(text)}"
    return "this is a key, not its hash" if looks_secret(text) else "key_sha256 is 64 hexadecimal digits"


def url(value: Value) -> str:
    """An http(s) address without a name and password in it, no slash at its end."""
    address = text(value)
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is none
        known = False
    if not known or not _SENDABLE.fullmatch(address):
        raise Wrong("this is no http address", "write http://HOST:PORT/v1")
    if "@" in parts.netloc:
        raise Wrong("an address holds no name or password", "put the key in api_key or headers")
    return address.rstrip("/")


def glob(value: Value) -> str:
    pattern = said(value)
    if pattern.startswith(("/", "~")) or "\\" in pattern or ".." in pattern.split("/"):
        raise Wrong(
            f"{value.shown!r} leaves the knowledge root", "write a pattern below it, such as handbook/**/*.md"
        )
    return pattern


def several(value: Value) -> list[Value]:
    """A list, or one scalar that stands for a list of one."""
    return [value] if value.scalar else value.items()
