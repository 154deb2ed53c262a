"""Documents from below the knowledge root, and from nowhere else."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from gateway.errors import NotReady

SUFFIXES = frozenset({".md", ".markdown", ".txt"})


class KnowledgeError(NotReady):
    """A knowledge base cannot be read or indexed as the policy has it; says what would be right."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a folder is read: bytes of one file, files, and bytes in all."""

    file: int = 2_000_000
    files: int = 20_000
    total: int = 500_000_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text; `path` is relative to the root, with forward slashes; `digest` is of its bytes."""

    path: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was left out, and why. Holds none of its content."""

    path: str
    why: str


def read(root: Path, globs: tuple[str, ...], limits: Limits = LIMITS) -> Iterator[Document | Problem]:
    """The documents that the globs name below `root`, each once, in order of their paths.

    Raises:
        KnowledgeError: the root is no folder, or a glob leads out of it.
    """
    if not root.is_dir():
        raise KnowledgeError("the knowledge root is not a folder: give an existing one as --knowledge-root")
    root = root.resolve()
    left = limits.total
    for count, path in enumerate(_matches(root, globs)):
        if count >= limits.files:
            yield Problem(_name(root, path), f"more than {limits.files} files: narrow `documents`")
            return
        found = _document(root, path, min(limits.file, left))
        left -= len(found.text.encode()) if isinstance(found, Document) else 0
        yield found


def names_documents(root: Path, pattern: str) -> bool:
    """Whether a glob names any document below `root`."""
    try:
        found = root.resolve().glob(_inside(pattern))
        return any(_is_document(root.resolve(), path) for path in found)
    except (OSError, ValueError):  # no folder that can be read, or no pattern
        return False


def _is_document(root: Path, path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not _hidden(root, path) and path.is_file()


def _matches(root: Path, globs: tuple[str, ...]) -> list[Path]:
    paths = {path for pattern in globs for path in root.glob(_inside(pattern))}
    return sorted(path for path in paths if not _hidden(root, path) and not path.is_dir())


def _inside(pattern: str) -> str:
    """The glob, if it stays below the root."""
    parts = PurePosixPath(pattern.replace("\\", "/"))
    if not pattern or parts.is_absolute() or Path(pattern).drive or ".." in parts.parts:
        raise KnowledgeError(
            f"documents: {pattern!r} leads out of the knowledge root: write a path below it, "
            "such as handbook/**/*.md"
        )
    return str(parts)


def _hidden(root: Path, path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _document(root: Path, path: Path, most: int) -> Document | Problem:
    name = _name(root, path)
    if path.suffix.lower() not in SUFFIXES:
        return Problem(name, "is neither Markdown nor plain text (.md, .markdown, .txt)")
    try:
        target = path.resolve(strict=True)
        if not target.is_relative_to(root):
            return Problem(name, "is a link that leads out of the knowledge root")
        data = _bytes(target, most)
    except OSError as error:
        return Problem(name, f"cannot be read: {error.strerror or type(error).__name__}")
    except RuntimeError:  # how Python says so before 3.13
        return Problem(name, "is a link that leads back to itself")
    return _decoded(name, data, most)


def _bytes(path: Path, most: int) -> bytes | None:
    """A regular file's bytes, one more than `most` where it holds more; None: no regular file."""
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
        return None
    with path.open("rb") as file:
        return file.read(most + 1)


def _decoded(name: str, data: bytes | None, most: int) -> Document | Problem:
    if data is None:
        return Problem(name, "is not a regular file")
    if len(data) > most:
        return Problem(name, f"is larger than the {most} bytes that may be read: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem(name, f"is not UTF-8 at byte {error.start}: save it as UTF-8")
    return Document(name, text, sha256(data).hexdigest())
