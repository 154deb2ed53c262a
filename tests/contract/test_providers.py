"""The providers that a target may name are those of the installed litellm."""

from __future__ import annotations

import litellm
from litellm.llms.openai_like.json_loader import JSONProviderRegistry

from gateway.policy.language.providers import LITELLM


def test_the_frozen_list_holds_every_provider_of_litellm_and_no_other() -> None:
    installed = {str(getattr(provider, "value", provider)) for provider in litellm.provider_list}
    installed |= set(JSONProviderRegistry.list_providers())
    assert sorted(installed) == sorted(LITELLM)
