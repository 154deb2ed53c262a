"""One message of chat completions as content blocks of Anthropic's Messages API."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.backends.anthropic.unsaid import Unsaid

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST = 64  # characters of a caller's word in an error
Block = dict[str, Any]
Members = Mapping[str, Any]


def content_blocks(content: Any, where: str) -> list[Block]:
    """The blocks for a message's `content`; text without anything in it is refused there, and left out.

    Raises:
        Unsaid: a part has no counterpart; `where` is the path of the message.
    """
    if isinstance(content, str):
        return _text(content)
    blocks: list[Block] = []
    for i, part in enumerate(content if isinstance(content, list) else ()):
        made = _part(part, f"{where}.content[{i}]")
        mark = part.get("cache_control")
        blocks += [{**block, "cache_control": mark} for block in made] if isinstance(mark, dict) else made
    return blocks


def _text(text: Any) -> list[Block]:
    return [{"type": "text", "text": text}] if isinstance(text, str) and text.strip() else []


def _part(part: Members, where: str) -> list[Block]:
    match part.get("type"):
        case "text" | "refusal" as kind:
            return _text(part.get(kind))
        case "image_url":
            image = part.get("image_url")
            return [_linked(image.get("url") if isinstance(image, dict) else image, where)]
        case "file":
            return [_file(part.get("file"), where)]
        case kind:
            word = str(kind)[:_LONGEST]
            raise Unsaid(where, f"'{where}' is a part of type '{word}', of which this API has none")


def _linked(url: Any, where: str) -> Block:
    """An image by its address, or as a data URL."""
    if not isinstance(url, str):
        raise Unsaid(where, f"'{where}' has no address of an image")
    if url[:5].lower() == "data:":
        return _held(url, where)
    if url[:8].lower().startswith(("https://", "http://")):
        return {"type": "image", "source": {"type": "url", "url": url}}
    raise Unsaid(where, f"'{where}' is at an address that is neither http(s) nor a data URL")


def _held(url: str, where: str) -> Block:
    """An image or a document that a data URL holds."""
    head = _DATA_URL.match(url)
    media = (head[1] or "text/plain").lower() if head else ""
    if head is None or not head[3]:
        raise Unsaid(where, f"'{where}' is a data URL without base64")
    data = url[head.end() :]
    if media.startswith("image/"):
        return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}
    if media == "application/pdf":
        return {"type": "document", "source": {"type": "base64", "media_type": media, "data": data}}
    if media.startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": _plain(data, where)}
        return {"type": "document", "source": source}
    raise Unsaid(where, f"'{where}' holds {media}, of which this API takes no files")


def _plain(data: str, where: str) -> str:
    try:
        return b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unsaid(where, f"'{where}' holds text that is not UTF-8 in base64") from None


def _file(file: Any, where: str) -> Block:
    given = file if isinstance(file, dict) else {}
    data = given.get("file_data")
    if not isinstance(data, str) or not data:
        raise Unsaid(where, f"'{where}' names a file that another provider holds")
    if data[:5].lower() != "data:":
        data = "data:application/pdf;base64," + data
    block, name = _held(data, where), given.get("filename")
    if block["type"] == "document" and isinstance(name, str) and name:
        return {**block, "title": name}
    return block


def call_blocks(calls: Any, where: str) -> list[Block]:
    """The blocks for an assistant message's `tool_calls`.

    Raises:
        Unsaid: one calls something else than a function.
    """
    blocks = []
    for i, call in enumerate(calls if isinstance(calls, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            here = f"{where}.tool_calls[{i}]"
            raise Unsaid(here, f"'{here}' calls something else than a function")
        blocks.append(
            {
                "type": "tool_use",
                "id": call_id(call.get("id")),
                "name": str(function.get("name") or ""),
                "input": arguments(function.get("arguments")),
            }
        )
    return blocks


def arguments(text: Any) -> dict[str, Any]:
    """A call's arguments: an object, whatever the model that called wrote."""
    if not isinstance(text, str) or not text.strip():
        return text if isinstance(text, dict) else {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {"arguments": text}
    return value if isinstance(value, dict) else {"arguments": value}


def call_id(given: Any) -> str:
    """A call's id in the characters that are taken there, always the same for the same."""
    return _NOT_IN_AN_ID.sub("_", str(given or "")) or "call"


def result_block(message: Members, where: str) -> Block:
    """The block for a tool's message. Raises Unsaid as `content_blocks`."""
    block: Block = {"type": "tool_result", "tool_use_id": call_id(message.get("tool_call_id"))}
    content = message.get("content")
    if isinstance(content, list):
        return {**block, "content": content_blocks(content, where)}
    return {**block, "content": content if isinstance(content, str) else ""}
