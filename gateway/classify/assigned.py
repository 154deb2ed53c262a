"""Rules for what a name with `key`, `secret` or `token` in it is given: a value that a machine drew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.classify.issued import is_stand_in
from gateway.classify.rule import (
    Hit,
    Match,
    Rule,
    caught,
    entropy,
    is_placeholder,
    looks_random,
    mixed,
    share_of_words,
)

ASSIGN: Final = r"""["'\]]{0,2}\s{0,3}(?:=>|:=|=|:|：)\s{0,3}"""
NAMES: Final = (
    r"(?:secret|token|(?:api|app|access|private|auth|sign(?:ing)?|encrypt(?:ion)?|master|consumer|accoun"
    r"t|shared"
    r"|storage|license|licence|service|client|admin|write|ingest|deploy|root|cipher|aes|hmac|crypto|webhook"
    r"|subscription|integration)[_ .-]?key|credential|unseal keys?|_key|key_?base|[_ ]salt)"
)
_IN_NAMES: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_NO_SECRET: Final = re.compile(
    r"(?i)(?:url|uri|path|file|dir|_id|[a-z]id|name|type|header|endpoint|ttl|count|length|size|limit|exp"
    r"ir\w*|expiry|format"
    r"|policy|version|prefix|suffix|hash|algorithm|alg|field|method|class|provider|manager|ref|arn|alias"
    r"|index|hint|label"
    r"|status|store|service|handler|usage|budget|model|regex|pattern|column|schema|table|bucket|region|s"
    r"cope|issuer"
    r"|lookup|space|board|word|map)s?$"
    r"|public|publish|tokeniz|tokens|max_|min_|sha\d|sha_|hash|digest|checksum|etag|commit|integrity|fin"
    r"gerprint|thumbprint"
    r"|cache|foreign|primary|sort|partition|unique|(?:^|[^a-z])kms|idempotency|dedup|site.?key|continuat"
    r"ion|next.?token"
    r"|page.?token|cursor|revision|object|s3_?key|ssh-"
)
_STRONG: Final = re.compile(
    r"(?i)secret|api|token|encrypt|private|sign|master|consumer|auth|account|access|hmac|aes|webhook"
)
_REFERENCE: Final = re.compile(
    r"(?i)://|^[~./\\]|^arn:|^projects/|^alias/|^enc\[|\.(?:pem|key|json|ya?ml|txt|crt|cer|pub|env|py|js"
    r"|ts|go|java)$"
    r"|^[a-z_]\w*(?:\.[a-z_]\w*)+$|^[a-z]+(?:[-_][a-z]+)+[-_]?\d{0,4}$|^sha\d*[-:]|^v\d+-|^[a-z]+/[a-z/]+"
)
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SURE_OF_UUID: Final = re.compile(
    r"(?i)(?:api[_-]?key|authtoken|auth[_-]?token|secret|access[_-]?token|password)$"
)
_QUOTED: Final = re.compile(rb"""(["'])[^\s"']{12,200}\1""")
_SHORTEST: Final = 12
_LONG: Final = 20


def _name(match: Match) -> str:
    """All of the name that is given something."""
    before: bytes = match.string[max(match.start() - 64, 0) : match.start()]
    return before[len(before.rstrip(_IN_NAMES)) :].decode("utf-8", "replace") + caught(match, 1)


def entity_of(name: str) -> str:
    """What a secret with this name is in the vocabulary."""
    small = name.lower()
    if "secret" not in small and re.search(r"(?:api|consumer|app)[_ -]?key", small):
        return "api_key"
    return "access_token" if "token" in small else "high_entropy"


def is_secret(name: str, value: str) -> bool:
    """Whether a value that `name` is given was drawn by a machine, and is no reference, hash or name."""
    if len(value) < _SHORTEST or not _drawn(value):
        return False
    if is_placeholder(value) or is_stand_in(value) or _REFERENCE.search(value) or _NO_SECRET.search(name):
        return False
    if _UUID.fullmatch(value):
        return _SURE_OF_UUID.search(name) is not None
    return len(value) >= _LONG or _STRONG.search(name) is not None


def _drawn(value: str) -> bool:
    if looks_random(value) or (len(value) >= _LONG and mixed(value) >= 3 and entropy(value) >= 3.8):
        return True
    return len(value) >= 16 and mixed(value) >= 3 and share_of_words(value) < 0.4 and entropy(value) >= 3.5


def by_name(match: Match) -> Iterator[Hit]:
    start, end = match.span(2)
    raw: bytes = match.string
    if end - start < _SHORTEST - 2:
        return
    quoted = _QUOTED.match(raw, start - 1)  # what a quote begins ends at the other one
    if quoted:
        value = raw[start : quoted.end() - 1].decode("utf-8", "replace")
    else:
        value = raw[start:end].decode("utf-8", "replace").partition("&")[0].rstrip(".,;:!?)]}'\"`”“")
    name = _name(match)
    if is_secret(name, value):
        yield Hit(entity_of(name), start, start + len(value.encode()), 0.9)


def _lone_key(match: Match) -> Iterator[Hit]:
    value = caught(match)
    if mixed(value) >= 3 and is_secret("private_key", value) and entropy(value) >= 4.0:
        yield Hit("high_entropy", match.start(1), match.end(1), 0.75)


_VALUE = r"""(?:\d\) )?["'`“]?([^\s"'`,;<>”()\d]*\d[^\s"'`,;<>”()]*)"""

RULES: Final = (
    Rule(
        r"(?i)" + NAMES + r"[\w.-]*" + ASSIGN + r"""["'`“]?[^\s"'`,;<>”&()]{8}""",
        r"(?i)(" + NAMES + r"[\w.-]*)" + ASSIGN + _VALUE,
        by_name,
    ),
    Rule(
        r"(?i)" + NAMES + r"[\w.-]{0,8}(?: is | was |[\"']?\][\"']?[)=,]? ?|[\"']?> ?"
        r"|[\"'], ?)[\"'`“]?[^\s\"'`,;<>”&()]{8}",
        r"(?i)("
        + NAMES
        + r"[\w.-]*)(?: is | was |[\"']?\][\"']?[)=,]? ?|[\"']?> ?|[\"'], ?)[\"'`“]?([^\s\"'`,;<>”()\d]*"
        r"\d[^\s\"'`,;<>”()]*)",
        by_name,
    ),
    Rule(
        r"(?i)" + NAMES + r"[\w.-]{0,8} [^\s\"'`,;<>”()]{20}",
        r"(?i)(" + NAMES + r"[\w.-]{0,8}) ([^\s\"'`,;<>”()\d]*\d[^\s\"'`,;<>”()]*)",
        by_name,
    ),
    Rule(
        r"(?i)value=[\"']",
        r"(?i)(?:key|name)=[\"']([\w.:-]*" + NAMES + r"[\w.-]*)[\"']\s+value=[\"']([^\s\"']+)",
        by_name,
    ),
    Rule(
        r"(?i)\bkey[\"']?\s?[:=]", r"(?i)\bkey[\"']?\s?[:=]\s?[\"']?([A-Za-z0-9+/_=-]{24,128})\b", _lone_key
    ),
    Rule(
        r"[?&]sig=",
        r"[?&]sig=([A-Za-z0-9%+/=]{40,})",
        lambda match: iter(
            [Hit("high_entropy", match.start(1), match.end(1), 0.9)] if looks_random(caught(match)) else []
        ),
    ),
)
