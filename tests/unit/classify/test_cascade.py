"""When the small transformer is asked, and what becomes of an answer that is late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from gateway.classify import cascade
from gateway.classify.cascade import Cascade
from gateway.classify.encoded import loaded
from gateway.errors import ProviderUnavailable
from gateway.labels import Cleared
from gateway.policy.schema import Model
from gateway.types import Api, ChatRequest, Guess, Label, Message, Sent, Signals, Task
from tests.facts import facts

HOME = Model("minilm", "local", "minilm", kind="embedding", clearance=Label.RESTRICTED)
MIXES = loaded()
CODING = [30.0 if label == "coding" else 0.0 for label in MIXES["task"].labels] + [0.0] * 8


@dataclass
class Encoder:
    """Answers with scores for coding, after a while."""

    takes: float = 0.0
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def scores(self, text: Cleared[str]) -> Sequence[float]:
        self.asked.append(text.value)
        await asyncio.sleep(self.takes)
        if self.error is not None:
            raise self.error
        return CODING


def request(text: str) -> ChatRequest:
    return ChatRequest("auto", (Message("user", text, b""),), {})


def signals(chance: float) -> Signals:
    even = (1 - chance) / (len(MIXES["task"].labels) - 1)
    shares = dict.fromkeys(MIXES["task"].labels, even) | {"chit_chat": chance}
    return replace(facts().signals, task=Guess(Task.CHIT_CHAT, chance, True, shares))


def best(encoder: Encoder, deadline: float | None = 1.0, chance: float = 0.2, text: str = "x") -> Task:
    async def told() -> Task:
        return (await Cascade(encoder, HOME, deadline).refined(request(text), signals(chance))).task.best

    return asyncio.run(told())


def test_what_is_unsure_is_asked() -> None:
    encoder = Encoder()

    assert best(encoder, text="fix it") is Task.CODING
    assert encoder.asked == ["fix it"]


def test_what_is_sure_is_not_asked_and_neither_is_a_text_for_an_index() -> None:
    encoder = Encoder()

    async def told() -> Signals:
        sent = Sent(Api.EMBEDDINGS, b"", (), {})
        return await Cascade(encoder, HOME, None).refined(replace(request("x"), sent=sent), signals(0.2))

    assert best(encoder, chance=0.95) is Task.CHIT_CHAT
    assert asyncio.run(told()) == signals(0.2)
    assert not encoder.asked


def test_a_late_answer_is_not_waited_for_but_kept() -> None:
    async def told() -> list[bool]:
        second = Cascade(Encoder(takes=0.1), HOME, 0.01)
        late = await second.refined(request("x"), signals(0.2))
        await second.close()
        again = await second.refined(request("x"), signals(0.2))
        return [late.refined, again.refined]

    assert asyncio.run(told()) == [False, True]


def test_one_is_asked_at_a_time_and_then_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(takes=0.05)

    async def told() -> list[bool]:
        second = Cascade(encoder, HOME, 1.0)
        both = await asyncio.gather(*(second.refined(request(text), signals(0.2)) for text in "ab"))
        resting = await second.refined(request("c"), signals(0.2))
        monkeypatch.setattr(cascade, "monotonic", lambda: float("inf"))
        rested = await second.refined(request("d"), signals(0.2))
        return [each.refined for each in (*both, resting, rested)]

    assert asyncio.run(told()) == [True, False, False, True]
    assert encoder.asked == ["a", "d"]


def test_without_a_deadline_all_are_asked() -> None:
    encoder = Encoder()

    async def told() -> list[bool]:
        second = Cascade(encoder, HOME, None)
        return [(await second.refined(request(text), signals(0.2))).refined for text in "abc"]

    assert asyncio.run(told()) == [True, True, True]


def test_a_transformer_that_fails_leaves_the_signals_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    assert best(Encoder(error=ProviderUnavailable("it is not installed"))) is Task.CHIT_CHAT
    assert "it is not installed" in caplog.text
