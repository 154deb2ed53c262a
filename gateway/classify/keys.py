"""Rules for keys that prove who one is: private keys in their wrappings, signed tokens, phrases of words."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Final

from gateway.classify.issued import BEFORE
from gateway.classify.rule import Hit, Match, Rule, caught, whole


def _jwt(match: Match) -> Iterator[Hit]:
    """RFC 7519: the first part is an object that names the algorithm or the type."""
    head = caught(match).split(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return
    if isinstance(header, dict) and ("alg" in header or "typ" in header or "enc" in header):
        yield Hit("jwt", match.start(1), match.end(1), 0.98)


_STOCK: Final = (12, 15, 18, 21, 24)  # BIP 39: so many words
_NEEDED: Final = (
    "the and for with your are not was has have had from but our his her their which please should would "
    "could been were its who how why does did than also because while where there"
)  # which are no words of BIP 39's
_PROSE: Final = frozenset(_NEEDED.split())


def _words(match: Match) -> Iterator[Hit]:
    """As many words as a wallet's phrase has, and none that English sentences cannot do without."""
    words = caught(match).replace(",", " ").split()
    if len(words) in _STOCK and len(set(words)) >= len(words) - 2 and _PROSE.isdisjoint(words):
        yield Hit("private_key", match.start(1), match.end(1), 0.85)


_WALLET: Final = (
    r"\b(?:wallet|metamask|ledger (?:nano|live|stax)|trezor|phantom|bip-?39"
    r"|(?:12|24|twelve|twenty-four) words)\b"
)
_LINE = r"(?:\\n|\\r|[\s\\>#*|]){0,8}"

RULES: Final = (
    Rule(  # RFC 7468 and RFC 4880; in JSON and in code its lines may be joined by \n
        "PRIVATE KEY",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        + _LINE
        + r"(?:[A-Za-z]+-?[A-Za-z]*: [^\n]*\s+){0,3}"
        r"[A-Za-z0-9+/=]{12,}(?:[A-Za-z0-9+/=\s\\\"',>]*)(?:-----END[A-Z0-9 ]{1,40}-----)?",
        whole("private_key", 0.99),
    ),
    Rule(
        r"PuTTY-User-Key-File-\d",
        r"Private-Lines: \d+\s+([A-Za-z0-9+/=\s]{16,})",
        whole("private_key", 0.98, 1),
        reach=4096,
    ),
    Rule(
        r"AGE-SECRET-KEY-1",
        r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{50,}",
        whole("private_key", 0.99),
    ),
    Rule(
        r"eyJ[\w-]{8}",
        BEFORE + r"(eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*(?:\.[\w-]+\.[\w-]+)?)",
        _jwt,
        reach=16384,
    ),
    Rule(
        r"\b[xyz]prv[A-Za-z0-9]{20}",
        r"\b([xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,112})\b",
        whole("private_key", 0.98, 1),
    ),
    Rule(r"otpauth://", r"otpauth://[^\s\"']*secret=([A-Z2-7]{16,})", whole("high_entropy", 0.95, 1)),
    Rule(
        r"(?i)\b(?:totp|2fa|mfa) ",
        r"(?i:\b(?:totp|2fa|mfa) (?:secret|key|seed))[^\n]{0,8}?\b([A-Z2-7]{16,64})\b",
        whole("high_entropy", 0.85, 1),
    ),
    Rule(
        r"(?i)(?:seed|recovery|mnemonic|secret|backup) (?:phrase|words)|mnemonic",
        r"(?i)(?:(?:seed|recovery|mnemonic|secret|backup) (?:phrase|words)|mnemonic)\b[^a-z\n]{0,6}(?:is"
        r"\b|are\b|=)?"
        r"[^a-z\n]{0,6}((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})",
        whole("private_key", 0.9, 1),
    ),
    Rule(
        r"(?i)" + _WALLET,
        r"(?i:"
        + _WALLET
        + r")[^\n]{0,80}?[:=\"'\n]\s?[\"']?((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})(?:[\"'.\n]|$)",
        _words,
    ),
    Rule(
        r"(?i)(?:recovery|backup) codes?",
        r"(?i)(?:recovery|backup) codes?\b[^\d\n]{0,24}((?:\d{4,5}-\d{4,5}[, ]{0,2})+)",
        whole("password", 0.85, 1),
    ),
)
