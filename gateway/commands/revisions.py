"""A policy folder as it is, or as it was in a revision of git."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_LONGEST = 30  # seconds for git


@contextmanager
def folder_at(text: str) -> Iterator[Path]:
    """The folder of that name, else `REVISION:PATH` as git takes it.

    The path starts at the top of the repository here, or with `./` at the folder where we are.

    Raises:
        ValueError: it is neither, or what it holds cannot be laid down: a link that leads out of it.
    """
    if Path(text).is_dir():
        yield Path(text)
        return
    revision, colon, _ = text.partition(":")
    if not colon or not revision or revision.startswith("-"):
        raise ValueError(f"there is no folder {text}; name one, or a revision of git as in HEAD~1:policies")
    with TemporaryDirectory(prefix="pointsman-") as folder:
        _extract(text, Path(folder))
        yield Path(folder)


def _extract(tree: str, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(_archive(tree))) as archive:
        try:
            archive.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise ValueError(f"{tree} cannot be read: {error}") from error


def _archive(tree: str) -> bytes:
    """The tree as a tar file. Git archives only what is below the folder where it runs, hence the top."""
    try:
        top = _git("rev-parse", "--show-toplevel").decode().rstrip("\n")
        found = _git("rev-parse", tree).decode().strip()
        return _git("archive", "--format=tar", found, at=top)
    except FileNotFoundError as error:
        raise ValueError(f"there is no folder {tree}, and git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"git did not answer within {_LONGEST} s for {tree}") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise ValueError(f"git knows no folder {tree}: {''.join(said)}") from error


def _git(*words: str, at: str | None = None) -> bytes:
    done = subprocess.run(("git", *words), capture_output=True, check=True, timeout=_LONGEST, cwd=at)
    return done.stdout
