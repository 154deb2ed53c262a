"""Time zones and currencies by the words that people use for them. Pure, the installed zones aside."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import available_timezones

from gateway.backends.local.values import Found

# Cities that many people live in and that no IANA zone is named after, and abbreviations in use.
_ALSO = {
    "san francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles", "boston": "America/New_York",
    "washington": "America/New_York", "miami": "America/New_York", "atlanta": "America/New_York",
    "houston": "America/Chicago", "dallas": "America/Chicago", "montreal": "America/Toronto",
    "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin",
    "cologne": "Europe/Berlin", "barcelona": "Europe/Madrid", "milan": "Europe/Rome",
    "geneva": "Europe/Zurich", "lyon": "Europe/Paris", "porto": "Europe/Lisbon", "krakow": "Europe/Warsaw",
    "manchester": "Europe/London", "edinburgh": "Europe/London", "kyiv": "Europe/Kyiv",
    "beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "mumbai": "Asia/Kolkata",
    "delhi": "Asia/Kolkata", "new delhi": "Asia/Kolkata", "bangalore": "Asia/Kolkata",
    "bengaluru": "Asia/Kolkata", "osaka": "Asia/Tokyo", "hanoi": "Asia/Ho_Chi_Minh",
    "saigon": "Asia/Ho_Chi_Minh", "abu dhabi": "Asia/Dubai", "rio de janeiro": "America/Sao_Paulo",
    "cape town": "Africa/Johannesburg", "canberra": "Australia/Sydney", "wellington": "Pacific/Auckland",
    "utc": "UTC", "gmt": "UTC", "cet": "Europe/Paris", "est": "America/New_York",
    "pst": "America/Los_Angeles", "japan": "Asia/Tokyo", "india": "Asia/Kolkata",
    "germany": "Europe/Berlin", "france": "Europe/Paris", "italy": "Europe/Rome", "spain": "Europe/Madrid",
    "england": "Europe/London", "uk": "Europe/London", "korea": "Asia/Seoul", "china": "Asia/Shanghai",
}  # fmt: skip

CURRENCIES = {
    "euro": "EUR", "€": "EUR", "us dollar": "USD", "dollar": "USD", "$": "USD", "buck": "USD",
    "british pound": "GBP", "pound sterling": "GBP", "pound": "GBP", "£": "GBP", "yen": "JPY", "¥": "JPY",
    "swiss franc": "CHF", "franc": "CHF", "australian dollar": "AUD", "canadian dollar": "CAD",
    "yuan": "CNY", "renminbi": "CNY", "rupee": "INR", "₹": "INR", "real": "BRL", "peso": "MXN", "won": "KRW",
    "zloty": "PLN", "krona": "SEK", "swedish krona": "SEK", "norwegian krone": "NOK", "danish krone": "DKK",
    "krone": "DKK", "rand": "ZAR", "lira": "TRY", "shekel": "ILS", "forint": "HUF", "koruna": "CZK",
}  # fmt: skip
_CODES = frozenset(CURRENCIES.values()) | frozenset({"SGD", "HKD", "NZD", "THB", "AED", "RON", "BGN", "UAH"})


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Every IANA zone by its own name and by its city's, in lower case."""
    zones = {zone.lower(): zone for zone in available_timezones()}
    for zone in sorted(available_timezones()):
        if "/" in zone and not zone.startswith("Etc/"):
            zones.setdefault(zone.rsplit("/", 1)[1].replace("_", " ").lower(), zone)
    return zones | _ALSO


@lru_cache(maxsize=1)
def _zone_pattern() -> re.Pattern[str]:
    names = sorted(_zones(), key=len, reverse=True)
    return re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, names))})(?![\w/])", re.IGNORECASE)


def timezones(text: str) -> list[Found]:
    """IANA names of the zones, cities and abbreviations named."""
    return [
        Found(_zones()[m[0].lower()], m.start(), m.end())
        for m in _zone_pattern().finditer(text)
        if m[0].lower() not in _COMMON_WORDS or m[0].isupper()
    ]


# Zones whose names are also words of the language: only in capitals are they meant.
_COMMON_WORDS = frozenset(
    {"est", "met", "mst", "center", "navajo", "eastern", "central", "mountain", "pacific", "general"}
    | {"universal", "zulu", "greenwich", "easter", "west", "east", "north", "south", "uk"}
)

_NAMED = sorted((n for n in CURRENCIES if n[0].isascii() and n != "$"), key=len, reverse=True)
_CURRENCY_WORD = re.compile(rf"[€$£¥₹]|\b(?:{'|'.join(_NAMED)})s?\b|\b[a-z]{{3}}\b", re.IGNORECASE)


def currencies(text: str) -> list[Found]:
    """ISO 4217 codes of the currencies named, in order."""
    found = []
    for m in _CURRENCY_WORD.finditer(text):
        word = m[0].lower()
        code = CURRENCIES.get(word) or CURRENCIES.get(word.removesuffix("s"))
        if code is None and m[0].upper() in _CODES:
            code = m[0].upper()
        if code is not None:
            found.append(Found(code, m.start(), m.end()))
    return found
