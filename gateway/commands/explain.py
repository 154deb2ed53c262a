"""Explains how a request would be served, by a policy folder or by what the live gateway has in force."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from gateway.accounting.cost import packaged_prices, price_of
from gateway.api.wire import chat_request
from gateway.backends.probe import probe_now
from gateway.commands.understand import Indexing, Understanding, caller_named, understanding
from gateway.errors import GatewayError
from gateway.parts import head_file
from gateway.policy.analysis.explain import Explanation, Pricing
from gateway.policy.analysis.explain import explain as explained
from gateway.policy.language.load import load
from gateway.policy.language.secrets import secrets_from
from gateway.policy.mistakes import PolicyMistakes
from gateway.policy.schema import Policy
from gateway.settings import Settings, make_data_dir
from gateway.types import Caller, ChatRequest


async def explanation(
    understand: Understanding, parsed: ChatRequest, caller: Caller, headers: Mapping[str, str], price: Pricing
) -> Explanation:
    """Why a request would be served as it would be; `headers` by their names in small letters.

    Raises:
        InvalidRequest, UnknownModel, Forbidden, Blocked: as `Understanding.decided` does.
    """
    decided = await understand.decided(parsed, caller, headers)
    return explained(
        understand.policy,
        decided.understood.facts,
        decided.masked,
        max_tokens=parsed.max_tokens,
        price=price,
    )


def explain(
    text: str,
    settings: Settings,
    caller_name: str | None,
    headers: Mapping[str, str],
    indexing: Indexing = lambda name: None,
) -> Explanation:
    """How the policy in a folder would serve a text or a chat request in JSON, and why.

    Raises:
        PolicyMistakes: the policy has mistakes.
        ValueError: the caller is unknown, or the request cannot be read or not be let in.
    """
    policy = _policy(settings)
    caller = caller_named(policy, caller_name)
    try:
        if policy.knowledge:
            make_data_dir(settings.data_dir)
        return asyncio.run(_explained(policy, settings, _request(text), caller, headers, indexing))
    except GatewayError as error:
        raise ValueError(error.message) from None
    except OSError as error:
        said = f"{settings.data_dir} cannot be written ({error.strerror})"
        raise ValueError(f"{said}; name another with --data-dir") from None


def _policy(settings: Settings) -> Policy:
    """As it would be served from here; a secret or a head that is not here does not stand in the way."""
    read = partial(
        load,
        settings.policies,
        secrets=secrets_from(os.environ, settings.secrets),
        available=partial(probe_now, reach=settings.reach),
    )
    try:
        return read(trained=lambda name: head_file(settings, name) is not None)
    except PolicyMistakes:
        return read(assume_secrets=True)


async def _explained(
    policy: Policy,
    settings: Settings,
    parsed: ChatRequest,
    caller: Caller,
    headers: Mapping[str, str],
    indexing: Indexing,
) -> Explanation:
    packaged = packaged_prices()
    async with understanding(policy, settings, indexing) as understand:
        return await explanation(understand, parsed, caller, headers, lambda model: price_of(model, packaged))


def _request(text: str) -> ChatRequest:
    """The request in `text`: its JSON, for `auto` unless it says so, or a conversation of that one message.

    Raises:
        ValueError: the text was read from what is no UTF-8.
        InvalidRequest: the JSON is no request.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("the request is not UTF-8 text: save it as UTF-8") from None
    members = _object(text)
    if members is None:
        return chat_request(
            json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}]}).encode()
        )
    if "model" not in members:
        text = '{"model": "auto"' + (", " if members else "") + text.lstrip()[1:]
    return chat_request(text.encode())


def _object(text: str) -> dict[str, Any] | None:
    """The members of the JSON object that a text is; any other text, braces or not, is something said."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
