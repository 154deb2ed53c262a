from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway.access.keys import ANYONE
from gateway.api.wire import chat_request
from gateway.commands.understand import Understood, understanding
from gateway.errors import InvalidRequest
from gateway.settings import Settings
from gateway.types import Caller, Label, Task
from tests.policies import loaded

KNOWLEDGE = "knowledge: [{name: handbook, documents: handbook/*.md, label: internal}]\n"
QUESTION = "How many days do customers have to send goods back?"


def understood(
    folder: Path, text: str, caller: Caller = ANYONE, headers: dict[str, str] | None = None, when: str = ""
) -> tuple[Understood, list[str]]:
    """The request as it is understood under a policy with a handbook, and the bases that were read."""
    (folder / "handbook").mkdir()
    (folder / "handbook" / "returns.md").write_text(
        "# Returns\n\nCustomers have 30 days to send goods back, counted from the day of delivery.\n"
    )
    routes = f"routes: [{{name: a, when: '{when or 'true'}', model: house}}, {{name: rest, model: house}}]\n"
    policy = loaded(folder, knowledge=KNOWLEDGE, routes=routes)
    body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
    settings = Settings(folder, folder / "data", folder)
    read: list[str] = []

    async def run() -> Understood:
        async with understanding(policy, settings, read.append) as understand:
            return await understand.of(chat_request(json.dumps(body).encode()), caller, headers or {})

    return asyncio.run(run()), read


def test_a_question_that_the_documents_answer_is_a_knowledge_lookup(tmp_path: Path) -> None:
    result, read = understood(tmp_path, QUESTION)
    assert read == ["handbook"]
    assert result.facts.signals.task.best is Task.KNOWLEDGE_LOOKUP
    assert result.facts.signals.knowledge["handbook"] >= 0.4
    assert result.refused == ()


def test_a_base_above_the_callers_clearance_is_not_asked(tmp_path: Path) -> None:
    result, _ = understood(tmp_path, QUESTION, Caller("guest"))
    assert [refusal.destination for refusal in result.refused] == ["handbook"]
    assert result.facts.signals.knowledge == {}


def test_the_label_is_the_highest_of_content_caller_and_header(tmp_path: Path) -> None:
    result, _ = understood(tmp_path, "Good morning", headers={"x-pointsman-sensitivity": "confidential"})
    assert result.request.label is result.facts.label is Label.CONFIDENTIAL


def test_a_header_that_names_no_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="x-pointsman-sensitivity"):
        understood(tmp_path, "Good morning", headers={"x-pointsman-sensitivity": "secret"})


def test_conditions_see_the_headers_that_they_name_and_no_other(tmp_path: Path) -> None:
    headers = {"x-tier": "gold", "x-other": "1"}
    result, _ = understood(tmp_path, "Hello", headers=headers, when='request.headers["x-tier"] == "gold"')
    assert result.facts.headers == {"x-tier": "gold"}


def test_a_header_that_is_too_long_to_be_read_is_unknown(tmp_path: Path) -> None:
    headers = {"x-tier": "gold" * 100}
    result, _ = understood(tmp_path, "Hello", headers=headers, when='request.headers["x-tier"] == "gold"')
    assert result.facts.headers == {}
