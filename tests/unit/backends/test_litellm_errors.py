"""Our errors for those of the litellm SDK."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.backends.litellm import litellm
from gateway.backends.litellm_errors import translated
from gateway.errors import (
    ContextLength,
    GatewayError,
    ProviderBroken,
    ProviderOverloaded,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
ABOUT = {"model": "m", "llm_provider": "mistral"}


def raised(kind: str, said: str = "Trouble", **more: Any) -> Exception:
    made = getattr(litellm(), kind)(message=said, **ABOUT, **more)
    assert isinstance(made, Exception)
    return made


def of_status(status: int, headers: dict[str, str]) -> httpx.Response:
    return httpx.Response(status, headers=headers, request=httpx.Request("POST", "http://127.0.0.1"))


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("Timeout", ProviderTimeout),
        ("APIConnectionError", ProviderUnavailable),
        ("ContextWindowExceededError", ContextLength),
        ("ContentPolicyViolationError", ProviderRefused),
        ("BadRequestError", ProviderRefused),
    ],
)
def test_each_kind_is_one_of_ours(kind: str, ours: type[GatewayError]) -> None:
    assert isinstance(translated("model 'm'", raised(kind), False), ours)


def test_what_broke_off_in_the_middle_is_a_broken_stream() -> None:
    problem = translated("model 'm'", raised("APIConnectionError"), True)
    assert type(problem) is ProviderBroken


def test_what_is_no_error_of_a_provider_is_named_by_its_kind_alone() -> None:
    problem = translated("model 'm'", KeyError("a prompt"), False)
    assert problem.message == "model 'm' could not be asked through litellm (KeyError)"


def test_how_long_to_wait_is_kept() -> None:
    error = raised("RateLimitError", response=of_status(429, {"retry-after": "7"}))
    problem = translated("model 'm'", error, False)
    assert isinstance(problem, ProviderOverloaded)
    assert problem.retry_after == 7


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('MistralException - {"error": {"message": "No such tool"}}', "No such tool"),
        ("MistralException - Too many tools", "Too many tools"),
        ("<html>", "the provider gave no reason that can be shown"),
    ],
)
def test_the_providers_own_words_are_found(said: str, told: str) -> None:
    assert translated("model 'm'", raised("BadRequestError", said), False).message == told
