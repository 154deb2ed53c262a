"""Whether a request names servers of the caller's choice for the provider to call, MCP servers mostly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.api.members import Members

_ADDRESSES: Final = frozenset({"server_url", "connector_id", "tunnel_id"})
_CONTAINERS: Final = ("container", "environment")


def remote_tools(value: Members) -> str:
    """The member of a body that names such servers; empty: none does."""
    if value.get("mcp_servers"):
        return "mcp_servers"
    if any(map(_goes_out, _listed(value))):
        return "tools"
    items = value.get("input")
    if isinstance(items, list) and any(_goes_out(tool) for item in items for tool in _listed(item)):
        return "input"  # which may bring tools with it in the midst of a conversation
    return ""


def _listed(holder: Any) -> Iterator[Members]:
    """The tools that something holds, and those within them."""
    held = holder.get("tools") if isinstance(holder, dict) else None
    for tool in held if isinstance(held, list) else ():
        if isinstance(tool, dict):
            yield tool
            yield from _listed(tool)


def _goes_out(tool: Members) -> bool:
    kind = tool.get("type")
    if isinstance(kind, str) and kind.lower().startswith("mcp"):
        return True
    return not _ADDRESSES.isdisjoint(tool) or any(_is_open(tool.get(name)) for name in _CONTAINERS)


def _is_open(container: Any) -> bool:
    """Whether what runs in it may connect to hosts that the caller names."""
    allowed = container.get("network_policy") if isinstance(container, dict) else None
    return bool(allowed) and not (isinstance(allowed, dict) and allowed.get("type") == "disabled")
