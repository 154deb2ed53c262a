"""What is wrong or doubtful in a policy folder: mistakes, warnings, and requests that nobody may serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.policy.analysis.review import Found, review
from gateway.policy.language.cases import read_cases
from gateway.policy.language.load import files_of_cases, load
from gateway.policy.language.surroundings import Available
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.policy.schema import Policy

_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Checked:
    """A folder that was checked. With `mistakes` it or its cases do not load, and it is not reviewed."""

    folder: Path
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()
    notes: tuple[Mistake, ...] = ()
    found: tuple[Found, ...] = ()  # of which some are warnings, the others notes
    out_of_service: tuple[str, ...] = ()
    holds: str = ""  # how much of what
    revision: str = ""

    def right(self, strict: bool = False) -> bool:
        """Whether it loads; `strict`: and there is no warning."""
        return not self.mistakes and not (strict and self.warnings)


def check(
    folder: Path,
    secrets: Mapping[str, str],
    assume_secrets: bool = False,
    documents: Available | None = None,
    parse: Callable[[bytes], object] | None = None,
) -> Checked:
    """Reads the folder as `load` does, and its cases as `read_cases` does, and reviews it."""
    try:
        policy = load(
            folder,
            secrets=secrets,
            assume_secrets=assume_secrets,
            documents=documents,
        )
        read_cases(files_of_cases(folder), policy, parse)
    except PolicyMistakes as error:
        return Checked(folder, mistakes=error.mistakes, warnings=error.warnings)
    found = review(policy)
    return Checked(
        folder,
        warnings=(*policy.warnings, *(one.place for one in found if one.warning)),
        notes=tuple(one.place for one in found if not one.warning),
        found=found,
        out_of_service=policy.notes,
        holds=_holds(policy),
        revision=policy.revision,
    )


def folders_of(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The folders named, and those that hold the YAML files named, each once.

    A YAML file may be gone: its folder has changed, too.

    Raises:
        ValueError: a path is neither a folder nor a YAML file of one.
    """
    return tuple(dict.fromkeys(map(_folder_of, paths)))


def _folder_of(path: Path) -> Path:
    folder = path.parent if path.suffix in _YAML and not path.is_dir() else path
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ValueError(
            f"{path} is a file, and none of a policy; name a policy folder or one of its YAML files"
        )
    raise ValueError(f"there is no folder {folder}; name a policy folder or one of its YAML files")


def _holds(policy: Policy) -> str:
    counts = (
        (len(policy.models), "model"),
        (len(policy.knowledge), "knowledge base"),
        (len(policy.tools), "tool source"),
        (len(policy.guards), "guard"),
        (len(policy.routes), "route"),
        (len(policy.callers), "caller"),
    )
    return ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count)
