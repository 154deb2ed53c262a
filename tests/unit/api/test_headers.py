"""The headers that tell how a request was served."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.accounting.exchange import Exchange
from gateway.api.headers import response_headers
from gateway.policy.schema import Policy
from gateway.types import Passage, Retrieved, ToolUsed


def headers(*notes: Retrieved | ToolUsed) -> dict[bytes, bytes]:
    exchange = Exchange("id-1", started=0.0, at=0.0, policy=Policy("rev", {}, ()))
    for note in notes:
        exchange.note(note)
    return dict(response_headers(exchange))


def found(*sources: str) -> Retrieved:
    return Retrieved(("h",), tuple(Passage("x", source, "", "h", 0.5) for source in sources), (0.0,))


def test_a_reply_names_the_policy() -> None:
    told = headers()
    assert told[b"x-pointsman-policy"] == b"rev"
    assert not {b"x-pointsman-sources", b"x-pointsman-held-back", b"x-pointsman-task"} & set(told)


def test_each_source_is_named_once() -> None:
    named = headers(found("a.md", "b,c.md", "a.md", "d\n.md"))[b"x-pointsman-sources"]
    assert named == b"a.md, b%2Cc.md"


def test_each_tool_that_was_held_back_is_named_once() -> None:
    uses = [
        ToolUsed("shop", tool, status, 0.0)
        for tool, status in (
            ("look", "ok"),
            ("cancel", "held_back"),
            ("refund", "refused"),
            ("cancel", "held_back"),
            ("pay", "held_back"),
        )
    ]
    assert headers(*uses)[b"x-pointsman-held-back"] == b"cancel, pay"
    assert b"x-pointsman-held-back" not in headers(uses[0], uses[2])


def test_names_are_bounded() -> None:
    named = headers(*(ToolUsed("shop", f"tool-{n}", "held_back", 0.0) for n in range(100)))
    assert named[b"x-pointsman-held-back"].count(b",") == 7


@pytest.mark.parametrize(
    ("cost", "said"),
    [("0", b"0"), ("0.0", b"0"), ("0.00012300", b"0.000123"), ("100.0", b"100"), ("0.0000001", b"0.0000001")],
)
def test_a_cost_is_written_one_way(cost: str, said: bytes) -> None:
    exchange = Exchange("id-1", started=0.0, at=0.0, policy=Policy("rev", {}, ()), cost_usd=Decimal(cost))
    assert dict(response_headers(exchange))[b"x-pointsman-cost-usd"] == said
