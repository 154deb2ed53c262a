"""Reads a chat completions body: what routing needs is decoded, the rest stays the bytes that it came as."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.errors import InvalidRequest
from gateway.types import ChatRequest, Message, ToolCall, ToolSpec

MAX_MESSAGES = 10_000
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_ROUTED = frozenset({"model", "messages"})  # the one is replaced, the other is read message by message
_READ = frozenset({"role", "content", "tool_calls", "audio"})
_PART_NEEDS = {"image_url": "vision", "input_audio": "audio", "audio": "audio"}
_Members = dict[str, msgspec.Raw]
_body = msgspec.json.Decoder(_Members)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_parts = msgspec.json.Decoder(str | list[_Members] | None)
_any = msgspec.json.Decoder()


def chat_request(body: bytes) -> ChatRequest:
    """The request in `body`.

    Raises:
        InvalidRequest: it is not JSON, not an object, or a member that routing needs is missing or wrong.
    """
    members = _top(body)
    _refuse_doubles(body)
    messages, loose = _messages(members)
    response_format = _member(members, "response_format", dict)
    options = _member(members, "stream_options", dict)
    other = [*loose, *(s for name, raw in members.items() if name not in _ROUTED for s in _strings(raw))]
    return ChatRequest(
        model=_required(members, "model", str),
        messages=messages,
        fields={name: bytes(raw) for name, raw in members.items()},
        stream=bool(_member(members, "stream", bool)),
        include_usage=bool(options and options.get("include_usage")),
        max_tokens=_member(members, "max_completion_tokens", int) or _member(members, "max_tokens", int),
        wants_json=bool(response_format) and str(response_format.get("type", "")).startswith("json"),
        tools=_tools(members),
        metadata=_metadata(members),
        other_text="\n".join(other),
    )


def _top(body: bytes) -> _Members:
    try:
        return _body.decode(body)
    except (msgspec.ValidationError, RecursionError):
        raise InvalidRequest("The body must be a JSON object of moderate depth.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None


_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"([ \t\r\n]*+:)?')


def _refuse_doubles(body: bytes) -> None:
    """A name that stands twice in an object: the one is read here, and who knows which one upstream reads.

    A string with a colon behind it is a name; parsing keeps one of each, so the two counts must agree.
    """
    try:
        value = _any.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body must be a JSON object of moderate depth.") from None
    if _names(value) != sum(map(bool, _STRING.findall(body))):
        raise InvalidRequest("An object in the body has two members of one name.")


def _names(value: Any) -> int:
    """How many members all the objects in a value have."""
    count, stack = 0, [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            count += len(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return count


def _decode(raw: msgspec.Raw, where: str) -> Any:
    try:
        return _any.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest(f"{where} is not valid JSON of moderate depth.", param=where) from None


def _member(members: Mapping[str, msgspec.Raw], name: str, kind: type, where: str = "") -> Any:
    """A member of the given type; None where it is absent or null."""
    if name not in members:
        return None
    value = _decode(members[name], where + name)
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    words = {str: "a string", int: "an integer", bool: "true or false", dict: "an object", list: "an array"}
    raise InvalidRequest(f"'{where}{name}' must be {words[kind]}.", param=where + name)


def _required(members: Mapping[str, msgspec.Raw], name: str, kind: type, where: str = "") -> Any:
    value = _member(members, name, kind, where)
    if value is None or value == "":
        raise InvalidRequest(f"'{where}{name}' is required.", param=where + name)
    return value


def _messages(members: _Members) -> tuple[tuple[Message, ...], list[str]]:
    """The messages, and the strings that they carry outside of what a model reads as their text."""
    if "messages" not in members:
        raise InvalidRequest("'messages' is required: a list of at least one message.", param="messages")
    try:
        raws = _list.decode(members["messages"])
    except msgspec.DecodeError:
        raise InvalidRequest("'messages' must be a list.", param="messages") from None
    if not 1 <= len(raws) <= MAX_MESSAGES:
        raise InvalidRequest(f"'messages' must hold 1 to {MAX_MESSAGES:,} messages.", param="messages")
    loose: list[str] = []
    return tuple(_message(raw, f"messages[{i}].", loose) for i, raw in enumerate(raws)), loose


def _message(raw: msgspec.Raw, where: str, loose: list[str]) -> Message:
    try:
        members = _body.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(f"'{where[:-1]}' must be an object.", param=where[:-1]) from None
    role = _required(members, "role", str, where)
    if role not in _ROLES:
        known = ", ".join(sorted(_ROLES))
        raise InvalidRequest(f"'{where}role' must be one of {known}.", param=where + "role")
    text, needs, unreadable = _content(members, where, loose)
    calls = _tool_calls(members, where)
    loose.extend(s for name, m in members.items() if name not in _READ for s in _strings(m))
    loose.extend(s for call in calls for s in (call.id, call.name, *_argument_strings(call.arguments)))
    return Message(
        role=role,
        text=text,
        raw=bytes(raw),
        trusted=role not in ("tool", "function"),
        needs=needs,
        unreadable=unreadable or "audio" in members,
        tool_calls=calls,
        tool_call_id=_member(members, "tool_call_id", str, where),
        name=_member(members, "name", str, where),
    )


def _content(members: _Members, where: str, loose: list[str]) -> tuple[str, frozenset[str], bool]:
    """The readable text, what its parts need of a model, and whether some part could not be read."""
    if "content" not in members:
        return "", frozenset(), False
    try:
        content = _parts.decode(members["content"])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(
            f"'{where}content' must be a string or a list of content parts.", param=where + "content"
        ) from None
    if content is None or isinstance(content, str):
        return content or "", frozenset(), False
    texts, needs, unreadable = [], set(), False
    for i, part in enumerate(content):
        here = f"{where}content[{i}]."
        kind = _required(part, "type", str, here)
        if kind in ("text", "refusal"):
            texts.append(_member(part, kind, str, here) or "")
            loose.extend(s for name, m in part.items() if name not in ("type", kind) for s in _strings(m))
        else:
            unreadable = True
            needs.add(_PART_NEEDS.get(kind, kind))
    return "\n".join(texts), frozenset(needs & {"vision", "audio"}), unreadable


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _WireCall(msgspec.Struct):
    function: _Function
    id: str = ""


class _FunctionSpec(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _WireTool(msgspec.Struct):
    function: _FunctionSpec | None = None


_calls = msgspec.json.Decoder(list[_WireCall] | None)
_wire_tools = msgspec.json.Decoder(list[_WireTool] | None)


def _tool_calls(members: _Members, where: str) -> tuple[ToolCall, ...]:
    if "tool_calls" not in members:
        return ()
    try:
        calls = _calls.decode(members["tool_calls"]) or []
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest(
            f"'{where}tool_calls' must be a list of tool calls.", param=where + "tool_calls"
        ) from None
    return tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in calls)


def _argument_strings(arguments: str) -> list[str]:
    """The strings in a call's arguments; its text whole where it is not JSON."""
    try:
        return list(_walk(_any.decode(arguments)))
    except (msgspec.DecodeError, RecursionError):
        return [arguments]


def _tools(members: _Members) -> tuple[ToolSpec, ...]:
    if "tools" not in members:
        return ()
    try:
        tools = _wire_tools.decode(members["tools"]) or []
    except (msgspec.DecodeError, RecursionError):
        raise InvalidRequest("'tools' must be a list of tools.", param="tools") from None
    specs = (t.function for t in tools if t.function)
    return tuple(ToolSpec(f.name, f.description or "", f.parameters or {}) for f in specs)


def _metadata(members: _Members) -> dict[str, str]:
    given = _member(members, "metadata", dict) or {}
    return {k: v for k, v in given.items() if isinstance(v, str)}


def _strings(raw: msgspec.Raw) -> Iterator[str]:
    """Every string in a JSON value, keys included: escapes must not hide what it says."""
    try:
        value = _any.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest("The body is not valid JSON of moderate depth.") from None
    return _walk(value)


def _walk(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
            stack.extend(item.keys())
        elif isinstance(item, list):
            stack.extend(item)
