"""Reads one message of a Messages body, block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from gateway.api.chat_message import holds_files, holds_only
from gateway.api.content import Part, take_content
from gateway.api.loose import Loose, beside
from gateway.api.members import Members, member, required
from gateway.api.messages.said import Said
from gateway.api.opaque import is_base64
from gateway.errors import InvalidRequest
from gateway.types import Message, ToolCall

_ROLES: Final = ("user", "assistant", "system")
_READ: Final = frozenset({"role", "content"})
_CACHING: Final = ({"type": "ephemeral"}, *({"type": "ephemeral", "ttl": ttl} for ttl in ("5m", "1h")))
_DIRECT: Final = {"type": "direct"}  # a call that the model makes itself, not by code
_SOURCES: Final = ("base64", "url", "file", "text", "content")
_ABOUT: Final = ("title", "source", "context")  # of a document
_json = msgspec.json.Encoder()


def messages_of(given: Any, raw: bytes, at: str, aside: Loose) -> tuple[list[Message], str]:
    """The messages that say what the one at `at` says, at least one; and what they cannot say.

    `aside` takes the strings beside what a model reads as text.

    Raises:
        InvalidRequest: it is no message, or a block lacks what it is known by.
    """
    if not isinstance(given, dict):
        raise InvalidRequest(f"'{at}' must be an object.", param=at)
    role = required(given, "role", str, at + ".")
    if role not in _ROLES:
        raise InvalidRequest(f"'{at}.role' must be one of {', '.join(_ROLES)}.", param=at + ".role")
    said = Said(Loose(aside.room))
    beside(given, _READ, said.loose)
    said.plain, said.hidden = holds_only(given, _READ), holds_files(given)
    read_content(given.get("content"), f"{at}.content", said)
    first, *rest = said.messages(role)
    aside.take(said.loose)
    return [replace(first, native=raw), *(replace(message, native=b"") for message in rest)], said.only


def read_content(content: Any, at: str, said: Said) -> None:
    """Takes up a text, or content blocks. Raises InvalidRequest."""
    take_content(content, at, said, _KINDS, _unknown, "content blocks")


def _text(block: Members, where: str, said: Said) -> None:
    said.say(member(block, "text", str, where) or "")
    _extras(block, frozenset({"type", "text"}), said)


def _image(block: Members, where: str, said: Said) -> None:
    source = _source(block, where, said)
    kind = source.get("type")
    if kind in ("base64", "url"):
        url = _data_url(source) if kind == "base64" else str(source.get("url") or "")
        said.show({"type": "image_url", "image_url": {"url": url}}, "vision")
    else:
        said.hide()
        said.lacks("an image by", kind)


def _document(block: Members, where: str, said: Said) -> None:
    """A text is said as one; a PDF is a file of chat completions."""
    source = member(block, "source", dict, where) or {}
    kind = source.get("type")
    if kind in ("text", "content"):
        _quoted(block, source, "data" if kind == "text" else "content", where + "source.", said)
        return
    _source(block, where, said)
    if kind == "base64":
        said.show(_file(block, source))
    else:
        said.hide()
        said.lacks("a document by", kind)
    _cited(block, said)


def _search_result(block: Members, where: str, said: Said) -> None:
    _quoted(block, block, "content", where, said)


def _quoted(block: Members, holder: Members, name: str, where: str, said: Said) -> None:
    """Text from somewhere, which `name` in `holder` is, after what the block says of it."""
    about = [key for key in _ABOUT if isinstance(block.get(key), str)]
    if about:
        said.say("\n".join(block[key] for key in about))
    read_content(holder.get(name), where + name, said)
    if holder is not block:
        beside(holder, frozenset({"type", name}), said.loose)
        about.append("source")
    else:
        about.append(name)
    beside(block, frozenset({"type", *about}), said.loose)
    _cited(block, said)
    said.plain = False


def _cited(block: Members, said: Said) -> None:
    citations = block.get("citations")
    if isinstance(citations, dict) and citations.get("enabled"):
        said.lacks("the citing of documents")


def _source(block: Members, where: str, said: Said) -> Members:
    """Where a file comes from; its bytes are not read."""
    source = member(block, "source", dict, where) or {}
    data, read = source.get("data"), set[str]()
    if isinstance(data, str) and is_base64(data):
        read.add("data")
    if source.get("type") in _SOURCES:
        read.add("type")
    beside(source, frozenset(read), said.loose)
    _extras(block, frozenset({"type", "source"}), said)
    return source


def _data_url(source: Members) -> str:
    return f"data:{source.get('media_type') or ''};base64,{source.get('data') or ''}"


def _file(block: Members, source: Members) -> Part:
    name = str(block.get("title") or "document.pdf")
    return {"type": "file", "file": {"filename": name, "file_data": _data_url(source)}}


def _thinking(block: Members, where: str, said: Said) -> None:
    said.thoughts.append(member(block, "thinking", str, where) or "")
    said.signed = said.signed or bool(block.get("signature"))
    sealed = _sealed(block, "signature", said)
    _extras(block, frozenset({"type", *sealed}), said, frozenset({"thinking", "signature"}))


def _redacted(block: Members, where: str, said: Said) -> None:
    said.signed = True
    _extras(block, frozenset({"type", *_sealed(block, "data", said)}), said, frozenset({"data"}))


def _sealed(members: Members, name: str, said: Said) -> tuple[str, ...]:
    """The name, where it holds what only an upstream can read: readable, or no loop of thinking would be.

    What has a shape is looked for in it.
    """
    return (name,) if said.loose.seal(members.get(name)) else ()


def _tool_use(block: Members, where: str, said: Said) -> None:
    id_, name = required(block, "id", str, where), required(block, "name", str, where)
    arguments = _json.encode(member(block, "input", dict, where) or {}).decode()
    said.calls.append(ToolCall(id_, name, arguments))
    direct = {"caller"} if block.get("caller") == _DIRECT else set()
    _extras(block, frozenset({"type"}), said, frozenset({"id", "name", "input", *direct}))


def _tool_result(block: Members, where: str, said: Said) -> None:
    call = required(block, "tool_use_id", str, where)
    inner = Said(said.loose)
    if block.get("content") is not None:
        read_content(block["content"], where + "content", inner)
    _extras(block, frozenset({"type", "content"}), inner)
    said.result(call, inner, failed=bool(member(block, "is_error", bool, where)))


def _unknown(block: Members, where: str, said: Said) -> None:
    said.hide()
    beside(block, frozenset(), said.loose)
    said.lacks("a block of type", block["type"])


def _extras(block: Members, read: frozenset[str], said: Said, known: frozenset[str] = frozenset()) -> None:
    """Reads the members that are not `read` yet; one that is not `known` either makes it less than plain."""
    beside(block, read, said.loose)
    said.hidden = said.hidden or holds_files(block)
    extra = any(block[name] for name in block.keys() - read - known - {"cache_control"})
    caching = block.get("cache_control")
    said.plain = said.plain and not extra and (caching is None or caching in _CACHING)


_KINDS: Final[Mapping[str, Callable[[Members, str, Said], None]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
