"""Tokens to money."""

from __future__ import annotations

from decimal import Decimal

from gateway.accounting.cost import cost, packaged_prices, price_of
from gateway.policy.schema import Model, Price
from gateway.types import Usage


def test_cost_is_exact_by_kind() -> None:
    usage = Usage(input=1_000, cached_input=500, output=200, reasoning=50)
    assert cost(usage, Price(0.25, 2.0, 0.025)) == Decimal("0.0007625")


def test_cached_input_without_a_price_of_its_own_costs_what_input_costs() -> None:
    assert cost(Usage(cached_input=1_000_000), Price(3.0, 15.0)) == Decimal(3)


def test_prices_come_from_the_packaged_map_without_importing_its_package() -> None:
    prices = packaged_prices()
    model = Model("small", "openai", "gpt-4o-mini")
    assert price_of(model, prices) == Price(0.15, 0.6, 0.075, source="litellm")


def test_a_model_for_embeddings_costs_what_goes_in_whether_or_not_its_price_for_output_is_told() -> None:
    prices = packaged_prices()
    small = price_of(Model("e", "openai", "text-embedding-3-small"), prices)
    mistral = price_of(Model("e", "mistral", "mistral-embed"), prices)
    assert (small, mistral) == (Price(0.02, 0.0, source="litellm"), Price(0.1, 0.0, source="litellm"))


def test_the_policys_price_goes_before_the_packaged_one() -> None:
    own = Price(1.0, 2.0)
    assert price_of(Model("small", "openai", "gpt-4o-mini", price=own), packaged_prices()) is own


def test_an_unknown_price_is_none_and_not_zero() -> None:
    assert price_of(Model("house", "openai-compatible", "no-such-model"), packaged_prices()) is None
