"""Reads a policy folder whole and checks it whole: a `Policy`, or every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from gateway.policy.language.callers import read_caller
from gateway.policy.language.definitions import Key
from gateway.policy.language.document import Reading, Value, compose, sections_of
from gateway.policy.language.guards import read_guard
from gateway.policy.language.models import read_alias, read_model
from gateway.policy.language.references import check_references
from gateway.policy.language.routes import read_routes
from gateway.policy.language.secrets import MOUNT, Vault
from gateway.policy.language.sections import MANY, PolicyFields, entries, one_file_each
from gateway.policy.language.sources import read_knowledge, read_tools
from gateway.policy.language.strictness import LARGEST
from gateway.policy.language.surroundings import Available, Forbids, Surroundings
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.policy.schema import Guard, Place, Policy, Route

T = TypeVar("T")
D = TypeVar("D")

_MOST_FILES = 200
_SECTIONS = {*MANY, "guards", "routes", "cases"}
CASES = ".cases.yaml"
"""How the name of a file of cases ends."""


@dataclass(frozen=True, slots=True)
class File:
    """A policy file's name and content."""

    name: str
    data: bytes


def load(
    folder: Path,
    *,
    secrets: Mapping[str, str],
    available: Available | None = None,
    forbids: Forbids | None = None,
    mount: Path = MOUNT,
    assume_secrets: bool = False,
    trained: Available | None = None,
    documents: Available | None = None,
) -> Policy:
    """The policy of a folder. Reads its `*.yaml` (not `*.cases.yaml`) and the secret files it names.

    `secrets` are the allow-listed variables with their values, as `secrets.secrets_from` makes them.
    `available` says whether something listens at a model's base URL; without it, every model counts as there.
    `forbids` says what stands against the URL of a model or a tool server; without it, nothing does.
    `trained` says whether there is a head of a name, for models that say `if_available`. `documents` says
    whether a pattern names any document; without it, every pattern counts as if it did.
    `assume_secrets` looks no secret up: each that may be used counts as set, as it will be in service.

    Raises:
        PolicyMistakes: with every mistake, each at its place.
    """
    try:
        vault = Vault(secrets, mount, assume_secrets)
        return _loaded(folder, Surroundings(vault, available, forbids, trained, documents))
    except PolicyMistakes:
        raise
    except Exception as error:  # whatever a folder holds, the policy in force stays in force
        said = f"the policy cannot be read ({type(error).__name__})"
        raise PolicyMistakes([Mistake(folder.name or ".", 1, 1, said, "undo the last change")]) from error


def _loaded(folder: Path, around: Surroundings) -> Policy:
    policy, found = _read(folder, around)
    if found.mistakes:
        raise PolicyMistakes(found.mistakes, found.warnings)
    return policy


def _read(folder: Path, around: Surroundings) -> tuple[Policy, Reading]:
    files = files_of(folder)
    found = Reading(warnings=list(_passed_over(folder)))
    roots = [compose(file.name, file.data, found) for file in files]
    sections = [PolicyFields(root, found) for root in roots if root is not None]
    one_file_each(sections, found)
    policy = _policy(revision_of(files), sections, found, around)
    _needed(folder, sections, found)
    check_references(found, {model.name: model.teachers for model in policy.models.values()})
    return replace(policy, warnings=tuple(sorted(found.warnings))), found


def names_in(folder: Path) -> dict[str, tuple[str, ...]]:
    """The names that a folder defines, by kind, whatever else is wrong with it.

    Raises:
        PolicyMistakes: it is no folder, or cannot be read.
    """
    _, found = _read(folder, Surroundings(Vault({})))
    return {kind: tuple(names) for kind, names in found.defined.items() if kind != "key"}


def files_of(folder: Path) -> tuple[File, ...]:
    """The folder's policy files by name; each is read once.

    Raises:
        PolicyMistakes: it is no folder, or holds too many files.
    """
    return _files(folder, _paths(folder))


def files_of_cases(folder: Path) -> tuple[File, ...]:
    """The folder's files of cases, by name; raises as `files_of` does."""
    return _files(folder, _paths(folder, _holds_cases))


def _files(folder: Path, paths: list[Path]) -> tuple[File, ...]:
    if len(paths) > _MOST_FILES:
        raise PolicyMistakes([Mistake(folder.name, 1, 1, f"more than {_MOST_FILES} files", "join them")])
    try:
        return tuple(File(path.name, path.read_bytes()) for path in paths)
    except OSError as error:
        name = Path(str(error.filename)).name
        raise PolicyMistakes([Mistake(name, 1, 1, "the file cannot be read", str(error.strerror))]) from error


def revision_of(files: Iterable[File]) -> str:
    """12 hexadecimal digits over names and content."""
    digest = sha256()
    for file in files:
        name = file.name.encode()
        digest.update(b"%d:%s%d:" % (len(name), name, len(file.data)))
        digest.update(file.data)
    return digest.hexdigest()[:12]


def fingerprint(folder: Path) -> str:
    """Changes when a policy file does; looks at names, sizes and times only, so it is cheap to poll."""
    digest = sha256()
    try:
        for path in _paths(folder):
            stat = path.stat()
            digest.update(f"{path.name}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ino};".encode())
    except (OSError, PolicyMistakes):
        return "unreadable"
    return digest.hexdigest()[:12]


