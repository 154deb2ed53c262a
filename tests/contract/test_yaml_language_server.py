"""An editor with the YAML language server completes keys, labels and names of a policy, and explains each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.language_server import Editor, installed

POLICIES = Path(__file__).parents[2] / "policies"
FIRST = "# yaml-language-server: $schema=schema.json\n"
CASES = "# yaml-language-server: $schema=cases.schema.json\n"
MODEL = FIRST + "models:\n  - name: a\n    "
ROUTE = FIRST + "routes:\n  - name: a\n    "


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    command = installed(tmp_path_factory.mktemp("node"))
    folder = tmp_path_factory.mktemp("policies")
    for name in ("schema.json", "cases.schema.json"):
        shutil.copy(POLICIES / name, folder)
    editor = Editor(command, folder)
    yield editor
    editor.close()


@pytest.mark.parametrize(
    ("text", "some"),
    [
        (FIRST + "|", {"models", "aliases", "routes", "guards", "unreadable"}),
        (MODEL + "|", {"target", "clearance", "price", "timeouts"}),
        (ROUTE + "|", {"when", "model", "fallback", "retrieve", "hold_back"}),
        (ROUTE + "model:\n      cheap|", {"cheapest_of", "quality"}),
        (CASES + "cases:\n  - say: Hi\n    expect:\n      |", {"route", "blocked_by", "sensitivity"}),
    ],
)
def test_keys_are_completed_with_their_explanation(editor: Editor, text: str, some: set[str]) -> None:
    offered = editor.complete(text)
    assert some <= set(offered)
    assert all(offered[key].endswith((".", ". ")) for key in some), offered


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MODEL + "clearance: |", {"public", "internal", "confidential", "restricted"}),
        (MODEL + "kind: |\n", {"chat", "embedding"}),
        (
            FIRST + "guards:\n  - name: a\n    lowers_to: |\n",
            {"public", "internal", "confidential", "restricted"},
        ),
        (FIRST + "on_ledger_failure: |\n", {"serve", "refuse"}),
        (ROUTE + "retrieve:\n      when_empty: |\n", {"say_so", "go_on"}),
    ],
)
def test_label_values_and_choices_are_completed(editor: Editor, text: str, expected: set[str]) -> None:
    assert set(editor.complete(text)) == expected


@pytest.mark.parametrize(
    ("text", "some"),
    [
        (ROUTE + "model: |\n", {"gpt", "local", "ticket-tagger"}),
        (ROUTE + "model:\n      - |\n", {"gpt", "local", "ticket-tagger"}),
        (ROUTE + "fallback: |\n", {"gpt", "local"}),
        (ROUTE + "retrieve:\n      from: |\n", {"handbook"}),
        (ROUTE + "tools:\n      from: |\n", {"shop", "clock"}),
        (ROUTE + "when: |\n", {"task == coding", "freshness == live", "knowledge.handbook >= 0.4"}),
        (FIRST + "guards:\n  - name: a\n    mask: [|]\n", {"email", "credential"}),
        (FIRST + "aliases:\n  gpt: |\n", {"auto", "route/tag-tickets", "gpt"}),
        (FIRST + "callers:\n  - name: a\n    may_use: [|]\n", {"auto", "route/*", "minilm"}),
        (MODEL + "timeouts: {total: |}\n", {"500ms", "2s"}),
        (CASES + "cases:\n  - say: Hi\n    expect:\n      route: |\n", {"tag-tickets", "act"}),
    ],
)
def test_names_of_the_folder_are_completed(editor: Editor, text: str, some: set[str]) -> None:
    assert some <= set(editor.complete(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MODEL + "clear|ance: internal\n", "The highest label that the model may receive."),
        (MODEL + "clearance: inter|nal\n", "For the company's own people."),
        (ROUTE + "wh|en: task == coding\n", "the route serves only if it is true"),
        (ROUTE + "fall|back: x\n", "Who is asked when none of"),
        (ROUTE + "jud|ge: {model: a}\n", "Not enforced yet"),
    ],
)
def test_a_key_under_the_cursor_is_explained(editor: Editor, text: str, words: str) -> None:
    assert words in editor.hover(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            FIRST + "models:\n  - {name: a, target: xai/b, clearence: x}\n",
            "3: Property clearence is not allowed",
        ),
        (FIRST + "models:\n  - {name: a}\n", '3: Missing property "target"'),
        (FIRST + "unreadable: secret\n", "2: Value is not accepted"),
        (
            FIRST + "guards:\n  - {name: a, when: true, block: x, mask: [email]}\n",
            "3: Matches multiple schemas",
        ),
        (FIRST + "models:\n  - {name: a, target: openai-compatible/b}\n", '3: Missing property "base_url"'),
        (CASES + "cases:\n  - {say: Hi}\n", '3: Missing property "expect"'),
    ],
)
def test_a_mistake_is_underlined(editor: Editor, text: str, problem: str) -> None:
    (found,) = editor.diagnose(text)
    assert found.startswith(problem)


def test_a_new_name_is_no_mistake(editor: Editor) -> None:
    models = "models:\n  - {name: new, target: openai/x}\n"
    assert editor.diagnose(FIRST + models + "routes:\n  - {name: a, model: {new: 95, gpt: 5}}\n") == []


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.yaml")), ids=lambda path: path.name)
def test_nothing_is_underlined_in_the_shipped_files(editor: Editor, path: Path) -> None:
    assert editor.diagnose(path.read_text()) == []
