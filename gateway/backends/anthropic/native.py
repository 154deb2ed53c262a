"""A request that came in the Messages API, as it came but for what the gateway has changed."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.backends.anthropic.tools import offered_tools, stubs
from gateway.backends.anthropic.turns import Turns
from gateway.backends.splice import with_member
from gateway.types import ChatRequest, Sent

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_json = msgspec.json.Encoder()


def relayed(sent: Sent, model: str) -> bytes:
    """The caller's own bytes but for the model's name."""
    return with_member(sent.whole, "model", _json.encode(model))


def edited(request: ChatRequest, sent: Sent, model: str) -> bytes:
    """The caller's members and messages in their own bytes, with what the gateway has added to them.

    Raises:
        Unsaid: not for what the caller sent, but for what was added.
    """
    members: dict[str, Any] = dict(_members.decode(sent.whole))
    turns = Turns()
    for i, message in enumerate(request.messages):
        if message.native is None:
            turns.add(message, f"messages[{i}]")
        elif message.native:
            turns.add_native(message.native)
    members["model"], members["messages"] = model, turns.turns
    if turns.system:
        members["system"] = [*_blocks(members.get("system")), *turns.system]
    _choose(request, sent, members)
    _add_tools(request, turns, members)
    _quiet(turns, members)
    return _json.encode(members)


def _blocks(system: msgspec.Raw | None) -> list[Any]:
    """The caller's own instructions as blocks."""
    said = b"null" if system is None else bytes(system)
    if said.startswith(b"["):
        return list(_items.decode(said))
    return [{"type": "text", "text": system}] if said not in (b"null", b'""') else []


def _choose(request: ChatRequest, sent: Sent, members: dict[str, Any]) -> None:
    """A choice of tool that the gateway has taken away, since it is made, leaves what else it says."""
    if "tool_choice" not in sent.fields or "tool_choice" in request.fields:
        return
    own = msgspec.json.decode(members.pop("tool_choice", msgspec.Raw(b"{}")))
    if own.get("disable_parallel_tool_use"):
        members["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}


def _add_tools(request: ChatRequest, turns: Turns, members: dict[str, Any]) -> None:
    own = list(_items.decode(members["tools"])) if _said(members.get("tools")) else []
    added = offered_tools(request)
    if not own and not added and turns.called:
        added, members["tool_choice"] = stubs(turns.called), {"type": "none"}
    if added:
        members["tools"] = own + added


def _quiet(turns: Turns, members: dict[str, Any]) -> None:
    """With a budget, a turn that calls a tool has to begin with its thoughts, which the gateway's has not."""
    if turns.ends_with_a_result and turns.called and _said(members.get("thinking")):
        thinking = msgspec.json.decode(members["thinking"])
        if isinstance(thinking, dict) and thinking.get("type") == "enabled":
            members.pop("thinking")


def _said(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw) != b"null"
