"""Where a model's server is asked, and with what headers."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.backends.http import Endpoint
from gateway.policy.schema import Model


def upstream(model: Model, url: str, key: Mapping[str, str], method: str = "POST") -> Endpoint:
    """The model's endpoint at `url`; `key` is the header that holds the policy's key, where it has one."""
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "user-agent": "pointsman",
        **key,
    }
    return Endpoint.of(f"model {model.name!r}", method, url, headers)
