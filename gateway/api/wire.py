"""Reads a chat completions body: what routing needs is decoded, the rest stays the bytes that it came as."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from gateway.api.outline import Room, outline
from gateway.errors import InvalidRequest
from gateway.masks import named, number_text
from gateway.types import Api, ChatRequest, Message, Sent, ToolCall, ToolSpec

MAX_MESSAGES = 10_000
MAX_MODEL = 256  # characters
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_ROUTED = frozenset({"model", "messages"})  # the one is replaced, the other is read message by message
_READ = frozenset({"role", "content"})
# Names that say nothing; any other is read as text, since a name can carry a secret too.
_NAMES = frozenset(
    (
        *("temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens", "presence_penalty"),
        *("frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "seed", "stream", "stream_options"),
        *("tools", "tool_choice", "parallel_tool_calls", "response_format", "metadata", "user", "store"),
        *("name", "tool_calls", "tool_call_id", "refusal", "audio", "type", "text", "image_url"),
    )
)
_PART_NEEDS = {"image_url": "vision", "input_audio": "audio", "audio": "audio"}
# Members that hold what is no text, wherever an upstream may look for it.
_FILES = frozenset(
    (
        *(
            "image",
            "images",
            "image_url",
            "input_image",
            "audio",
            "audio_url",
            "input_audio",
            "video",
            "videos",
        ),
        *("video_url", "file", "files", "file_id", "file_ids", "file_data", "attachments"),
    )
)
# Of an assistant message, what is known again; of a call in it too.
_REASONING = ("reasoning_content", "reasoning")
_SPEECH = frozenset({"role", "content", "tool_calls", *_REASONING})
_CALL = frozenset({"id", "type", "function"})
_FUNCTION = frozenset({"name", "arguments"})
# Base64, as a data URL anywhere in a text or as a whole string, hides what it says.
_DATA_URL = re.compile(r"data:[\w.+/-]*+(?:;[\w.=+-]++)*?;base64,[a-z0-9+/_-]{16}")  # in small letters
_WHOLE = re.compile(r"(?:(?i:data:[^,\s]*;base64,))?[A-Za-z0-9+/_-]*={0,2}")
_LONG_BASE64 = 1024  # characters; a shorter string without a data URL's head may be a word or a name
_LONG_NUMBER = 10**8  # from nine digits on a number may be a card's or a person's
_CONTAINERS = (dict, list)
_Members = dict[str, Any]


class _RawMessages(msgspec.Struct):
    messages: list[msgspec.Raw]


_any = msgspec.json.Decoder()
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_messages = msgspec.json.Decoder(_RawMessages)


def chat_request(body: bytes) -> ChatRequest:
    """The request in `body`.

    Raises:
        InvalidRequest: it is not JSON, not an object, names a member twice, holds too many values, or a
            member that routing needs is missing or wrong.
    """
    room = Room()
    value = object_of(body, room)
    model = _required(value, "model", str)
    if len(model) > MAX_MODEL:
        raise InvalidRequest(f"'model' is longer than {MAX_MODEL} characters.", param="model")
    loose = _Loose(room)
    messages = _messages(value, body, loose)
    _beside(value, _ROUTED, loose)
    response_format = _member(value, "response_format", dict) or {}
    options = _member(value, "stream_options", dict) or {}
    fields = {name: bytes(raw) for name, raw in _raw_members.decode(body).items()}
    return ChatRequest(
        model=model,
        messages=messages,
        fields=fields,
        sent=Sent(Api.CHAT, body, messages, fields),
        stream=bool(_member(value, "stream", bool)),
        include_usage=bool(options.get("include_usage")),
        max_tokens=_member(value, "max_completion_tokens", int) or _member(value, "max_tokens", int),
        wants_json=str(response_format.get("type", "")).startswith("json"),
        tools=_tools(value),
        metadata=_metadata(value),
        other_text="\n".join(loose.texts),
        unreadable=loose.unreadable,
    )


@dataclass(slots=True)
class _Loose:
    """Strings beside what a model reads as a message's text, and whether something there is no text."""

    room: Room
    texts: list[str] = field(default_factory=list)
    unreadable: bool = False

    def add(self, text: str) -> None:
        """What is base64 from end to end is not read: it says nothing, and looks like anything."""
        if _is_opaque(text):
            self.unreadable = True
            if _WHOLE.fullmatch(text):
                return
        self.texts.append(text)


