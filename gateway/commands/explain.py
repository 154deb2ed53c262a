"""What the commands do that need the gateway's parts, without a server."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict

from gateway.access.keys import ANYONE
from gateway.api.wire import chat_request
from gateway.backends.probe import probe_now
from gateway.commands.understand import understanding
from gateway.errors import GatewayError
from gateway.policy.evaluate import Facts
from gateway.policy.explain import explain as explained
from gateway.policy.explain import render
from gateway.policy.load import load
from gateway.policy.mistakes import PolicyMistakes, proposal
from gateway.policy.schema import Policy
from gateway.policy.secrets import secrets_from
from gateway.settings import Settings
from gateway.types import Caller, ChatRequest


def explain(
    text: str, settings: Settings, caller_name: str | None, headers: dict[str, str], as_json: bool
) -> str:
    """How the policy would serve a text or a chat request in JSON, and why.

    Raises:
        ValueError: the policy has mistakes, the caller is unknown, or the request cannot be read.
    """
    try:
        policy = load(
            settings.policies,
            secrets=secrets_from(os.environ, settings.secrets),
            available=probe_now,
        )
        caller = _caller(policy, caller_name)
        request = _request(text)
        facts = asyncio.run(_facts(policy, settings, caller, request, headers))
        explanation = explained(policy, facts)
    except PolicyMistakes as mistakes:
        raise ValueError(f"the policy in {settings.policies} has mistakes:\n{mistakes}") from None
    except GatewayError as error:
        raise ValueError(error.message) from None
    return json.dumps(asdict(explanation), indent=2, default=str) if as_json else render(explanation)


def _caller(policy: Policy, name: str | None) -> Caller:
    if name is None:
        return ANYONE
    for known in policy.callers:
        if known.caller.name == name:
            return known.caller
    names = [known.caller.name for known in policy.callers]
    raise ValueError(f"the policy names no caller '{name}'; {proposal(name, names, 'it names')}")


def _request(text: str) -> ChatRequest:
    """The request in `text`: its JSON, or a conversation of that one message."""
    if text.lstrip().startswith("{"):
        return chat_request(text.encode())
    return chat_request(
        json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}]}).encode()
    )


async def _facts(
    policy: Policy, settings: Settings, caller: Caller, request: ChatRequest, headers: dict[str, str]
) -> Facts:
    async with understanding(policy, settings) as understand:
        return (await understand.of(request, caller, headers)).facts