def _holds_cases(name: str) -> bool:
    return name.endswith(CASES) and not name.startswith(".")


def _is_policy(name: str) -> bool:
    return name.endswith(".yaml") and not name.endswith(CASES) and not name.startswith(".")


def _paths(folder: Path, wanted: Callable[[str], bool] = _is_policy) -> list[Path]:
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        said = "there is no such folder" if not folder.exists() else "the folder cannot be read"
        hint = "name a folder of policy files"
        raise PolicyMistakes([Mistake(folder.name or ".", 1, 1, said, hint)]) from error
    return [path for path in names if wanted(path.name) and path.is_file()]


def _passed_over(folder: Path) -> Iterator[Mistake]:
    """Files that may be meant for the policy, and are not read."""
    for path in sorted(folder.glob("*.yml")):
        yield Mistake(path.name, 1, 1, "not read", "rename it to end in .yaml")
    for path in sorted(folder.glob("*/*.y*ml"))[:_MOST_FILES]:
        name = path.relative_to(folder).as_posix()
        if not name.startswith(".") and _has_section(path):
            yield Mistake(name, 1, 1, "not read: a policy is the files of one folder", "move it up")


def _has_section(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not _SECTIONS.isdisjoint(sections_of(file.read(LARGEST)))
    except OSError:
        return False


def _policy(revision: str, files: list[PolicyFields], found: Reading, around: Surroundings) -> Policy:
    def each(key: Key[Value, None], read: Callable[[Value], T | None]) -> tuple[T, ...]:
        read_ones = (read(entry) for entry in entries(files, key, found))
        return tuple(one for one in read_ones if one is not None)

    models = each(PolicyFields.models, lambda v: read_model(v, found, around))
    knowledge = each(PolicyFields.knowledge, lambda v: read_knowledge(v, found, around))
    tools = each(PolicyFields.tools, lambda v: read_tools(v, found, around))
    callers = each(PolicyFields.callers, lambda v: read_caller(v, found))
    guards = each(PolicyFields.guards, lambda v: read_guard(v, found))
    routes = tuple(
        route for file in files if file.routes is not None for route in read_routes(file.routes, found)
    )
    rules: tuple[Guard | Route, ...] = (*guards, *routes)
    return Policy(
        revision=revision,
        models={model.name: model for model in models},
        routes=routes,
        aliases=_aliases(files, found),
        knowledge={base.name: base for base in knowledge},
        tools={source.name: source for source in tools},
        guards=guards,
        callers=callers,
        baseline=_one(files, PolicyFields.baseline),
        unreadable=_one(files, PolicyFields.unreadable),
        honour_model=_one(files, PolicyFields.honour_model),
        disclose=_one(files, PolicyFields.disclose),
        on_ledger_failure=_one(files, PolicyFields.on_ledger_failure),
        log=_one(files, PolicyFields.log),
        responses=_one(files, PolicyFields.responses),
        places=_places(found),
        notes=tuple(found.notes),
        reads=_reads(rules),
        header_names=_headers(rules),
    )


def _one(files: Iterable[PolicyFields], key: Key[T, D]) -> T | D:
    given = (file for file in files if key.name in file.present)
    return next((key.__get__(file, PolicyFields) for file in given), key.default)


def _aliases(files: Iterable[PolicyFields], found: Reading) -> dict[str, str]:
    given = [file.aliases for file in files if file.aliases is not None]
    pairs = [pair for value in given for pair in found.attempt(value, Value.pairs, [])]
    return {p: target for p, target in (read_alias(key, value, found) for key, value in pairs) if p}


def _places(found: Reading) -> dict[tuple[str, str], Place]:
    kinds = [(kind, named) for kind, named in found.defined.items() if kind != "key"]
    return {
        (kind, name): (value.file, value.line, value.column)
        for kind, named in kinds
        for name, value in named.items()
    }


def _reads(rules: Iterable[Guard | Route]) -> frozenset[str]:
    """The variables that are looked up per request; what the cell decides needs none."""
    return frozenset(
        name for rule in rules if rule.when and not rule.when.by_cell for name in rule.when.variables
    )


def _headers(rules: Iterable[Guard | Route]) -> frozenset[str]:
    prefix = "request.headers."
    reads = (name for rule in rules if rule.when for name in rule.when.reads)
    return frozenset(name.removeprefix(prefix) for name in reads if name.startswith(prefix))


def _needed(folder: Path, files: list[PolicyFields], found: Reading) -> None:
    """What no policy does without is there. Of a section that says nothing, no name is missed as well."""
    for key, what in (("models", "what can answer"), ("routes", "who gets what")):
        given = [file.present[key] for file in files if key in file.present]
        if not given and key not in found.unread:
            said = f"no file says {key}, {what}"
            found.mistakes.append(Mistake(folder.name or ".", 1, 1, said, f"add '{key}:' to a *.yaml file"))
        if given and all(value.kind == "a list" and not value.items() for value in given):
            found.wrong(given[0], f"there is nothing in {key}, {what}", "name at least one")
        if not any(value.kind == "a list" and value.items() for value in given):
            found.unread.add(key)
    found.unread |= {key for file in files for key, value in file.present.items() if value.kind == "nothing"}
