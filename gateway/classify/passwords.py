"""Rules for passwords that a setting, a sentence or a command gives away."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final

from gateway.classify.assigned import ASSIGN
from gateway.classify.rule import Hit, Match, Rule, caught, is_placeholder, mixed, share_of_words

WORDS = (
    r"(?:passwor[dt]|passwd|pass ?phrase|pass ?code|kennwort|mot de passe|mdp|contraseña|contrasena|clav"
    r"e|senha"
    r"|wachtwoord|has[lł](?:o|em|a)\b|parol[aăe]|parool|lozinka|geslo|slaptažod|kata sandi"
    r"|mật khẩu|лозинка|lösenord|adgangskode|passord|salasana|jelszó|heslo|parole|şifre|пароль"
    r"|пароля"
    r"|парол|κωδικ[όο]ς πρόσβασης|κωδικός|кодовое слово|wi-?fi key|wpa\d? key|network key)"
)
_PHRASES = r"(?:" + WORDS + r"|(?:\b|_)pass\b|pwd)"
_SHORT = r"(?:(?:\b|_)(?:pw|pwd|psk|creds|pass)\b)"
_CJK = r"(?:密码|密碼|口令|パスワード|비밀번호|암호|كلمة المرور|كلمة السر|पासवर्ड|סיסמה|รหัสผ่าน|暗証番号|รหัสลับ)"
VALUE = r"""(?:"([^"\n]{3,})"|'([^'\n]{3,})'|`([^`\n]{3,})`|“([^”\n]{3,})”|([^\s"'`,;<>”]+))"""
_ENV = r"(?:PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|_PSK|_PW|PGPASS)"
_MOST = 200
_DATED: Final = re.compile(r"\d{1,4}[-./:]\d{1,2}(?:[-./:]\d{1,4})?(?:[T ].*)?|\d{1,3}(?:st|nd|rd|th|%)")
_TAIL = ".,;:?)]}'\"`”“"


def trimmed(value: str) -> str:
    """The value without the sentence's or the code's signs after it."""
    return value.rstrip(_TAIL).lstrip("'\"`”“(")


def password(match: Match, group: int, value: str, confidence: float) -> Iterator[Hit]:
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
        return _hides_signs(value) or (len(value) >= 12 and mixed(value) >= 2 and share_of_words(value) < 0.4)
    if any(c.isdigit() for c in value):
        return len(value) >= 5 and (mixed(value) >= 2 or len(value) >= 6)
    parts = value.split("-")
    return (len(parts) >= 4 and all(map(str.isalpha, parts))) or (mixed(value) >= 3 and len(value) >= 6)


def _hides_signs(value: str) -> bool:
    """Whether it is base64 of what is typed as a password, as Kubernetes keeps it."""
    try:
        meant = base64.b64decode(value, validate=True).decode("ascii")
    except ValueError:
        return False
    return len(meant) >= 6 and meant.isprintable() and mixed(meant) >= 3


def _is_name(value: str) -> bool:
    """Whether it is what a field or a kind is called: `current-password`, `password_hash`."""
    small = value.lower()
    return "password" in small and not any(map(str.isdigit, value))


def _is_reference(value: str) -> bool:
    """Whether it is an expression of a program: `form.password`, `user->pw`, `-password2`."""
    dotted = value.replace("->", ".").split(".")
    return len(dotted) > 1 and all(part.isidentifier() for part in dotted)


def assigned(match: Match) -> Iterator[Hit]:
    group = next(n for n in range(1, 6) if match.group(n) is not None)
    value = caught(match, group) if group < 5 else trimmed(caught(match, 5))
    if _plausible(value, group < 5):
        yield from password(match, group, value, 0.9)


def given(match: Match) -> Iterator[Hit]:
    value = caught(match)
    if 4 <= len(value) <= _MOST and not is_placeholder(value) and not value.isdigit():
        yield from password(match, 1, value, 0.9)


def _listed(match: Match) -> Iterator[Hit]:
    """In a list of settings; a lone word with a capital is a type's name."""
    value = caught(match)
    if value.islower() or not value.isalpha():
        yield from given(match)


