"""One message of a chat completions body: what can be read of it, and what cannot."""

from __future__ import annotations

from typing import Any, NamedTuple

from gateway.api.elsewhere import FILES
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, required
from gateway.api.opaque import is_opaque
from gateway.errors import InvalidRequest
from gateway.types import Message, ToolCall

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_READ = frozenset({"role", "content"})
_PART_NEEDS = {"image_url": "vision", "input_audio": "audio", "audio": "audio"}
# Of an assistant message, what is known again; of a call in it too.
_REASONING = ("reasoning_content", "reasoning")
_SPEECH = frozenset({"role", "content", "tool_calls", *_REASONING})
_CALL = frozenset({"id", "type", "function"})
_FUNCTION = frozenset({"name", "arguments"})


def message_of(given: Any, raw: bytes, at: str, aside: Loose) -> Message:
    """The message that stands at `at`; `aside` takes the strings beside what a model reads as its text.

    Raises:
        InvalidRequest: it is no object, or a member that routing needs is missing or wrong.
    """
    if not isinstance(given, dict):
        raise InvalidRequest(f"'{at}' must be an object.", param=at)
    role, text = given.get("role"), given.get("content")
    if len(given) == len(_READ) and isinstance(text, str) and isinstance(role, str) and role in _ROLES:
        return Message(role, text, raw, trusted=_speaks_for_itself(role), unreadable=is_opaque(text))
    return _with_more(given, raw, at + ".", aside)


def _with_more(given: Members, raw: bytes, where: str, aside: Loose) -> Message:
    """A message that is not a role and a text alone."""
    role = required(given, "role", str, where)
    if role not in _ROLES:
        known = ", ".join(sorted(_ROLES))
        raise InvalidRequest(f"'{where}role' must be one of {known}.", param=where + "role")
    loose = Loose(aside.room)
    content = _content(given, where, loose)
    beside(given, _READ, loose)
    aside.take(loose)
    calls = _tool_calls(given, where)
    return Message(
        role=role,
        text=content.text,
        raw=raw,
        trusted=_may_be_trusted(role, given, content, calls),
        needs=content.needs,
        unreadable=content.unreadable or loose.unreadable or holds_files(given),
        tool_calls=calls,
        tool_call_id=member(given, "tool_call_id", str, where),
        name=member(given, "name", str, where),
        reasoning=_reasoning(given) if role == "assistant" else (),
    )


def _may_be_trusted(role: str, message: Members, content: _Content, calls: tuple[ToolCall, ...]) -> bool:
    """Whether the role speaks for itself; an assistant that says more than can be known again does not."""
    if role != "assistant":
        return _speaks_for_itself(role)
    called = message.get("tool_calls") or []
    return (
        content.plain
        and holds_only(message, _SPEECH)
        and all(isinstance(message.get(name) or "", str) for name in _REASONING)
        and len(calls) == len(called)
        and all(map(_is_plain, called))
    )


def _speaks_for_itself(role: str) -> bool:
    return role not in ("tool", "function")


def _is_plain(call: Members) -> bool:
    """Whether a call says nothing that its `ToolCall` does not hold."""
    function = call["function"]
    texts = call.get("id") or "", function.get("arguments") or ""
    return (
        holds_only(call, _CALL)
        and holds_only(function, _FUNCTION)
        and (call.get("type") or "function") == "function"
        and all(isinstance(text, str) for text in texts)
    )


def holds_only(members: Members, names: frozenset[str]) -> bool:
    """Whether none but these members says anything."""
    return not any(value for name, value in members.items() if name not in names)


def _reasoning(message: Members) -> tuple[str, ...]:
    texts = (message.get(name) for name in _REASONING)
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def holds_files(members: Members) -> bool:
    return any(members[name] for name in FILES.intersection(members))


class _Content(NamedTuple):
    """What a message says: the readable text, what its parts need of a model, whether some part is no text.

    `plain`: nothing stands beside the text.
    """

    text: str
    needs: frozenset[str] = frozenset()
    unreadable: bool = False
    plain: bool = True


def _content(message: Members, where: str, loose: Loose) -> _Content:
    content = message.get("content")
    if content is None or isinstance(content, str):
        return _Content(content or "", unreadable=is_opaque(content or ""))
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise InvalidRequest(
            f"'{where}content' must be a string or a list of content parts.", param=where + "content"
        )
    texts, needs, unreadable, plain = [], set(), False, True
    for i, part in enumerate(content):
        here = f"{where}content[{i}]."
        kind = required(part, "type", str, here)
        if kind in ("text", "refusal"):
            text = member(part, kind, str, here) or ""
            texts.append(text)
            read = frozenset({"type", kind})
            plain = plain and kind == "text" and not any(part[name] for name in part.keys() - read)
            unreadable = unreadable or holds_files(part) or is_opaque(text)
            beside(part, read, loose)
        else:
            unreadable, plain = True, False
            needs.add(_PART_NEEDS.get(kind, kind))
            beside(part, frozenset(), loose)
    return _Content("\n".join(texts), frozenset(needs & {"vision", "audio"}), unreadable, plain)


def _tool_calls(message: Members, where: str) -> tuple[ToolCall, ...]:
    calls = member(message, "tool_calls", list, where) or []
    made = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            made.append(
                ToolCall(str(call.get("id") or ""), function["name"], str(function.get("arguments") or ""))
            )
    return tuple(made)
