from __future__ import annotations

from pathlib import Path

from gateway.commands.check import check_folder
from tests.policies import KNOWLEDGE, write


def test_documents_are_looked_for_below_the_folder_or_the_root_that_is_named(tmp_path: Path) -> None:
    folder, root = tmp_path / "policy", tmp_path / "documents"
    folder.mkdir()
    (root / "handbook").mkdir(parents=True)
    (root / "handbook" / "hours.md").write_text("Open from nine to five.")
    write(folder, k=KNOWLEDGE)
    (warning,) = check_folder(folder, {}).warnings
    assert str(warning).startswith("k.yaml:1:41: 'handbook/*.md' names no document")
    assert check_folder(folder, {}, knowledge_root=root).warnings == ()


def test_a_case_that_the_gateway_would_not_read_is_a_mistake(tmp_path: Path) -> None:
    cases = "cases: [{messages: [{rolle: user, content: Hi}], expect: {route: rest}}]\n"
    (write(tmp_path) / "a.cases.yaml").write_text(cases)
    (mistake,) = check_folder(tmp_path, {}).mistakes
    assert mistake.message == "'messages[0].role' is required"
