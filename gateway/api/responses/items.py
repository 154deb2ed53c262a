"""Reads the items of a response's input, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.api.chat_message import holds_files, holds_only
from gateway.api.content import take_content
from gateway.api.elsewhere import points_elsewhere
from gateway.api.loose import beside
from gateway.api.members import Members, member, required
from gateway.api.responses.said import Said, Spoken
from gateway.errors import InvalidRequest
from gateway.types import ToolCall

_ROLES: Final = ("user", "assistant", "system", "developer")
_ABOUT: Final = frozenset({"type", "id", "status"})  # of an item: no words of it
_MESSAGE: Final = _ABOUT | {"role", "content", "phase"}
_CALL: Final = _ABOUT | {"call_id", "name", "arguments"}
_REASONING: Final = _ABOUT | {"summary", "content", "encrypted_content"}
# Items that say themselves, beside those that have a reader; one of any other type says who knows what.
_TOLD: Final = frozenset(
    (
        *("web_search_call", "file_search_call", "code_interpreter_call", "computer_call", "compaction"),
        *("custom_tool_call", "local_shell_call", "local_shell_call_output", "shell_call"),
        *("shell_call_output", "apply_patch_call", "apply_patch_call_output", "mcp_list_tools", "mcp_call"),
        *("mcp_approval_request", "mcp_approval_response"),
    )
)
_TEXT: Final = frozenset({"type", "text"})
_ROUTED: Final = frozenset({"type", "role", "content"})


def read_item(item: Any, raw: bytes, at: str, said: Said) -> None:
    """Takes up an item that stands at `at`; `raw` is its JSON.

    Raises:
        InvalidRequest: it is no object, or lacks what it is known by.
    """
    if not isinstance(item, dict):
        raise InvalidRequest(f"'{at}' must be an object.", param=at)
    where = at + "."
    kind = member(item, "type", str, where) or ("message" if "role" in item else "")
    if not kind:
        raise InvalidRequest(f"'{where}type' is required.", param=where + "type")
    _KINDS.get(kind, _other)(item, raw, where, said)
    said.aside.unreadable = said.aside.unreadable or points_elsewhere(item)


def _message(item: Members, raw: bytes, where: str, said: Said) -> None:
    role = required(item, "role", str, where)
    if role not in _ROLES:
        raise InvalidRequest(f"'{where}role' must be one of {', '.join(_ROLES)}.", param=where + "role")
    content = Spoken(said.loose())
    given = item.get("content")
    if given is not None:
        read_content(given, where + "content", content)
    beside(item, _ROUTED, content.loose)
    content.plain = content.plain and holds_only(item, _MESSAGE)
    content.hidden = content.hidden or holds_files(item)
    said.message(role, content, raw, easy=not isinstance(given, list))


def _reasoning(item: Members, raw: bytes, where: str, said: Said) -> None:
    loose, texts, plain = said.loose(), list[str](), holds_only(item, _REASONING)
    for name, kind in (("summary", "summary_text"), ("content", "reasoning_text")):
        for part in member(item, name, list, where) or []:
            text = part.get("text") if isinstance(part, dict) else None
            plain = plain and isinstance(text, str) and part.get("type") == kind and holds_only(part, _TEXT)
            texts += [text] if isinstance(text, str) else []
    sealed = item.get("encrypted_content")
    kept = loose.seal(sealed)
    beside(item, frozenset({"type", "encrypted_content"} if kept else {"type"}), loose)
    said.thought(texts, loose, plain and (kept or not sealed), raw)


def _function_call(item: Members, raw: bytes, where: str, said: Said) -> None:
    loose = said.loose()
    beside(item, frozenset({"type"}), loose)
    call = ToolCall(
        required(item, "call_id", str, where),
        required(item, "name", str, where),
        member(item, "arguments", str, where) or "",
    )
    said.call(call, loose, holds_only(item, _CALL), raw)


def _function_call_output(item: Members, raw: bytes, where: str, said: Said) -> None:
    said.result(required(item, "call_id", str, where), _output(item, where, said), raw)


def _custom_tool_call_output(item: Members, raw: bytes, where: str, said: Said) -> None:
    content = _output(item, where, said)
    content.lacks("an item of type", item["type"])
    said.result(required(item, "call_id", str, where), content, raw)


def _output(item: Members, where: str, said: Said) -> Spoken:
    """What a tool gave; chat completions have no place for a file there."""
    content = Spoken(said.loose())
    if item.get("output") is not None:
        read_content(item["output"], where + "output", content)
    beside(item, frozenset({"type", "output"}), content.loose)
    if any(part["type"] != "text" for part in content.parts):
        content.lacks("a file in the output of a tool")
    content.hidden = content.hidden or holds_files(item)
    return content


def _other(item: Members, raw: bytes, where: str, said: Said) -> None:
    loose = said.loose()
    sealed = loose.seal(item.get("encrypted_content"))
    beside(item, frozenset({"encrypted_content"} if sealed else ()), loose)
    said.other(item["type"], loose, item["type"] not in _TOLD or holds_files(item), raw)


_KINDS: Final[Mapping[str, Callable[[Members, bytes, str, Said], None]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "function_call_output": _function_call_output,
    "custom_tool_call_output": _custom_tool_call_output,
}


def read_content(given: Any, at: str, content: Spoken) -> None:
    """Takes up a text, or content parts. Raises InvalidRequest."""
    take_content(given, at, content, _PARTS, _unknown, "content parts")


def _text(part: Members, where: str, content: Spoken) -> None:
    content.say(member(part, "text", str, where) or "")
    _extras(part, _TEXT, content)


def _refusal(part: Members, where: str, content: Spoken) -> None:
    content.refuse(member(part, "refusal", str, where) or "")
    _extras(part, frozenset({"type", "refusal"}), content)


def _image(part: Members, where: str, content: Spoken) -> None:
    url = member(part, "image_url", str, where)
    if url:
        detail = member(part, "detail", str, where)
        image = {"url": url, "detail": detail} if detail else {"url": url}
        content.show({"type": "image_url", "image_url": image}, "vision")
    else:
        content.hide()
        content.needs.add("vision")
        content.lacks("an image by its file_id")
    _extras(part, frozenset({"type"}), content)


def _file(part: Members, where: str, content: Spoken) -> None:
    """A file by its URL is none of chat completions."""
    if member(part, "file_url", str, where):
        content.hide()
        content.lacks("a file by its URL")
    else:
        names = ("file_data", "file_id", "filename")
        named = {name: member(part, name, str, where) for name in names}
        content.show({"type": "file", "file": {name: value for name, value in named.items() if value}})
    _extras(part, frozenset({"type"}), content)


def _audio(part: Members, where: str, content: Spoken) -> None:
    audio = required(part, "input_audio", dict, where)
    content.show({"type": "input_audio", "input_audio": audio}, "audio")
    _extras(part, frozenset({"type"}), content)


def _unknown(part: Members, where: str, content: Spoken) -> None:
    content.hide()
    content.lacks("a content part of type", part["type"])
    beside(part, frozenset(), content.loose)


_PARTS: Final[Mapping[str, Callable[[Members, str, Spoken], None]]] = {
    **dict.fromkeys(("input_text", "output_text", "text"), _text),
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}


def _extras(part: Members, read: frozenset[str], content: Spoken) -> None:
    """Reads the members that are not `read` yet, which make it less than plain."""
    beside(part, read, content.loose)
    content.hidden = content.hidden or holds_files(part)
    content.plain = content.plain and holds_only(part, read)


def read_instructions(given: Any, said: Said) -> None:
    """The member `instructions`. Raises InvalidRequest where it is no text."""
    if not isinstance(given, str):
        raise InvalidRequest("'instructions' must be a string.", param="instructions")
    if given:
        said.system(given)
