"""Tokens to money, in exact decimals: pure but for one function that reads the packaged price map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.policy.schema import Model, Price
from gateway.types import Usage

KINDS = ("input", "cached_input", "cache_write", "output", "reasoning", "audio_input", "audio_output")
"""Of tokens: what a `Usage` counts."""
MILLION = Decimal(1_000_000)
_divide = Context(prec=100).divide  # exact, where the usual 28 digits might not do
_FREE_PROVIDERS = frozenset({"local"})  # runs in process: no provider's bill


class _Entry(msgspec.Struct):
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None
    cache_read_input_token_cost: float | None = None
    mode: str | None = None


def packaged_prices() -> dict[str, Price]:
    """litellm's price map as its package carries it, read without importing litellm; empty without it.

    Keys are `provider/model` or `model`, as litellm spells them.
    """
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "model_prices_and_context_window_backup.json"
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, msgspec.DecodeError):
        return {}
    prices = ((name, _price(raw)) for name, raw in entries.items())
    return {name: price for name, price in prices if price is not None}


def _price(raw: msgspec.Raw) -> Price | None:
    try:
        entry = msgspec.json.decode(raw, type=_Entry)
    except msgspec.DecodeError:
        return None
    output = entry.output_cost_per_token
    if output is None and entry.mode == "embedding":
        output = 0.0  # vectors are not paid for by the token
    if entry.input_cost_per_token is None or output is None:
        return None
    cached = entry.cache_read_input_token_cost
    return Price(
        _per_million(entry.input_cost_per_token),
        _per_million(output),
        None if cached is None else _per_million(cached),
        source="litellm",
    )


def _per_million(per_token: float) -> float:
    return float(Decimal(repr(per_token)) * MILLION)


def price_of(model: Model, packaged: Mapping[str, Price]) -> Price | None:
    """The policy's price, else the packaged one, else nothing; what runs in process costs nothing."""
    if model.price is not None:
        return model.price
    if model.provider in _FREE_PROVIDERS:
        return Price(0.0, 0.0, 0.0, source="in process")
    names = (f"{model.provider}/{model.model}", model.model)
    return next((packaged[name] for name in names if name in packaged), None)


def prices_of(models: Iterable[Model], packaged: Mapping[str, Price]) -> dict[str, Price | None]:
    """The price of each model, by its name in the policy."""
    return {model.name: price_of(model, packaged) for model in models}


def cost(usage: Usage, price: Price) -> Decimal:
    """USD for `usage`.

    Audio and cache-write tokens are billed as plain input and output until the policy can price them
    apart; cached input falls back to the input price.
    """
    cached_price = price.input if price.cached_input is None else price.cached_input
    unit, input_, cached, output = _rates(price.input, cached_price, price.output)
    units = (
        (usage.input + usage.cache_write + usage.audio_input) * input_
        + usage.cached_input * cached
        + (usage.output + usage.reasoning + usage.audio_output) * output
    )
    return _divide(units, unit)


class _Rates(NamedTuple):
    """What a token costs, as whole numbers: `unit` of them are a dollar."""

    unit: Decimal
    input: int
    cached: int
    output: int


@lru_cache(maxsize=1024)
def _rates(input_: float, cached: float, output: float) -> _Rates:
    """From USD for a million tokens."""
    exact = [Decimal(repr(price)) for price in (input_, cached, output)]
    places = max(0, *(-int(price.as_tuple().exponent) for price in exact))
    whole = [int(price.scaleb(places)) for price in exact]
    return _Rates(MILLION.scaleb(places), *whole)