def _is_opaque(text: str) -> bool:
    if len(text) >= _LONG_BASE64 and _WHOLE.fullmatch(text):
        return True
    small = text.lower()
    return ";base64," in small and _DATA_URL.search(small) is not None


def object_of(body: bytes, room: Room | None = None) -> _Members:
    """The JSON object that a body is; its values take of `room`.

    Raises:
        InvalidRequest: it is not JSON, not an object, too deep, too many values, or names a member twice.
    """
    shape = outline(body)
    (room or Room()).take(shape.values)
    try:
        value = _any.decode(body)
    except RecursionError:
        raise InvalidRequest("The body must be a JSON object of moderate depth.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    if _names(value) != shape.members:
        # Parsing keeps one of each name: the one is read here, and who knows which one upstream reads.
        raise InvalidRequest("An object in the body has two members of one name.")
    return value


def _names(value: _Members) -> int:
    """How many members all the objects in a value have."""
    count, stack = 0, list[Any]([value])
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            count += len(item)
            item = item.values()
        for each in item:
            if each and isinstance(each, _CONTAINERS):
                stack.append(each)
    return count


def _member(members: _Members, name: str, kind: type, where: str = "") -> Any:
    """A member of the given type; None where it is absent or null."""
    value = members.get(name)
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    words = {str: "a string", int: "an integer", bool: "true or false", dict: "an object", list: "a list"}
    raise InvalidRequest(f"'{where}{name}' must be {words[kind]}.", param=where + name)


def _required(members: _Members, name: str, kind: type, where: str = "") -> Any:
    value = _member(members, name, kind, where)
    if value is None or value == "":
        raise InvalidRequest(f"'{where}{name}' is required.", param=where + name)
    return value


def _messages(value: _Members, body: bytes, beside: _Loose) -> tuple[Message, ...]:
    """The messages; `beside` takes the strings that they carry beside what a model reads as their text."""
    messages = _member(value, "messages", list)
    if messages is None:
        raise InvalidRequest("'messages' is required: a list of at least one message.", param="messages")
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise InvalidRequest(f"'messages' must hold 1 to {MAX_MESSAGES:,} messages.", param="messages")
    raws = _raw_messages.decode(body).messages
    return tuple(
        _message(message, bytes(raw), f"messages[{i}]", beside)
        for i, (message, raw) in enumerate(zip(messages, raws, strict=True))
    )


def _message(message: Any, raw: bytes, at: str, beside: _Loose) -> Message:
    if not isinstance(message, dict):
        raise InvalidRequest(f"'{at}' must be an object.", param=at)
    where = at + "."
    role = _required(message, "role", str, where)
    if role not in _ROLES:
        known = ", ".join(sorted(_ROLES))
        raise InvalidRequest(f"'{where}role' must be one of {known}.", param=where + "role")
    loose = _Loose(beside.room)
    content = _content(message, where, loose)
    _beside(message, _READ, loose)
    beside.texts.extend(loose.texts)
    calls = _tool_calls(message, where)
    return Message(
        role=role,
        text=content.text,
        raw=raw,
        trusted=_may_be_trusted(role, message, content, calls),
        needs=content.needs,
        unreadable=content.unreadable or loose.unreadable or _holds_files(message),
        tool_calls=calls,
        tool_call_id=_member(message, "tool_call_id", str, where),
        name=_member(message, "name", str, where),
        reasoning=_reasoning(message) if role == "assistant" else (),
    )


def _may_be_trusted(role: str, message: _Members, content: _Content, calls: tuple[ToolCall, ...]) -> bool:
    """Whether the role speaks for itself; an assistant that says more than can be known again does not."""
    if role != "assistant":
        return role not in ("tool", "function")
    called = message.get("tool_calls") or []
    return (
        content.plain
        and _holds_only(message, _SPEECH)
        and all(isinstance(message.get(name) or "", str) for name in _REASONING)
        and len(calls) == len(called)
        and all(map(_is_plain, called))
    )


def _is_plain(call: _Members) -> bool:
    """Whether a call says nothing that its `ToolCall` does not hold."""
    function = call["function"]
    texts = call.get("id") or "", function.get("arguments") or ""
    return (
        _holds_only(call, _CALL)
        and _holds_only(function, _FUNCTION)
        and (call.get("type") or "function") == "function"
        and all(isinstance(text, str) for text in texts)
    )


def _holds_only(members: _Members, names: frozenset[str]) -> bool:
    return not any(value for name, value in members.items() if name not in names)


def _reasoning(message: _Members) -> tuple[str, ...]:
    texts = (message.get(name) for name in _REASONING)
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def _holds_files(members: _Members) -> bool:
    return any(members[name] for name in _FILES.intersection(members))


class _Content(NamedTuple):
    """What a message says: the readable text, what its parts need of a model, whether some part is no text.

    `plain`: nothing stands beside the text.
    """

    text: str
    needs: frozenset[str] = frozenset()
    unreadable: bool = False
    plain: bool = True


def _content(message: _Members, where: str, loose: _Loose) -> _Content:
    content = message.get("content")
    if content is None or isinstance(content, str):
        return _Content(content or "", unreadable=_is_opaque(content or ""))
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise InvalidRequest(
            f"'{where}content' must be a string or a list of content parts.", param=where + "content"
        )
    texts, needs, unreadable, plain = [], set(), False, True
    for i, part in enumerate(content):
        here = f"{where}content[{i}]."
        kind = _required(part, "type", str, here)
        if kind in ("text", "refusal"):
            text = _member(part, kind, str, here) or ""
            texts.append(text)
            read = frozenset({"type", kind})
            plain = plain and kind == "text" and not any(part[name] for name in part.keys() - read)
            unreadable = unreadable or _holds_files(part) or _is_opaque(text)
            _beside(part, read, loose)
        else:
            unreadable, plain = True, False
            needs.add(_PART_NEEDS.get(kind, kind))
            _beside(part, frozenset(), loose)
    return _Content("\n".join(texts), frozenset(needs & {"vision", "audio"}), unreadable, plain)


class _FunctionSpec(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _WireTool(msgspec.Struct):
    function: _FunctionSpec | None = None


def _tool_calls(message: _Members, where: str) -> tuple[ToolCall, ...]:
    calls = _member(message, "tool_calls", list, where) or []
    made = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            made.append(
                ToolCall(str(call.get("id") or ""), function["name"], str(function.get("arguments") or ""))
            )
    return tuple(made)


def _tools(value: _Members) -> tuple[ToolSpec, ...]:
    if value.get("tools") is None:
        return ()
    try:
        tools = msgspec.convert(value["tools"], list[_WireTool])
    except msgspec.ValidationError:
        raise InvalidRequest("'tools' must be a list of tools.", param="tools") from None
    specs = (t.function for t in tools if t.function)
    return tuple(ToolSpec(f.name, f.description or "", f.parameters or {}) for f in specs)


def _metadata(value: _Members) -> dict[str, str]:
    """What conditions may read of it, within OpenAI's bounds: 16 pairs, values of 512 characters."""
    given = _member(value, "metadata", dict) or {}
    pairs = [(k, v) for k, v in given.items() if isinstance(v, str) and len(k) <= 64 and len(v) <= 512]
    return dict(pairs[:16])


def _beside(members: _Members, read: frozenset[str], loose: _Loose) -> None:
    """Whatever could carry text, names and long numbers included, but for members that are read elsewhere."""
    for name, value in members.items():
        if name in read:
            continue
        if name not in _NAMES:
            loose.add(named(name, value))
        if value is None or value is True or value is False:
            continue
        for text in _walk(name, value, loose.room):
            loose.add(text)


def _walk(name: str, value: Any, room: Room) -> Iterator[str]:
    stack = [(name, value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, str):
            yield item
            if name == "arguments":
                yield from _arguments(item, room)
        elif isinstance(item, dict):
            yield from (named(own, each) for own, each in item.items())
            stack.extend(item.items())
        elif isinstance(item, list):
            stack += [(name, each) for each in item if each]
        elif isinstance(item, int | float) and _LONG_NUMBER <= abs(item) < 10**40:
            yield number_text(item)


def _arguments(text: str, room: Room) -> Iterator[str]:
    """The strings in a call's arguments, which are JSON in a string: escapes must not hide what they say."""
    room.take(outline(text.encode("utf-8", "replace")).values)
    try:
        value = _any.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return
    if not isinstance(value, str):
        yield from _walk("", value, room)
