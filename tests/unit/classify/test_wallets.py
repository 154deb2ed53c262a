"""Addresses of cryptocurrencies and their checksums."""

import pytest

from gateway.classify import wallets
from gateway.classify.detect import Detector
from gateway.classify.wallets import base58check, bech32

FIND = Detector(wallets.RULES).find


def test_base58_has_four_bytes_of_a_hash() -> None:
    assert base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert not base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")


def test_bech32_and_bech32m_are_those_of_the_proposals() -> None:
    assert bech32("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")
    assert bech32("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    assert not bech32("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")


@pytest.mark.parametrize(
    "address",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ],
)
def test_addresses_are_found(address: str) -> None:
    (found,) = FIND(f"send it to {address}.")

    assert (found.entity, found.start, found.end) == ("crypto_wallet", 11, 11 + len(address))


@pytest.mark.parametrize(
    "text", ["0x" + "0" * 40, "0x" + "a1" * 32, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"]
)
def test_constants_hashes_and_slips_are_none(text: str) -> None:
    assert FIND(text) == ()
