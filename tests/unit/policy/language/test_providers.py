from __future__ import annotations

import pytest

from gateway.policy.language.providers import LITELLM, OWN, PROVIDERS


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "bedrock", "hosted_vllm", "veniceai"])
def test_usual_providers_are_known(provider: str) -> None:
    assert provider in PROVIDERS


def test_what_is_our_own_is_no_name_of_litellms() -> None:
    assert not OWN & LITELLM
