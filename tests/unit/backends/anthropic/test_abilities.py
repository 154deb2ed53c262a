"""What a model takes, told by its name."""

from __future__ import annotations

import pytest

from gateway.backends.anthropic.abilities import Abilities, abilities_of

LOW_TO_MAX = ("low", "medium", "high", "xhigh", "max")


@pytest.mark.parametrize(
    ("model", "abilities"),
    [
        ("claude-haiku-4-5", Abilities(64_000)),
        ("claude-haiku-4-5-20251001", Abilities(64_000)),
        ("claude-sonnet-4-20250514", Abilities(32_000)),
        ("claude-opus-4-5", Abilities(64_000, efforts=("low", "medium", "high"))),
        ("claude-sonnet-4-6", Abilities(128_000, True, ("low", "medium", "high", "max"))),
        ("claude-opus-4-7", Abilities(128_000, True, LOW_TO_MAX, sampling=False)),
        ("anthropic/claude-opus-4.7", Abilities(128_000, True, LOW_TO_MAX, sampling=False)),
        ("claude-sonnet-5", Abilities(128_000, True, LOW_TO_MAX, sampling=False)),
        ("claude-mythos-preview", Abilities(128_000, True, LOW_TO_MAX, sampling=False)),
        ("claude-3-5-sonnet-latest", Abilities(4_096)),
        ("claude-3-haiku-20240307", Abilities(4_096)),
        ("kimi-k3", Abilities(8_192)),
    ],
)
def test_it_is_known_by_its_generation(model: str, abilities: Abilities) -> None:
    assert abilities_of(model) == abilities
