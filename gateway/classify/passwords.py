"""Rules for passwords that a setting, a sentence or a command gives away."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from gateway.classify.assigned import ASSIGN
from gateway.classify.rule import Hit, Match, Rule, caught, is_placeholder, mixed, whole

_LONG = (
    r"(?:passwor[dt]|passwd|pass ?phrase|pass ?code|kennwort|mot de passe|mdp|contraseña|contrasena|clav"
    r"e|senha"
    r"|wachtwoord|has[lł]o|parola|lösenord|adgangskode|passord|salasana|jelszó|heslo|parole|şifre|пароль"
    r"|пароля"
    r"|парол|κωδικός|кодовое слово)"
)
_PHRASES = r"(?:" + _LONG + r"|(?:\b|_)pass\b|pwd)"
_SHORT = r"(?:(?:\b|_)(?:pw|pwd|psk|creds|pass)\b)"
_CJK = r"(?:密码|密碼|口令|パスワード|비밀번호|암호|كلمة المرور|كلمة السر|पासवर्ड|סיסמה|รหัสผ่าน)"
_VALUE = r"""(?:"([^"\n]{3,})"|'([^'\n]{3,})'|`([^`\n]{3,})`|“([^”\n]{3,})”|([^\s"'`,;<>”]+))"""
_ENV = r"(?:PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|_PSK|_PW|PGPASS)"
_MOST = 200
_TAIL = ".,;:?)]}'\"`”“"


def trimmed(value: str) -> str:
    """The value without the sentence's or the code's signs after it."""
    return value.rstrip(_TAIL).lstrip("'\"`”“(")


def _hit(match: Match, group: int, value: str, confidence: float) -> Iterator[Hit]:
    """`value` as it stands in the group, which it may be shorter than."""
    raw: bytes = match.group(group)
    start = match.start(group) + max(raw.find(value.encode()), 0)
    yield Hit("password", start, start + len(value.encode()), confidence)


def _plausible(value: str, quoted: bool) -> bool:
    if not 4 <= len(value) <= _MOST or is_placeholder(value):
        return False
    if quoted:
        strong = any(map(str.isdigit, value)) and mixed(value) >= 3 and len(value) <= 40
        prose = (value.count(" ") >= 2 and not strong) or value.endswith((":", "?", "."))
        return not prose and (not value.isalpha() or len(value) >= 6) and not _is_name(value)
    if "://" in value or value.startswith(("/", "./", "~/")) or _is_reference(value):
        return False
    if value.isidentifier() and not any(map(str.isdigit, value)):  # a type's name, or a variable's
        return False
    if any(c.isdigit() for c in value):
        return len(value) >= 5 and (mixed(value) >= 2 or len(value) >= 6)
    parts = value.split("-")
    return (len(parts) >= 4 and all(map(str.isalpha, parts))) or (mixed(value) >= 3 and len(value) >= 6)


def _is_name(value: str) -> bool:
    """Whether it is what a field or a kind is called: `current-password`, `password_hash`."""
    small = value.lower()
    return "password" in small and not any(map(str.isdigit, value))


def _is_reference(value: str) -> bool:
    """Whether it is an expression of a program: `form.password`, `user->pw`, `-password2`."""
    dotted = value.replace("->", ".").split(".")
    return len(dotted) > 1 and all(part.isidentifier() for part in dotted)


def _assigned(match: Match) -> Iterator[Hit]:
    group = next(n for n in range(1, 6) if match.group(n) is not None)
    value = caught(match, group) if group < 5 else trimmed(caught(match, 5))
    if _plausible(value, group < 5):
        yield from _hit(match, group, value, 0.9)


def _env(match: Match) -> Iterator[Hit]:
    value = caught(match)
    if 4 <= len(value) <= _MOST and not is_placeholder(value) and not value.isdigit():
        yield from _hit(match, 1, value, 0.9)


def _told(match: Match) -> Iterator[Hit]:
    """Words of a file's or a program's syntax stand before it: all but a stand-in is one."""
    value = trimmed(caught(match))
    if len(value) >= 4 and not is_placeholder(value):
        yield from _hit(match, 1, value, 0.9)


