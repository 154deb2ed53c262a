"""Rules for credentials: keys and tokens by their published shapes, passwords by what stands before them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator

from gateway.classify.rule import Check, Hit, Match, Rule, caught, entropy, is_placeholder, mixed, whole

_BEFORE = r"(?:^|[^A-Za-z0-9])"
_PREFIXED = (
    r"sk-ant-[\w-]{16,}|sk-(?:proj-|svcacct-|admin-|or-v1-|lf-)?[\w-]{20,}|(?:AKIA|ASIA|ABIA)[A-Z0-9]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,}|glpat-[\w-]{20,}|gl(?:dt|rt|cbt|ptt|sa)[-_][\w-]{20,}"
    r"|AIza[\w-]{35}|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{20,}"
    r"|SK[0-9a-f]{32}|SG\.[\w-]{16,}\.[\w-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-AgE[\w-]{40,}|hf_[A-Za-z0-9]{30,}"
    r"|dop_v1_[a-f0-9]{40,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|sq0(?:csp|atp)-[\w-]{22,}|key-[0-9a-f]{32}"
    r"|dapi[0-9a-f]{32}|lin_api_[A-Za-z0-9]{32,}|gsk_[A-Za-z0-9]{40,}|xai-[A-Za-z0-9]{40,}"
    r"|r8_[A-Za-z0-9]{32,}"
    r"|pplx-[A-Za-z0-9]{40,}|nvapi-[\w-]{40,}|tvly-[\w-]{20,}|ATATT3[\w=-]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{50,}"
)
_TOKENS = (
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,}|ya29\.[\w-]{20,}|hvs\.[\w-]{16,}"
    r"|[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}|\d{8,10}:AA[\w-]{20,33}"
)
_PHRASES = (
    r"(?:passwor[dt]|passwd|pass ?phrase|pass ?code|pwd|pass|kennwort|mot de passe|mdp|contraseña|clave|senha"
    r"|wachtwoord|has[lł]o|parola|lösenord|пароль|кодовое слово)"
)
_SHORT = r"(?:\b(?:pw|pwd|psk|creds)\b)"
_CJK = r"(?:密码|密碼|口令|パスワード|비밀번호|كلمة المرور|كلمة السر|पासवर्ड)"
_ASSIGN = r"""["'\]]{0,2}\s{0,3}(?:=>|:=|=|:|：)\s{0,3}"""
_NAMES = (
    r"(?:secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|signing[_-]?key|credential"
    r"|unseal keys?)"
)


def _key(entity: str) -> Check:
    def check(match: Match) -> Iterator[Hit]:
        value = caught(match)
        varied = len(set(value)) >= 9 and any(c.isdigit() for c in value)
        if varied and "your" not in value.lower() and "xxxx" not in value.lower():
            yield Hit(entity, match.start(1), match.end(1), 0.98)

    return check


def _jwt(match: Match) -> Iterator[Hit]:
    head = caught(match).split(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return
    if isinstance(header, dict) and ("alg" in header or "typ" in header or "enc" in header):
        yield Hit("jwt", match.start(1), match.end(1), 0.98)


def _private_key(match: Match) -> Iterator[Hit]:
    yield Hit("private_key", match.start(), match.end(), 0.99)


def _connection(match: Match) -> Iterator[Hit]:
    secret = caught(match)
    if not is_placeholder(secret):
        yield Hit("connection_string", match.start(), match.end(), 0.95)


def trimmed(value: str) -> str:
    """The value without the sentence's or the code's signs after it."""
    return value.rstrip(".,;:!?)]}'\"`”“").lstrip("'\"`”“(")


def _plausible(value: str, quoted: bool) -> bool:
    if len(value) < 4 or is_placeholder(value):
        return False
    if quoted:
        return not (value.islower() and value.isalpha() and len(value) < 6)
    if any(c.isdigit() for c in value):
        return len(value) >= 5 and (mixed(value) >= 2 or len(value) >= 6)
    parts = value.split("-")
    return len(parts) >= 4 or (mixed(value) >= 3 and len(value) >= 6)


def _assigned_password(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match, 2))
    quote = caught(match, 1) != ""
    if _plausible(value, quote):
        start = match.start(2)
        yield Hit("password", start, start + len(value.encode()), 0.9)


def _env_password(match: Match) -> Iterator[Hit]:
    value = caught(match)
    if len(value) >= 4 and not is_placeholder(value) and not value.isdigit():
        yield Hit("password", match.start(1), match.end(1), 0.9)


def _said_password(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    kinds = mixed(value)
    told = any(c.isdigit() for c in value) and (kinds >= 2 or len(value) >= 4)
    if (told or kinds >= 3) and len(value) >= 4 and not is_placeholder(value):
        yield Hit("password", match.start(1), match.start(1) + len(value.encode()), 0.8)


def _strong_word(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    hyphened = value.count("-") >= 3 and value.replace("-", "").isalpha()
    if len(value) >= 6 and letters and (digits or hyphened) and not is_placeholder(value):
        yield Hit("password", match.start(1), match.start(1) + len(value.encode()), 0.75)


def _pin(match: Match) -> Iterator[Hit]:
    yield Hit("password", match.start(1), match.end(1), 0.75)


def _assigned_secret(match: Match) -> Iterator[Hit]:
    name, value = caught(match, 1).lower(), trimmed(caught(match, 2))
    digits = sum(c.isdigit() for c in value)
    if len(value) < 12 or digits < 2 or mixed(value) < 2 or is_placeholder(value) or entropy(value) < 3.0:
        return
    entity = "access_token" if "token" in name else "api_key" if "api" in name else "high_entropy"
    yield Hit(entity, match.start(2), match.start(2) + len(value.encode()), 0.9)


_VALUE = r"""(["'`“]?)([^\s"'`,;<>”]{4,200})"""
_ENV = r"[A-Z0-9_]*(?:PASSWORD|PASSWD|_PASS|_PWD|_PSK)"

RULES = (
    Rule(
        "PRIVATE KEY",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\n|\\r"
        r"|[\s\\]){0,8}(?:[A-Za-z]+-?[A-Za-z]*: [^\n]*\s+){0,3}"
        r"[A-Za-z0-9+/=]{12,}(?:[A-Za-z0-9+/=\s\\]*)(?:-----END[A-Z0-9 ]{1,40}-----)?",
        _private_key,
    ),
    Rule(_BEFORE + f"(?:{_PREFIXED})", _BEFORE + f"({_PREFIXED})", _key("api_key")),
    Rule(_BEFORE + f"(?:{_TOKENS})", _BEFORE + f"({_TOKENS})", _key("access_token")),
    Rule(r"eyJ[\w-]{8,}\.", _BEFORE + r"(eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*(?:\.[\w-]+\.[\w-]+)?)", _jwt),
    Rule(
        r"://[^\s:/@'\"<>]{0,64}:[^\s@/'\"<>]+@",
        r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/@'\"<>]{0,64}:([^\s@/'\"<>]+)@[^\s'\"<>]+",
        _connection,
    ),
    Rule(
        r"\b\w+/[^\s/@]{4,}@", r"(?:^|[\s\"'])\w+/([A-Za-z0-9._!#$%*+-]*\d[^\s/@]*)@\w[\w.:/-]+", _connection
    ),
    Rule(r"[Bb]earer ", r"[Bb]earer ([A-Za-z0-9._~+/=-]{16,})", _key("access_token")),
    Rule(
        r"(?i)" + _NAMES,
        r"(?i)([\w.-]*" + _NAMES + r"[\w-]*)" + _ASSIGN + r"""(?:\d\) )?["'`“]?([^\s"'`,;<>”]{12,200})""",
        _assigned_secret,
    ),
    Rule(_ENV + r"\s?=", _ENV + r"""\d*\s?=\s?["']?([^\s"',;<>\])]{4,128})""", _env_password),
    Rule(
        r"(?i)" + _PHRASES + _ASSIGN + r"|" + _SHORT + _ASSIGN,
        r"(?i)(?:" + _PHRASES + "|" + _SHORT + r")\d?" + _ASSIGN + _VALUE,
        _assigned_password,
    ),
    Rule(
        r"name:\s*\S+\s+value:",
        r"name:\s*[\"']?[A-Z0-9_]*(?:PASS|PASSWORD|PWD|SECRET|TOKEN|KEY)[\"']?\s+value:\s*" + _VALUE,
        _assigned_password,
    ),
    Rule(
        r"(?i)" + _PHRASES,
        r"(?i)"
        + _PHRASES
        + r"\b[^\n.:?!=]{0,48}?\s(?:is|was|ist|war|est|es|era|é|è|jest|to|now|one)\s?[:=]?\s{0,2}"
        r"[\"'“`]?([^\s\"'”`,;]{4,64})",
        _said_password,
    ),
    Rule(
        r"(?i)(?:" + _PHRASES + "|" + _SHORT + r")\s",
        r"(?i)(?:\b" + _PHRASES + "|" + _SHORT + r")\s{1,2}[\"'“`]?([^\s\"'”`,;]{6,64})",
        _strong_word,
    ),
    Rule(
        r"(?i)" + _PHRASES + r" [^\n.:=?!]{1,32}:",
        r"(?i)\b" + _PHRASES + r" [^\n.:=?!]{1,32}: ?[\"'“`]?([^\s\"'”`,;]{6,64})",
        _strong_word,
    ),
    Rule(_CJK, _CJK + r"[^!-~\n]{0,4}(?:[:：]\s?)?([!-~]{4,64})", _said_password),
    Rule(
        r"(?i)\b(?:credentials|creds|login|log-in)\b",
        r"(?i)\b(?:credentials|creds|login|log-in)\b[^\n/]{0,40}?[\w.@-]{2,40}\s?/\s?([^\s/,;]{6,64})",
        _strong_word,
    ),
    Rule(
        r"(?i)\b(?:pin|pins|passcode|alarm code|door code)\b|-PIN\b",
        r"(?i)(?:\bpins?|\bpasscode|alarm code|door code|-pin)\b(?:\s?(?:code|number|nr"
        r"|no))?[^\d\n]{0,36}?[\s:=#]([0-9]{4,5}|[0-9]{8})\b",
        _pin,
    ),
    Rule(r"\s-u\s", r"\s-u\s?[\"']?[\w.@-]{1,64}:([^\s\"']{4,128})", _env_password),
    Rule(r"\s-p[^\s]", r"mysql[^\n]{0,80}\s-p([^\s]{4,64})", _env_password),
    Rule(r"\$(?:1|2[aby]|5|6|apr1|y)\$", r"(\$(?:1|2[aby]|5|6|apr1|y)\$[./A-Za-z0-9$=,]{16,})", _pin),
    Rule(
        r"(?i)(?:seed|recovery|mnemonic|secret) phrase",
        r"(?i)(?:seed|recovery|mnemonic"
        r"|secret) phrase\b[^a-z\n]{0,6}((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})",
        whole("private_key", 0.9, 1),
    ),
    Rule(
        r"(?i)(?:recovery|backup) codes?",
        r"(?i)(?:recovery|backup) codes?\b[^\d\n]{0,24}((?:\d{4,5}-\d{4,5}[, ]{0,2})+)",
        whole("password", 0.85, 1),
    ),
)
