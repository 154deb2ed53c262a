"""Rules for addresses of cryptocurrencies: by their checksums, or by words before them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from gateway.classify.rule import Check, Hit, Match, Rule, caught, entropy, mixed

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CONSTANTS: Final = (1, 0x2BC830A3)  # BIP 173 and BIP 350
_ANY: Final = "[1-9A-HJ-NP-Za-km-z]"
_NETWORKS: Final = (
    r"\b(?:solana|phantom|spl|polkadot|stellar|xlm|tezos|algorand"
    r"|(?:sol|dot|near|ton) (?:wallet|address|account))\b"
)


def base58check(text: str, alphabet: str = _BASE58) -> bool:
    """Twenty bytes and a version of one or two, with four bytes of the double hash after them."""
    number = 0
    for char in text:
        number = number * 58 + alphabet.index(char)
    for size in (25, 26):
        if number < 1 << 8 * size:
            raw = number.to_bytes(size, "big")
            if hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]:
                return True
    return False


def bech32(text: str) -> bool:
    """BIP 173 and BIP 350: a checksum over the part before the last 1 and the part after it."""
    human, _, data = text.lower().rpartition("1")
    values = [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human]
    total = 1
    for value in values + [_BECH32.index(c) for c in data]:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            total ^= generator if top >> bit & 1 else 0
    return total in _CONSTANTS


def _checked(alphabet: str) -> Check:
    def check(match: Match) -> Iterator[Hit]:
        if base58check(caught(match), alphabet):
            yield Hit("crypto_wallet", match.start(1), match.end(1), 0.97)

    return check


def _segwit(match: Match) -> Iterator[Hit]:
    if bech32(caught(match)):
        yield Hit("crypto_wallet", match.start(1), match.end(1), 0.97)


def _ethereum(match: Match) -> Iterator[Hit]:
    """EIP-55's checksum is optional; what has few kinds of digit is a constant."""
    if len(set(caught(match).lower())) >= 10:
        yield Hit("crypto_wallet", match.start(1), match.end(1), 0.85)


def _drawn(match: Match) -> Iterator[Hit]:
    value = caught(match)
    if mixed(value) >= 3 and entropy(value) >= 4.0:
        yield Hit("crypto_wallet", match.start(1), match.end(1), 0.85)


RULES: Final = (
    Rule(
        r"\b[13LMADTXt9][1-9A-HJ-NP-Za-km-z]{24}",
        r"\b([13LMADTXt9]" + _ANY + r"{24,34})\b",
        _checked(_BASE58),
    ),
    Rule(r"\br[1-9A-HJ-NP-Za-km-z]{24}", r"\b(r" + _ANY + r"{24,34})\b", _checked(_RIPPLE)),
    Rule(
        r"(?i)\b(?:bc|tb|ltc|addr|stake|cosmos|osmo|terra|inj|celestia|bnb|lnbc)1[ac-hj-np-z02-9]{11}",
        r"(?i)\b((?:bc|tb|ltc|addr|stake|cosmos|osmo|terra|inj|celestia|bnb)1[ac-hj-np-z02-9]{11,110})\b",
        _segwit,
    ),
    Rule(r"\b0x[0-9a-fA-F]{40}", r"\b(0x[0-9a-fA-F]{40})\b", _ethereum),
    Rule(r"\b[48][0-9AB][1-9A-HJ-NP-Za-km-z]{50}", r"\b([48][0-9AB]" + _ANY + r"{93})\b", _drawn),
    Rule(
        r"(?i)" + _NETWORKS,
        r"(?i:" + _NETWORKS + r")[^\n]{0,32"
        r"}?[ :='\"]"
        r"([1-9A-HJ-NP-Za-km-z]{32,48}|G[A-Z2-7]{55}|tz[1-3]" + _ANY + r"{33}|[A-Z2-7]{58}|[EU]Q[\w-]{46})\b",
        _drawn,
    ),
)
