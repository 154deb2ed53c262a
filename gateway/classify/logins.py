"""Rules for passwords that programs are started with, or keep in their files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from gateway.classify.passwords import VALUE, WORDS, assigned, given, password, said, strong, trimmed
from gateway.classify.rule import Hit, Match, Rule, caught, is_placeholder, whole


def _basic(match: Match) -> Iterator[Hit]:
    """RFC 7617: base64 of a name, a colon and a password."""
    text = caught(match)
    try:
        pair = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return
    _, colon, secret = pair.partition(":")
    if colon and pair.isprintable() and len(secret) >= 3 and not is_placeholder(secret):
        yield Hit("password", match.start(1), match.end(1), 0.95)


def _plain(match: Match) -> Iterator[Hit]:
    """RFC 4616: base64 of whom to act for, who one is and the password, with zeros between."""
    text = caught(match)
    try:
        parts = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode().split("\0")
    except ValueError:
        return
    if len(parts) == 3 and len(parts[2]) >= 3 and not is_placeholder(parts[2]):
        yield Hit("password", match.start(1), match.end(1), 0.95)


def _encoded(match: Match) -> Iterator[Hit]:
    """A password in base64, as npm keeps it."""
    text = caught(match)
    if not is_placeholder(text):
        yield Hit("password", match.start(1), match.end(1), 0.9)


def _told(match: Match) -> Iterator[Hit]:
    """Words of a file's or a program's syntax stand before it: all but a stand-in is one."""
    value = trimmed(caught(match))
    if len(value) >= 4 and not is_placeholder(value):
        yield from password(match, 1, value, 0.9)


RULES: Final = (
    Rule(r"\s(?:-u|--user)[\s=]", r"\s(?:-u|--user)[\s=]?[\"']?[\w.@+-]{1,64}:([^\s\"']+)", given),
    Rule(r"\s-p\s?[^\s]", r"\b(?:mysql\w*|mariadb\w*|mongo\w*)\b[^\n|]{0,80}\s-p([^\s]+)", _told),
    Rule(
        r"\s-p\s",
        r"\b(?:sshpass|docker login|podman login|helm registry login|az login|mongo\w*|redis-cli|htpassw"
        r"d)\b[^\n|]{0,80}\s-p\s[\"']?([^\s\"']+)",
        _told,
    ),
    Rule(r"sshpass|redis-cli", r"(?:sshpass -p|redis-cli[^\n]{0,60} -a) ?[\"']?([^\s\"']+)", _told),
    Rule(r"(?i)--pass", r"(?i)--pass(?:word|wd|phrase)?[ =][\"']?([^\s\"'-][^\s\"']*)", _told),
    Rule(
        r"(?i)(?:login|account)\s+\S+\s+password\s",
        r"(?i)(?:machine\s+\S+|default)\s+login\s+\S+\s+(?:account\s+\S+\s+)?password\s+(\S+)",
        _told,
    ),
    Rule(
        r":(?:\d{2,5}|\*):[\w*-]+:[\w*-]+:\S",
        r"(?m)(?:^|[ \t])(?:[\w-]+\.[\w.-]+|localhost|\*):(?:\d{2,5}|\*):[\w*-]+:[\w*.@-]+:([^\s:]+)$",
        _told,
    ),
    Rule(  # HAProxy
        r"stats\s+auth|insecure-password", r"(?:stats\s+auth\s+[\w.-]+:|insecure-password\s+)(\S+)", _told
    ),
    Rule(r"(?i)\bnet use ", r"(?i)\bnet use [^\n]{0,20}?\\\\\S+ (?:/user:\S+ )?([^\s/*][^\s]{3,})", said),
    Rule(r"(?i)\s-U ", r"\s-U ?[\"']?[\w\\/.-]{1,64}%([^\s\"'%]{4,})", given),
    Rule(r"lftp", r"\blftp\b[^\n]{0,60}?-u [\"']?[\w.@-]{1,64},([^\s\"']{4,})", given),
    Rule(r"\s-pw ", r"\b(?:plink|pscp|psftp|putty|kitty)\b[^\n]{0,120}?\s-pw [\"']?([^\s\"']+)", _told),
    Rule(
        r"(?i)/(?:p|pass):",
        r"(?i)(?:freerdp|cmdkey|rdesktop)\b[^\n]{0,160}?\s/(?:p|pass):[\"']?([^\s\"']+)",
        _told,
    ),
    Rule(
        r"\bldap\w+ ",
        r"\bldap(?:search|modify|add|delete|whoami|passwd)\b[^\n]{0,160}?\s-w [\"']?([^\s\"']+)",
        _told,
    ),
    Rule(r"pass:", r"\s-?-(?:passin|passout|pass|k) [\"']?pass:([^\s\"']+)", _told),
    Rule(r"chpasswd", r"echo (?:-e )?[\"']?[\w.-]{1,32}:([^\s\"'|]+)[\"']?\s?\|\s?(?:sudo )?chpasswd", _told),
    Rule(r"\bPASS ", r"\bUSER \S+\s[^\n]{0,60}(?:\n[^\n]{0,100}){0,2}?\bPASS (\S{4,})", _told),
    Rule(r"AUTH PLAIN", r"\bAUTH PLAIN ([A-Za-z0-9+/]{12,}={0,2})", _plain),
    Rule(
        r"(?i)(?:secret|password) [057] ",
        r"(?i)\b(?:enable|username \S+(?: privilege \d+)?) (?:secret|password) [057] (\S+)",
        _told,
    ),
    Rule(r"snmp-server", r"\bsnmp-server community (\S+)", _told),
    Rule(r"auth\s?=\s?\(", r"\bauth\s?=\s?\([\"'][^\"'\n]{1,64}[\"'],\s?[\"']([^\s\"']{5,})[\"']\)", _told),
    Rule(  # in a talk, the answer on one of the next lines
        r"(?i)\b(?:credentials|creds|log-?ins?|sign[ -]in)\b",
        r"(?i)\b(?:credentials|creds|log-?ins?"
        r"|sign[ -]in)\b[^\n]{0,80}\n[^\n/]{0,48}?[\w.@-]{2,40} / ([^\s/,;]{6,64})",
        strong,
    ),
    Rule(r"net user ", r"\bnet user \S+ ([^\s/]+)", said),
    Rule(
        r"(?i)value=[\"']",
        r"(?i)(?:key|name)=[\"'][\w.:-]*(?:" + WORDS + r"|pwd)[\"']\s+value=" + VALUE,
        assigned,
    ),
    Rule(r"requirepass|masterauth", r"\b(?:requirepass|masterauth)\s+[\"']?([^\s\"']+)", _told),
    Rule(
        r"(?i)identified by|password\s+'|asplaintext|-String\b",
        r"(?i)(?:\bidentified (?:with \S+ )?by|\b(?:set|with|encrypted) password|securestring(?: -string"
        r")?)\s+(?:for \S+ = )?['\"]([^'\"\n]{4,})['\"]",
        _told,
    ),
    Rule(
        r"(?i)pass(?:word|wd|phrase)?>",
        r"(?i)<(?:\w+:)?[\w.-]*(?:password|passwd|passphrase|pass|pwd)(?: [^>\n]*)?>\s*([^<\s]+)\s*</",
        _told,
    ),
    Rule(r"(?i)\bbasic [A-Za-z0-9+/]{6}", r"(?i)\bbasic ([A-Za-z0-9+/]{8,}={0,2})", _basic),
    Rule(r"_?[aA]uth\"?\s?[:=]", r"\b_?[aA]uth\"?\s?[:=]\s?\"?([A-Za-z0-9+/]{8,}={0,2})", _basic),
    Rule(r":_password", r":_password\s?=\s?\"?([A-Za-z0-9+/]{6,}={0,2})", _encoded),
    Rule(
        r"\$(?:1|2[aby]|5|6|apr1|y)\$",
        r"(\$(?:1|2[aby]|5|6|apr1|y)\$[./A-Za-z0-9$=,]{16,})",
        whole("password", 0.75, 1),
    ),
)
