"""Puts a tool's result in a sentence: by the policy's template, or by naming its fields. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gateway.backends.local.template import filled, in_words
from gateway.types import ToolResult, ToolSpec

MAX_TEXT = 1_500  # characters of a result without fields
# The words that the SDK's servers put before a tool's own.
_SDK_WORDS = re.compile(r"^Error executing tool [\w.-]+:\s*")


def said(tool: ToolSpec, result: ToolResult) -> str:
    """A result in words; a failure is said as one."""
    text = result.text.strip()
    if result.is_error:
        return _failure(_SDK_WORDS.sub("", text))
    fields = fields_of(result)
    if fields is None:
        return text[:MAX_TEXT] or "Done."
    return (filled(tool.reply, fields) if tool.reply else None) or listed(fields)


def fields_of(result: ToolResult) -> Mapping[str, Any] | None:
    """A result's fields: as the server gave them, or read from a text that is a JSON object."""
    if result.structured is not None:
        return result.structured
    try:
        value = json.loads(result.text)
    except ValueError:
        return None
    if isinstance(value, Mapping):
        return value
    return {"result": value} if isinstance(value, list) else None


def listed(fields: Mapping[str, Any]) -> str:
    """`status: shipped, carrier: Northway Post`: every field that says something."""
    alone = fields["result"] if set(fields) == {"result"} else fields
    words = in_words(alone)
    return (words[1:-1] if isinstance(alone, Mapping) else words) + "."


def _failure(why: str) -> str:
    first = why.splitlines()[0][:300].rstrip(".") if why else "the tool gave no reason"
    return f"That did not work: {first[0].lower() + first[1:] if _starts_plain(first) else first}."


def _starts_plain(text: str) -> bool:
    """Whether the first word is an ordinary one: `There is no …`, not `HTTP 500`."""
    return len(text) > 1 and text[0].isupper() and text[1:2].islower() and text.split()[0].isalpha()