def said(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    kinds = mixed(value)
    told = any(c.isdigit() for c in value) and (kinds >= 2 or len(value) >= 4)
    if _DATED.fullmatch(value):
        return
    if (told or kinds >= 3) and 4 <= len(value) <= _MOST and not is_placeholder(value) and "://" not in value:
        yield from password(match, 1, value, 0.8)


def strong(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    hyphened = value.count("-") >= 3 and value.replace("-", "").isalpha()
    if not (6 <= len(value) <= _MOST and letters and (digits or hyphened)) or is_placeholder(value):
        return
    if "://" not in value and not _is_reference(value) and not value.startswith(("-", "/", "$")):
        yield from password(match, 1, value, 0.75)


def _mixed(match: Match) -> Iterator[Hit]:
    value = trimmed(caught(match))
    if mixed(value) >= 3 and any(map(str.isdigit, value)) and len(value) >= 6 and not is_placeholder(value):
        yield from password(match, 1, value, 0.75)


def _pin(match: Match) -> Iterator[Hit]:
    """What could be a year is one unless it is plainly told."""
    said, value = caught(match, 0), caught(match)
    year = len(value) == 4 and value.startswith(("19", "20"))
    if not year or any(sign in said for sign in (":", "=", " is ", "#")):
        yield Hit("password", match.start(1), match.end(1), 0.75)


RULES: Final = (
    Rule(
        _ENV + r"\d*: ",
        r"[A-Z0-9]+_" + r"(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|PSK)" + r"""\d*: ["']?([^\s"',;<>\])]+)""",
        _listed,
    ),
    Rule(_ENV + r"\d*\s?=", r"[A-Z0-9_]*" + _ENV + r"""\d*\s?=\s?["']?([^\s"',;<>\])]+)""", given),
    Rule(
        r"(?i)" + _PHRASES + r"\d?" + ASSIGN + r"|" + _SHORT + ASSIGN,
        r"(?i)(?:" + _PHRASES + "|" + _SHORT + r")\d?" + ASSIGN + VALUE,
        assigned,
    ),
    Rule(
        r"name:\s*\S+\s+value:",
        r"name:\s*[\"']?[A-Z0-9_]*(?:PASS|PASSWORD|PWD|SECRET|TOKEN|KEY)[\"']?\s+value:\s*" + VALUE,
        assigned,
    ),
    Rule(
        r"(?i)" + WORDS,
        r"(?i)"
        + _PHRASES
        + r"\p{L}{0,4}[^\n.:?!=\p{L}]?[^\n.:?!=]{0,48}?\s(?:is|was|ist|lautet|war|est|es|era|é|è"
        r"|jest|är|er|on"
        r"|to|now|one|reads|became|wurde|werd|wordt|ficou|foi|fue|será|sera|sarà|sia|blev|blir"
        r"|till|til|naar|auf"
        r"|został[ao]?|teraz|je|este|oli|là|adalah|είναι|будет|это|теперь|сейчас|стал|стоит)"
        r"\s?[:=]?\s{0,2}[\"'“`«]?([^\s\"'”`,;»]{4,})",
        said,
    ),
    Rule(
        r"(?i)" + _PHRASES + r"\s|" + _SHORT + r"\s",
        r"(?i)(?:" + _PHRASES + "|" + _SHORT + r")\s{1,2}[\"'“`]?([^\s\"'”`,;]{6,})",
        strong,
    ),
    Rule(
        r"(?i)" + WORDS + r" [^\n.:=?!]{1,32}:",
        r"(?i)" + WORDS + r" [^\n.:=?!]{1,32}: ?[\"'“`]?([^\s\"'”`,;]{6,})",
        strong,
    ),
    Rule(
        r"(?i)(?:as|is) (?:the|my|your|our|his|her|their) (?:\w+ )?pass(?:word|code|phrase)",
        r"(?i)(?:^|\s)[\"'“`]?([^\s\"'”`,;]{6,64})[\"'”`]? (?:as|is) (?:the|my|your|our|his|her|their) ("
        r"?:\w+ )?pass(?:word|code|phrase)",
        _mixed,
    ),
    Rule(_CJK, _CJK + r"[^!-~\n]{0,8}(?:[:：]\s?)?([!-~]{4,64})", said),
    Rule(
        r"(?i)\b(?:credentials|creds|login|log-in|sign in)\b",
        r"(?i)\b(?:credentials|creds|login|log-in|sign in)\b[^\w\n/.][^\n/]{0,40}?[\w.@-]{2,40}\s?/\s?(["
        r"^\s/,;]{6,64})",
        strong,
    ),
    Rule(
        r"(?i)\b(?:pin|pins|otp|verification code|one-time code|passcode|alarm code|door code|gate code)"
        r"\b|-PIN\b",
        r"(?i)(?:\bpins?|\botp|verification code|one-time code|\bpasscode|alarm code|door code|gate code"
        r"|-pin)\b(?:\s?(?:code|number|nr"
        r"|no))?[^\d\n]{0,36}?[\s:=#]([0-9]{4,6}|[0-9]{8})\b",
        _pin,
    ),
)
