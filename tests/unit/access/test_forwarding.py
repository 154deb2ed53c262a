"""Which of a caller's headers go along with its request."""

from __future__ import annotations

import pytest

from gateway.access.forwarding import LONGEST, forwarding
from gateway.api.wire import chat_request
from gateway.classify.detect import Detector
from gateway.errors import InvalidRequest
from gateway.types import Api, ChatRequest, Sent

FIND = Detector().find
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"


def request(api: Api = Api.CHAT) -> ChatRequest:
    body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
    read = chat_request(body)
    return ChatRequest(
        read.model, read.messages, read.fields, sent=Sent(api, body, read.messages, read.fields)
    )


def carried(headers: dict[str, str], *named: str, api: Api = Api.CHAT) -> ChatRequest:
    sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    return forwarding(request(api), sent, [name.encode() for name in named], FIND)


def test_a_request_without_any_is_the_same_object() -> None:
    plain = request()
    assert forwarding(plain, {b"authorization": b"Bearer x", b"cookie": b"a=b"}, [b"x-tenant"], FIND) is plain


def test_the_trace_context_goes_along_unread() -> None:
    got = carried({"traceparent": PARENT, "tracestate": STATE})
    assert got.forwarded == {"traceparent": PARENT, "tracestate": STATE}
    assert got.other_text == ""


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00",
        PARENT.upper(),
        PARENT + "-x",
        PARENT + ", " + PARENT,
        "ff" + PARENT[2:],
        "01" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
        PARENT.replace("0af7", "0ag7"),
    ],
)
def test_a_trace_that_is_not_as_w3c_has_it_stays_behind_with_its_state(parent: str) -> None:
    assert carried({"traceparent": parent, "tracestate": STATE}).forwarded == {}


@pytest.mark.parametrize("state", ["a=" + "b" * 600, "a=\xe4", "mail=mary.smith@example.com"])
def test_a_state_that_is_odd_or_in_which_something_is_found_stays_behind_alone(state: str) -> None:
    assert carried({"traceparent": PARENT, "tracestate": state}).forwarded == {"traceparent": PARENT}


def test_a_named_header_goes_along_and_is_read_like_other_text() -> None:
    got = carried({"x-tenant": "acme", "x-other": "no"}, "x-tenant", "x-absent")
    assert got.forwarded == {"x-tenant": "acme"}
    assert got.other_text == "x-tenant: acme"


def test_what_belongs_to_an_api_goes_along_in_it_alone() -> None:
    headers = {
        "anthropic-beta": "files-api-2025-04-14",
        "anthropic-version": "2023-06-01",
        "openai-beta": "x=1",
    }
    assert carried(headers).forwarded == {}
    assert set(carried(headers, api=Api.MESSAGES).forwarded) == {"anthropic-beta", "anthropic-version"}
    assert set(carried(headers, api=Api.COUNT).forwarded) == {"anthropic-beta", "anthropic-version"}
    assert set(carried(headers, api=Api.RESPONSES).forwarded) == {"openai-beta"}


def test_a_data_url_in_a_header_cannot_be_read() -> None:
    assert carried({"x-tenant": "data:text/plain;BASE64,c2VjcmV0"}, "x-tenant").unreadable
    assert not carried({"x-tenant": "acme"}, "x-tenant").unreadable


@pytest.mark.parametrize("value", ["x" * (LONGEST + 1), "a\r\nb: c", "a\0b", "m\xfcnchen", "a\tb"])
def test_a_value_that_is_too_long_or_no_plain_text_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest, match="'x-tenant' must be plain ASCII"):
        carried({"x-tenant": value}, "x-tenant")
