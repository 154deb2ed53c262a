from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import main
from tests.policies import write

CALLERS = f"callers: [{{name: app, key_sha256: {'ab' * 32}, label: confidential}}]\n"
GUARDS = """\
guards:
  - name: hide
    when: sensitivity == confidential && request.headers["x-raw"] != "1"
    mask: [email]
    lowers_to: internal
"""
MAIL = "Write to anna.schmidt@example.org that it is late"


def run(folder: Path, *arguments: str, typed: str | None = None) -> Result:
    options = ("--policies", str(folder), "--data-dir", str(folder / "data"))
    return CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"}).invoke(
        main, ["policy", "explain", *arguments, *options], input=typed
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, guards=GUARDS)


def test_a_text_is_explained_to_people_without_what_was_found(folder: Path) -> None:
    result = run(folder, MAIL, "--header", "x-raw: 0")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "email contact confidential message 0, characters 9 to 33" in text
    assert "hide: 1 × email the label falls from confidential to internal" in text
    assert text.endswith("served by route rest (default), first asked is small")
    assert "anna" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_machines_read_the_same_as_json(folder: Path) -> None:
    explanation = json.loads(run(folder, MAIL, "--json", "--header", "X-Raw: 1").stdout)
    assert (explanation["masking"], explanation["label"], explanation["model"]) == (
        None,
        "confidential",
        "house",
    )
    assert explanation["findings"][0]["entity"] == "email"


def test_a_whole_request_is_read_from_standard_input(folder: Path) -> None:
    body = {"model": "house", "max_tokens": 50, "messages": [{"role": "user", "content": "Good morning"}]}
    explanation = json.loads(run(folder, "-", "--json", typed=json.dumps(body)).stdout)
    assert (explanation["reason"], explanation["cost"]["output_tokens"]) == ("named", 50)


def test_a_caller_is_named_by_the_policy(folder: Path) -> None:
    (folder / "callers.yaml").write_text(CALLERS)
    explanation = json.loads(run(folder, "Good morning", "--as", "app", "--json").stdout)
    assert (explanation["caller"], explanation["came_as"]) == ("app", "confidential")
    unknown = run(folder, "Good morning", "--as", "ap")
    assert (unknown.exit_code, "no caller 'ap'" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ('{"model": "gone", "messages": [{"role": "user", "content": "x"}]}', "there is no model 'gone'"),
        ('{"messages": []}', "'messages' must hold 1"),
    ],
)
def test_a_request_that_would_be_an_error_is_one(folder: Path, request_: str, said: str) -> None:
    result = run(folder, request_)
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_a_folder_with_mistakes_and_a_header_without_a_colon_are_told(folder: Path) -> None:
    assert run(folder, "x", "--header", "x-raw").exit_code == 2
    (folder / "routes.yaml").write_text("routes: [{name: rest, model: gone}]\n")
    result = run(folder, "x")
    assert (result.exit_code, "routes.yaml:1:30" in result.stderr) == (2, True)