def _said(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    kinds = mixed(value)
    told = any(c.isdigit() for c in value) and (kinds >= 2 or len(value) >= 4)
    if (told or kinds >= 3) and 4 <= len(value) <= _MOST and not is_placeholder(value) and "://" not in value:
        yield from _hit(match, 1, value, 0.8)


def _strong(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    hyphened = value.count("-") >= 3 and value.replace("-", "").isalpha()
    if not (6 <= len(value) <= _MOST and letters and (digits or hyphened)) or is_placeholder(value):
        return
    if "://" not in value and not _is_reference(value) and not value.startswith(("-", "/", "$")):
        yield from _hit(match, 1, value, 0.75)


def _mixed(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    if mixed(value) >= 3 and any(map(str.isdigit, value)) and len(value) >= 6 and not is_placeholder(value):
        yield from _hit(match, 1, value, 0.75)


def _pin(match: Match) -> Iterator[Hit]:
    """What could be a year is one unless it is plainly told."""
    said, value = caught(match, 0), caught(match)
    year = len(value) == 4 and value.startswith(("19", "20"))
    if not year or any(sign in said for sign in (":", "=", " is ", "#")):
        yield Hit("password", match.start(1), match.end(1), 0.75)


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


def _encoded(match: Match) -> Iterator[Hit]:
    """A password in base64, as npm keeps it."""
    text = caught(match)
    if not is_placeholder(text):
        yield Hit("password", match.start(1), match.end(1), 0.9)


RULES: Final = (
    Rule(_ENV + r"\d*\s?=", r"[A-Z0-9_]*" + _ENV + r"""\d*\s?=\s?["']?([^\s"',;<>\])]+)""", _env),
    Rule(
        r"(?i)" + _PHRASES + r"\d?" + ASSIGN + r"|" + _SHORT + ASSIGN,
        r"(?i)(?:" + _PHRASES + "|" + _SHORT + r")\d?" + ASSIGN + _VALUE,
        _assigned,
    ),
    Rule(
        r"name:\s*\S+\s+value:",
        r"name:\s*[\"']?[A-Z0-9_]*(?:PASS|PASSWORD|PWD|SECRET|TOKEN|KEY)[\"']?\s+value:\s*" + _VALUE,
        _assigned,
    ),
    Rule(
        r"(?i)" + _LONG,
        r"(?i)"
        + _PHRASES
        + r"\b[^\n.:?!=]{0,48}?\s(?:is|was|ist|lautet|war|est|es|era|é|è|jest|är|er|on|to|now|one|reads|"
        r"будет|это)"
        r"\s?[:=]?\s{0,2}[\"'“`«]?([^\s\"'”`,;»]{4,})",
        _said,
    ),
    Rule(
        r"(?i)" + _PHRASES + r"\s|" + _SHORT + r"\s",
        r"(?i)(?:" + _PHRASES + "|" + _SHORT + r")\s{1,2}[\"'“`]?([^\s\"'”`,;]{6,})",
        _strong,
    ),
    Rule(
        r"(?i)" + _LONG + r" [^\n.:=?!]{1,32}:",
        r"(?i)" + _LONG + r" [^\n.:=?!]{1,32}: ?[\"'“`]?([^\s\"'”`,;]{6,})",
        _strong,
    ),
    Rule(
        r"(?i)(?:as|is) (?:the|my|your|our|his|her|their) (?:\w+ )?pass(?:word|code|phrase)",
        r"(?i)(?:^|\s)[\"'“`]?([^\s\"'”`,;]{6,64})[\"'”`]? (?:as|is) (?:the|my|your|our|his|her|their) ("
        r"?:\w+ )?pass(?:word|code|phrase)",
        _mixed,
    ),
    Rule(_CJK, _CJK + r"[^!-~\n]{0,4}(?:[:：]\s?)?([!-~]{4,64})", _said),
    Rule(
        r"(?i)\b(?:credentials|creds|login|log-in|sign in)\b",
        r"(?i)\b(?:credentials|creds|login|log-in|sign in)\b[^\w\n/.][^\n/]{0,40}?[\w.@-]{2,40}\s?/\s?(["
        r"^\s/,;]{6,64})",
        _strong,
    ),
    Rule(
        r"(?i)\b(?:pin|pins|passcode|alarm code|door code|gate code)\b|-PIN\b",
        r"(?i)(?:\bpins?|\bpasscode|alarm code|door code|gate code|-pin)\b(?:\s?(?:code|number|nr"
        r"|no))?[^\d\n]{0,36}?[\s:=#]([0-9]{4,6}|[0-9]{8})\b",
        _pin,
    ),
    # what programs are started with, and what they keep in files
    Rule(r"\s(?:-u|--user)[\s=]", r"\s(?:-u|--user)[\s=]?[\"']?[\w.@+-]{1,64}:([^\s\"']+)", _env),
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
    Rule(r"net user ", r"\bnet user \S+ ([^\s/]+)", _said),
    Rule(
        r"(?i)value=[\"']",
        r"(?i)(?:key|name)=[\"'][\w.:-]*(?:" + _LONG + r"|pwd)[\"']\s+value=" + _VALUE,
        _assigned,
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
    Rule(
        r"(?i)(?:recovery|backup) codes?",
        r"(?i)(?:recovery|backup) codes?\b[^\d\n]{0,24}((?:\d{4,5}-\d{4,5}[, ]{0,2})+)",
        whole("password", 0.85, 1),
    ),
)
