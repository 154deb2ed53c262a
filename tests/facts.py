"""Facts of a request for tests of the policy, everything unsaid being plain."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.policy.evaluate import Facts
from gateway.types import Caller, Finding, Freshness, Guess, Label, Signals, Task

ANYONE = Caller("anyone", clearance=Label.RESTRICTED)


def facts(
    task: Task | None = Task.CHIT_CHAT,
    freshness: Freshness | None = Freshness.STATIC,
    label: Label = Label.PUBLIC,
    *,
    caller: Caller = ANYONE,
    model: str = "auto",
    findings: tuple[Finding, ...] = (),
    knowledge: Mapping[str, float] | None = None,
    metadata: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    language: str = "en",
    sticky: str = "",
    embeds: bool = False,
) -> Facts:
    """None for an axis is unsure."""
    signals = Signals(
        task=Guess(task or Task.CODING, 0.9, task is None, {(task or Task.CODING).value: 0.9}),
        freshness=Guess(Freshness(freshness or 0), 0.9, freshness is None, {"static": 0.9}),
        sensitivity=Guess(label, 0.9, False, {label.word: 0.9}),
        findings=findings,
        language=language,
        input_tokens=100,
        unreadable=False,
        needs=frozenset(),
        knowledge=knowledge or {},
    )
    return Facts(
        signals,
        caller,
        model,
        label,
        metadata=metadata or {},
        headers=headers or {},
        sticky=sticky,
        embeds=embeds,
    )


def credential() -> Finding:
    return Finding("password", "credential", Label.RESTRICTED, 0, 3, 9, 0.99)
