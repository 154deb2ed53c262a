"""What is read from below the knowledge root, and what never is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.knowledge.reading import Document, KnowledgeError, Limits, Problem, names_documents, read


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def paths(found: list[Document | Problem]) -> list[str]:
    return [item.path for item in found if isinstance(item, Document)]


def problems(found: list[Document | Problem]) -> dict[str, str]:
    return {item.path: item.why for item in found if isinstance(item, Problem)}


def test_globs_find_documents_in_folders_of_any_depth_each_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/one.md": "1", "a/b/two.md": "2", "other/three.md": "3", "a/notes.txt": "4"})
    found = list(read(tmp_path, ("a/**/*.md", "a/*.md", "a/*.txt")))
    assert paths(found) == ["a/b/two.md", "a/notes.txt", "a/one.md"]
    assert isinstance(found[0], Document)
    assert found[0].text == "2"


def test_equal_bytes_have_equal_digests_and_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "same", "b.md": "same", "c.md": b"\xef\xbb\xbfsame"})
    a, b, c = read(tmp_path, ("*.md",))
    assert isinstance(a, Document)
    assert isinstance(b, Document)
    assert isinstance(c, Document)
    assert a.digest == b.digest != c.digest
    assert c.text == "same"


@pytest.mark.parametrize("glob", ["../secret.md", "/etc/*.md", "a/../../secret.md", "", "..\\secret.md"])
def test_a_glob_that_leads_out_of_the_root_is_refused(tmp_path: Path, glob: str) -> None:
    root = write(tmp_path / "root", {"in.md": "in"})
    write(tmp_path, {"secret.md": "secret"})
    with pytest.raises(KnowledgeError, match="leads out of the knowledge root"):
        list(read(root, (glob,)))


def test_a_link_to_a_file_or_folder_outside_the_root_is_not_followed(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"in.md": "in"})
    write(tmp_path, {"away/secret.md": "secret"})
    (root / "file.md").symlink_to(tmp_path / "away" / "secret.md")
    (root / "folder").symlink_to(tmp_path / "away", target_is_directory=True)
    found = list(read(root, ("**/*.md", "folder/*.md", "*.md")))
    assert paths(found) == ["in.md"]
    assert set(problems(found)) == {"file.md", "folder/secret.md"}
    assert all("leads out of the knowledge root" in why for why in problems(found).values())


def test_a_link_that_stays_inside_is_followed_and_a_root_that_is_a_link_is_a_root(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"real/in.md": "in"})
    (root / "alias.md").symlink_to(root / "real" / "in.md")
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    assert paths(list(read(tmp_path / "link", ("**/*.md",)))) == ["alias.md", "real/in.md"]


def test_what_cannot_be_read_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"good.md": "good", "latin.md": b"caf\xe9", "page.html": "<p>", "large.md": "x" * 101})
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere.md")
    os.mkfifo(tmp_path / "pipe.md")
    found = list(read(tmp_path, ("*",), Limits(file=100)))
    assert paths(found) == ["good.md"]
    why = problems(found)
    assert "not UTF-8 at byte 3" in why["latin.md"]
    assert "neither Markdown nor plain text" in why["page.html"]
    assert "larger than the 100 bytes" in why["large.md"]
    assert "cannot be read" in why["gone.md"]
    assert "not a regular file" in why["pipe.md"]
    assert not any(str(tmp_path) in text for text in why.values())


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {".env.md": "x", ".git/readme.md": "x", "open.md": "x"})
    assert paths(list(read(tmp_path, ("**/*.md",)))) == ["open.md"]


def test_the_number_of_files_and_the_bytes_in_all_are_bounded(tmp_path: Path) -> None:
    write(tmp_path, {f"{n}.md": "x" * 10 for n in range(5)})
    few = list(read(tmp_path, ("*.md",), Limits(files=3)))
    assert paths(few) == ["0.md", "1.md", "2.md"]
    assert "more than 3 files" in problems(few)["3.md"]
    assert paths(list(read(tmp_path, ("*.md",), Limits(total=25)))) == ["0.md", "1.md"]


def test_a_root_that_is_no_folder_is_an_error_that_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="--knowledge-root"):
        list(read(tmp_path / "nowhere", ("*.md",)))


def test_a_link_to_itself_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("a.md")
    (tmp_path / "b.md").write_text("# B\n")
    loop, document = read(tmp_path, ("*.md",))
    assert isinstance(loop, Problem)
    assert loop.path == "a.md"
    assert isinstance(document, Document)


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("terms/*.md", True),
        ("**/*", True),
        ("term/*.md", False),
        ("terms/*.pdf", False),
        ("terms", False),
        (".hidden/*.md", False),
    ],
)
def test_a_pattern_names_documents_or_none(tmp_path: Path, pattern: str, named: bool) -> None:
    write(tmp_path, {"terms/one.md": "1", "terms/two.pdf": "2", ".hidden/three.md": "3"})
    assert names_documents(tmp_path, pattern) is named


def test_a_root_that_is_not_there_has_no_documents(tmp_path: Path) -> None:
    assert not names_documents(tmp_path / "none", "*.md")
