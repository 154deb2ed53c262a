"""Servers that the caller names and the provider calls: a way out that no gate of ours stands at."""

from __future__ import annotations

from gateway.errors import RemoteTools
from gateway.policy.schema import Model
from gateway.types import ChatRequest


def check_remote(spec: Model, request: ChatRequest) -> None:
    """Raises RemoteTools where the request names such servers and the policy does not let the model do so."""
    if request.remote_tools and not spec.remote_tools:
        raise RemoteTools(
            f"'{request.remote_tools}' names servers that the provider would call and that may see what the "
            "model is given. No model here that could answer this may do so: remove them, or ask whoever "
            "edits the policy for a model with 'remote_tools: true'.",
            param=request.remote_tools,
        )
