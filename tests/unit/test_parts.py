"""What is built for a policy."""

from __future__ import annotations

from pathlib import Path

from gateway.accounting.metrics import Metrics
from gateway.parts import PartsBuilder
from gateway.policy.schema import Knowledge, Model, Policy, ToolSource
from gateway.settings import Settings


def policy(*, disabled: bool) -> Policy:
    return Policy(
        "rev",
        {"small": Model("small", "openai-compatible", "m", base_url="http://127.0.0.1:1/v1")},
        (),
        knowledge={"book": Knowledge("book", ("*.md",), disabled=disabled)},
        tools={"shop": ToolSource("shop", url="http://127.0.0.1:1/mcp", disabled=disabled)},
    )


def builder(folder: Path) -> PartsBuilder:
    return PartsBuilder(Settings(folder, folder / "data", folder), Metrics("1"))


def test_what_is_disabled_is_neither_built_nor_started(tmp_path: Path) -> None:
    assert set(builder(tmp_path).build(policy(disabled=True), None).all()) == {"model small"}


def test_what_has_not_changed_is_taken_over_by_the_next_policy(tmp_path: Path) -> None:
    maker = builder(tmp_path)
    before = maker.build(policy(disabled=False), None)
    after = maker.build(policy(disabled=False), before)
    assert {name: id(part) for name, part in before.all().items()} == {
        name: id(part) for name, part in after.all().items()
    }


def test_a_command_is_not_started_where_that_was_not_allowed(tmp_path: Path) -> None:
    tools = {"clock": ToolSource("clock", command=("python", "-m", "gateway.demo.clock"))}
    parts = builder(tmp_path).build(Policy("rev", {}, (), tools=tools), None)
    assert "--allow-stdio" in parts.states()["tools clock"]
