from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.commands.explain import explain
from gateway.policy.analysis.explain import Explanation
from gateway.settings import Settings
from tests.policies import KNOWLEDGE, write

MASK = "guards: [{name: hide, when: sensitivity == confidential, mask: [email], lowers_to: internal}]\n"
FOREIGN = """\
models:
  - {name: mini, target: openai/gpt-4o-mini, api_key: "${OPENAI_API_KEY}", clearance: internal}
"""
MAIL = "Write to anna.schmidt@example.org that it is late"


def explained(folder: Path, text: str, headers: dict[str, str] | None = None) -> Explanation:
    return explain(text, Settings(folder, folder / "data", folder), None, headers or {})


def test_the_masked_request_is_labelled_as_in_service(tmp_path: Path) -> None:
    explanation = explained(write(tmp_path, guards=MASK), MAIL)
    assert explanation.masking is not None
    assert (explanation.masking.entities, explanation.label) == ({"email": 1}, "internal")
    said = explained(tmp_path, MAIL, {"x-pointsman-sensitivity": "restricted"})
    assert (said.came_as, said.masking, said.model) == ("restricted", None, "house")


def test_a_price_that_the_policy_does_not_name_is_litellms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-used")
    folder = write(tmp_path, models=FOREIGN, routes="routes: [{name: rest, model: mini}]\n")
    cost = explained(folder, "Good morning").cost
    assert cost is not None
    assert (cost.source, cost.input_price, cost.output_price) == ("litellm", 0.15, 0.6)


def test_a_knowledge_base_is_read_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "handbook").mkdir()
    text = "# Returns\n\nCustomers have 30 days to send goods back, counted from the day of delivery.\n"
    (tmp_path / "handbook" / "returns.md").write_text(text)
    folder = write(tmp_path, k=KNOWLEDGE.replace(", embed_with: embed", ""))
    told: list[str] = []
    settings = Settings(folder, folder / "data", folder)
    explanation = explain(
        "How many days do customers have to send goods back?", settings, None, {}, told.append
    )
    assert told == ["handbook"]
    assert explanation.knowledge["handbook"] >= 0.4


def test_turns_that_are_held_upstream_cannot_be_masked_and_are_the_error_that_they_become(
    tmp_path: Path,
) -> None:
    body = {"model": "auto", "previous_response_id": "r", "messages": [{"role": "user", "content": MAIL}]}
    folder = write(tmp_path, guards=MASK)
    with pytest.raises(ValueError, match="cannot be masked"):
        explained(folder, json.dumps(body))


@pytest.mark.parametrize("text", ["{{ name }}, thank you", "{", '{"messages": [}', "[1]", "12"])
def test_a_text_in_braces_that_is_no_json_is_something_said(tmp_path: Path, text: str) -> None:
    assert explained(write(tmp_path), text).route == "rest"


def test_a_request_that_names_no_model_is_routed(tmp_path: Path) -> None:
    body = ' {"messages": [{"role": "user", "content": "Hello"}]}'
    assert explained(write(tmp_path), body).route == "rest"


@pytest.mark.parametrize("text", ["{}", '{"mesages": []}'])
def test_an_object_that_is_no_request_is_told_what_it_lacks(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="'messages' is required"):
        explained(write(tmp_path), text)


def test_a_text_that_was_no_utf_8_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not UTF-8 text"):
        explained(write(tmp_path), b"caf\xe9".decode("utf-8", "surrogateescape"))
