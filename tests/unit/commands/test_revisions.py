from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.commands.revisions import folder_at


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With policies/a.yaml that says `old` in the first commit, and `new` since."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "policies"
    folder.mkdir()
    git(tmp_path, "init", "-q")
    for text in ("old", "new"):
        (folder / "a.yaml").write_text(text)
        commit(tmp_path, text)
    return tmp_path


def commit(folder: Path, message: str) -> None:
    git(folder, "add", ".")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", message)


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)


def test_a_folder_is_itself(tmp_path: Path) -> None:
    with folder_at(str(tmp_path)) as folder:
        assert folder == tmp_path


def test_a_folder_of_a_revision_is_there_as_it_was_and_gone_afterwards(repository: Path) -> None:
    with folder_at("HEAD~1:policies") as folder:
        assert (folder / "a.yaml").read_text() == "old"
    assert not folder.exists()
    with folder_at("HEAD:policies") as folder:
        assert (folder / "a.yaml").read_text() == "new"


def test_a_revision_is_read_in_any_folder_of_the_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "policies")
    with folder_at("HEAD~1:policies") as folder:
        assert (folder / "a.yaml").read_text() == "old"
    with folder_at("HEAD~1:./") as folder:
        assert (folder / "a.yaml").read_text() == "old"


@pytest.mark.parametrize("target", ["/etc", "../../elsewhere"])
def test_a_link_that_leads_out_of_the_folder_is_told(repository: Path, target: str) -> None:
    (repository / "policies" / "more").symlink_to(target)
    commit(repository, "a link")
    said = "HEAD:policies cannot be read: 'more' "
    with pytest.raises(ValueError, match=said), folder_at("HEAD:policies"):
        pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere", "there is no folder nowhere"),
        ("HEAD:nowhere", "git knows no folder HEAD:nowhere: .*does not exist"),
        ("HEAD:policies/a.yaml", "git knows no folder HEAD:policies/a.yaml: .*not a tree"),
        ("HEAD~7:policies", "git knows no folder HEAD~7:policies: "),
        ("--output=x:policies", "there is no folder"),
    ],
)
def test_what_is_neither_is_told(repository: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said), folder_at(text):
        pass
    assert not (repository / "x:policies").exists()
