"""Rules for what lets one in for a while: session cookies, codes and tokens of a sign-in, keys in calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.classify.assigned import ASSIGN, NAMES, by_name, is_secret
from gateway.classify.rule import Hit, Match, Rule, caught, entropy, is_placeholder, looks_random, mixed

_COOKIES: Final = (
    r"(?:jsessionid|phpsessid|asp\.net_sessionid|aspsessionid\w*|\.aspnetcore\.[\w.]*|\.aspxauth|connect\.sid"
    r"|laravel_session|_?session(?:[_-]?id|[_-]?token)?|sess|sid|remember_(?:me|token|web_\w+)|xsrf-token"
    r"|auth(?:[_-]?token)?|[\w-]{1,24}_session(?:_id)?|__(?:secure|host)-[\w.-]{1,40}"
    r"|wordpress_logged_in_\w+)"
)
_TOLD_TO_FILL: Final = ("unique phrase", "change", "your", "example")
_OPENED: Final = r"[\[{(]\s?b?[\"'][\w+/=.-]{16}"
_CALL: Final = r"(?:new )?[\w.:<>]{1,60}\((?:[\w.]{1,24}\()?b?[\"']"


def _cookie(match: Match) -> Iterator[Hit]:
    value = caught(match)
    if len(value) >= 16 and looks_random(value.replace("%", "")) and not is_placeholder(value):
        yield Hit("access_token", match.start(1), match.end(1), 0.85)


def _positional(match: Match) -> Iterator[Hit]:
    """The second of what a client is given: a secret if a machine drew it."""
    value = caught(match)
    if looks_random(value) and is_secret("secret", value):
        yield Hit("api_key", match.start(1), match.end(1), 0.8)


def _salt(match: Match) -> Iterator[Hit]:
    """Of any signs, blanks and brackets too."""
    value = caught(match)
    drawn = mixed(value) >= 3 and entropy(value) >= 3.8 and value.count(" ") <= len(value) // 6
    if drawn and not any(word in value.lower() for word in _TOLD_TO_FILL):
        yield Hit("high_entropy", match.start(1), match.end(1), 0.9)


def _bearer(match: Match) -> Iterator[Hit]:
    if "%" in caught(match) and entropy(caught(match)) >= 4.0:
        yield Hit("access_token", match.start(1), match.end(1), 0.95)


RULES: Final = (
    Rule(
        r"(?i)(?:sess(?:ion)?(?:[_-]?(?:id|token))?|sid|aspxauth|auth|_?token|_me)=|remember_|__(?:secure|host)-"
        r"|wordpress_log|aspsession|aspnetcore",
        r"(?i)(?:cookie|[\s;'\"?&])[:\s]?\s?" + _COOKIES + r"=([^\s;,\"'&]{16,})",
        _cookie,
    ),
    Rule(r"[?&]code=", r"[?&]code=([\w%./~+-]{16,})", _cookie),
    Rule(r"(?i)code_verifier", r"(?i)code_verifier[\"']?\s?[:=]\s?[\"']?([\w.~-]{43,128})", _cookie),
    Rule(  # in a call or in brackets
        _OPENED,
        r"(?i)(" + NAMES + r"[\w.-]*)(?:" + ASSIGN + _CALL + r"|\(\s?[\"']|[\"'],?\s?:?\s?[\[{(]\s?[\"'])"
        r"([^\s\"'()]{16,})[\"']",
        by_name,
    ),
    Rule(
        _OPENED,
        r"(?i)(key\w*)[\"'\]]{0,2}\s?[:=]{1,2}\s?(?:new )?[\w.:<>]*(?:hex|base64|b64|from|key)\w*"
        r"\((?:[\w.]{1,24}\()?b?[\"']([A-Za-z0-9+/_=-]{24,})[\"']",
        by_name,
    ),
    Rule(
        r"(?i)(?:client|credentials?|auth|login|signer|session|account|api)\(\s*[\"']",
        r"(?i)(?:client|credentials?|auth|login|signer|session|account"
        r"|api)\(\s*[\"'][\w.@:/-]{3,80}[\"'],\s*[\"']"
        r"([^\s\"'()]{20,128})[\"']",
        _positional,
    ),
    Rule(
        r"(?:_KEY|_SALT)[\"'],",
        r"define\(\s*[\"']\w*(?:_KEY|_SALT)[\"'],\s*(?:'|\")([^'\"\n]{32,100})(?:'|\")",
        _salt,
    ),
    Rule(
        r"(?i)secret_?key(?:_base)?[\"']?\]?\s?[:=]\s?[\"']",
        r"(?i)secret_?key(?:_base)?[\"']?\]?\s?[:=]\s?[\"']([^'\"\n]{32,100})[\"']",
        _salt,
    ),
    Rule(r"A{12}", r"\b(A{18,30}[A-Za-z0-9%]{50,})", _bearer),
)
