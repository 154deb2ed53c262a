"""A caller's headers that go along: trace context, what is of its API, and what the policy names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from gateway.errors import InvalidRequest
from gateway.interfaces import FindText
from gateway.types import Api, ChatRequest

LONGEST = 1000  # bytes of a value: of so few, even letters without sense can be read as a name
LONGEST_STATE = 512  # W3C Trace Context, section 3.3.1.5: no less has to be passed on
_PARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")  # section 3.2
_ENCODED = ";base64,"  # in a data URL, whose content nobody reads
_PRINTABLE = re.compile(rb"[\x20-\x7e]+")
_OF_API: Mapping[Api, tuple[bytes, ...]] = {
    Api.MESSAGES: (b"anthropic-beta", b"anthropic-version"),
    Api.COUNT: (b"anthropic-beta", b"anthropic-version"),
    Api.RESPONSES: (b"openai-beta",),
}


def forwarding(
    request: ChatRequest, headers: Mapping[bytes, bytes], named: Collection[bytes], find: FindText
) -> ChatRequest:
    """The request with what may go along; the `named` ones are read like its other text.

    A trace context that is not as W3C has it is left behind, and a trace state in which `find` finds
    something.

    Raises:
        InvalidRequest: a header that would go along is too long, or holds more than plain ASCII.
    """
    wanted = (*_OF_API.get(request.api, ()), *named)
    parent = headers.get(b"traceparent")
    told = (
        {name.decode(): _value(name, headers[name]) for name in wanted if headers.get(name)} if wanted else {}
    )
    if parent is None and not told:
        return request
    trace = dict(_trace(parent or b"", headers.get(b"tracestate", b""), find))
    texts = (f"{name}: {value}" for name, value in told.items())
    return replace(
        request,
        forwarded={**trace, **told},
        other_text="\n".join(text for text in (request.other_text, *texts) if text),
        unreadable=request.unreadable or any(_ENCODED in value.lower() for value in told.values()),
    )


def _trace(parent: bytes, state: bytes, find: FindText) -> Iterator[tuple[str, str]]:
    if not _PARENT.fullmatch(parent):
        return
    yield "traceparent", parent.decode()
    if len(state) <= LONGEST_STATE and _PRINTABLE.fullmatch(state) and not find(state.decode()):
        yield "tracestate", state.decode()


def _value(name: bytes, value: bytes) -> str:
    if len(value) > LONGEST or not _PRINTABLE.fullmatch(value):
        raise InvalidRequest(
            f"The header '{name.decode()}' must be plain ASCII, of {LONGEST:,} bytes at most."
        )
    return value.decode()
