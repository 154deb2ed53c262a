"""Rules for connection strings: addresses with a password in them, in the styles that drivers read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.classify.rule import Hit, Match, Rule, caught, is_placeholder

_HERE: Final = ("@localhost", "@127.0.0.1", "@[::1]")
_GIVEN = r"(?:password|passwd|pwd|accountkey|sharedaccesskey|sharedsecretvalue|accesskey)"
_FIRST = (
    r"(?:data source|server|host(?:name)?|addr(?:ess)?|network address|driver|provider|dsn|endpoint|acco"
    r"untname"
    r"|defaultendpointsprotocol|database|initial catalog|dbname|user ?id|uid|user(?:name)?|port|blobendp"
    r"oint|hostname)"
)
_PAIR = r"[A-Za-z][\w .-]{0,40}\s?=\s?[^;=\n\"'`<]*"


def _connection(match: Match) -> Iterator[Hit]:
    secret = caught(match)
    if len(secret) >= 3 and not is_placeholder(secret):
        yield Hit("connection_string", match.start(), match.end(), 0.95)


def _url(match: Match) -> Iterator[Hit]:
    """RFC 3986, section 3.2.1. A user who is his own password, on this machine, is a default of everybody."""
    user, secret, text = caught(match, 1), caught(match, 2), caught(match, 0)
    if user == secret and any(here in text for here in _HERE):
        return
    if not is_placeholder(secret) and secret not in ("PASSWORD", "PASS"):
        end = match.end() - (len(text) - len(text.rstrip(".,;:!?)]}`")))
        yield Hit("connection_string", match.start(), end, 0.95)


def _whole(match: Match) -> Iterator[Hit]:
    """Of a match that took a sign before it."""
    secret = caught(match, 2)
    if len(secret) >= 3 and not is_placeholder(secret):
        yield Hit("connection_string", match.start(1), match.end(1), 0.93)


RULES: Final = (
    Rule(
        r"://[^\s:/@'\"<>]{0,64}:[^\s@/'\"<>]+@",
        r"[A-Za-z][A-Za-z0-9+.-]{1,30}://([^\s:/@'\"<>]{0,64}):([^\s@/'\"<>]+)@[^\s'\"<>]+",
        _url,
    ),
    Rule(
        r"\b\w+/[^\s/@]{4,}@", r"(?:^|[\s\"'])\w+/([A-Za-z0-9._!#$%*+-]*\d[^\s/@]*)@\w[\w.:/-]+", _connection
    ),
    Rule(
        r"@(?:tcp|unix)\(",
        r"\b[\w.-]{1,64}:([^\s@/:'\"<>]{3,64})@(?:tcp|unix)\([^\s()]+\)[^\s'\"<>]*",
        _connection,
    ),
    Rule(
        r"(?i)jdbc:|r2dbc:",
        r"(?i)\br?[2j]dbc:[a-z0-9:]+[^\s\"'<>?;&]*[?;&](?:[^\s\"'<>]*[?;&])?(?:password|pwd)=([^&;\s\"'<"
        r">]+)[^\s\"'<>]*",
        _connection,
    ),
    Rule(r"(?i)jdbc:oracle", r"(?i)jdbc:oracle:[a-z]+:\w+/([^\s@/\"']+)@[^\s\"'<>]+", _connection),
    Rule(
        r"(?i)[;\"]\s?" + _GIVEN + r"\s?=",
        r"(?i)(?:^|[^\w])("
        + _FIRST
        + r"\s?=\s?[^;=\n\"'`<]*;\s?(?:"
        + _PAIR
        + r";\s?){0,14}?"
        + _GIVEN
        + r"\s?=\s?('[^'\n]+'|[^;\s\"'`<>]+)(?:;\s?"
        + _PAIR
        + r"){0,14};?)",
        _whole,
        reach=1024,
    ),
    Rule(
        r"(?i)^\s*" + _GIVEN + r"=[^;\n]+;|[\"'=]" + _GIVEN + r"=[^;\n]+;",
        r"(?i)(?:^|[\"'=\s])("
        + _GIVEN
        + r"=([^;\s\"'`<>]+);\s?"
        + _FIRST
        + r"\s?=[^;=\n\"'`<]*(?:;\s?"
        + _PAIR
        + r"){0,14};?)",
        _whole,
    ),
    Rule(
        r"(?i)\bpassword=\S",
        r"(?:^|[^\w])((?:host|hostaddr|dbname|user|port|sslmode)=[^\s=\"']+ (?:\w+=[^\s=\"']+ ){1,10}?pa"
        r"ssword=([^\s\"']+)(?: \w+=[^\s=\"']+){0,10})",
        _whole,
    ),
)
