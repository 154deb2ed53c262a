"""Ids of tool calls: which of them were drawn at random."""

from __future__ import annotations

import re

from gateway.types import ToolCall

_RUN = re.compile(r"[A-Za-z0-9]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIFFERENT = 8  # characters at least; sixteen random hexadecimal digits have ten of them


def is_drawn(call: ToolCall) -> bool:
    """Whether a call's id looks drawn at random, so that no other conversation has it.

    OpenAI, Anthropic, vLLM and others draw 16 characters or more. Some count (`call_0`), some make the id of
    the tool's name (`functions.NAME:0`), of the time or of nothing: so its name is left out, and a run of 16
    must hold letters, digits, and many different ones. Nine random characters, as of Mistral, are not told
    from a word and a number.
    """
    rest = call.id.replace(call.name, " ") if call.name else call.id
    return any(
        len(set(run)) >= _DIFFERENT and any(map(str.isdigit, run)) and any(map(str.isalpha, run))
        for run in _RUN.findall(rest)
    )
