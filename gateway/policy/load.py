"""Reads a policy folder whole and checks it whole: a `Policy`, or every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from gateway.policy import values
from gateway.policy.callers import read_caller
from gateway.policy.document import Fields, Reading, Value, compose
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.policy.models import Available, Forbids, Surroundings, read_alias, read_model
from gateway.policy.references import check_references
from gateway.policy.rules import read_guard, read_routes
from gateway.policy.schema import Guard, Log, Policy, Route
from gateway.policy.secrets import MOUNT, Vault
from gateway.policy.secrets import secrets_from as secrets_from
from gateway.policy.sources import read_knowledge, read_tools
from gateway.types import Label

T = TypeVar("T")

_MANY = ("models", "aliases", "knowledge", "tools", "callers")
_ONCE = ("guards", "routes", "baseline", "unreadable", "log", "honour_model", "disclose", "on_ledger_failure")
_MOST_FILES = 200


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
) -> Policy:
    """The policy of a folder. Reads its `*.yaml` (not `*.cases.yaml`) and the secret files it names.

    `secrets` are the allow-listed variables with their values, as `secrets_from` makes them. `available`
    says whether something listens at a model's base URL; without it, every model counts as there.
    `forbids` says what stands against the URL of a model or a tool server; without it, nothing does.
    `assume_secrets` looks no secret up: each that may be used counts as set, as it will be in service.

    Raises:
        PolicyMistakes: with every mistake, each at its place.
    """
    try:
        return _loaded(folder, Surroundings(Vault(secrets, mount, assume_secrets), available, forbids))
    except PolicyMistakes:
        raise
    except Exception as error:  # whatever a folder holds, the policy in force stays in force
        said = f"the policy cannot be read ({type(error).__name__})"
        raise PolicyMistakes([Mistake(folder.name or ".", 1, 1, said, "undo the last change")]) from error


def _loaded(folder: Path, around: Surroundings) -> Policy:
    files = files_of(folder)
    found = Reading(
        warnings=[Mistake(name, 1, 1, "not read", "rename it to end in .yaml") for name in _almost(folder)]
    )
    roots = [root for file in files if (root := compose(file.name, file.data, found)) is not None]
    sections = _sections(roots, found)
    policy = _policy(revision_of(files), sections, found, around)
    _needed(folder, policy, sections, found)
    if found.mistakes:
        raise PolicyMistakes(found.mistakes)
    return policy


def files_of(folder: Path) -> tuple[File, ...]:
    """The folder's policy files by name; each is read once.

    Raises:
        PolicyMistakes: it is no folder, or holds too many files.
    """
    paths = _paths(folder)
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


def _paths(folder: Path) -> list[Path]:
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        said = "there is no such folder" if not folder.exists() else "the folder cannot be read"
        hint = "name a folder of policy files with --policies"
        raise PolicyMistakes([Mistake(folder.name or ".", 1, 1, said, hint)]) from error
    return [path for path in names if _is_policy(path.name) and path.is_file()]


def _almost(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".yml")


def _is_policy(name: str) -> bool:
    return name.endswith(".yaml") and not name.endswith(".cases.yaml") and not name.startswith(".")


def _sections(roots: Iterable[Value], found: Reading) -> dict[str, list[Value]]:
    sections: dict[str, list[Value]] = {}
    for root in roots:
        for key, value in Fields(root, found, "a policy", (*_MANY, *_ONCE)).present.items():
            first = sections.setdefault(key, [])
            if first and key in _ONCE:
                found.wrong(value, f"{key} is given already, in {first[0].file}", "keep it in one file")
            first.append(value)
    return sections


def _policy(
    revision: str, sections: Mapping[str, list[Value]], found: Reading, around: Surroundings
) -> Policy:
    models = _each(sections, "models", found, lambda v: read_model(v, found, around))
    knowledge = _each(sections, "knowledge", found, lambda v: read_knowledge(v, found))
    tools = _each(sections, "tools", found, lambda v: read_tools(v, found, around))
    callers = _each(sections, "callers", found, lambda v: read_caller(v, found))
    bases = tuple(base.name for base in knowledge)
    guards = _each(sections, "guards", found, lambda v: read_guard(v, found, bases))
    routes = tuple(
        route for section in sections.get("routes", ()) for route in read_routes(section, found, bases)
    )
    rules: tuple[Guard | Route, ...] = (*guards, *routes)
    aliases = _aliases(sections, found)
    baseline = _one(sections, "baseline", found, lambda v: _model(v, found), None)
    check_references(found, {model.name: model.teachers for model in models})
    return Policy(
        revision=revision,
        models={model.name: model for model in models},
        routes=routes,
        aliases=aliases,
        knowledge={base.name: base for base in knowledge},
        tools={source.name: source for source in tools},
        guards=guards,
        callers=callers,
        baseline=baseline,
        unreadable=_one(sections, "unreadable", found, values.label, Label.CONFIDENTIAL),
        honour_model=_one(sections, "honour_model", found, values.flag, True),
        disclose=_one(sections, "disclose", found, values.flag, True),
        on_ledger_failure=_one(
            sections, "on_ledger_failure", found, values.one_of("serve", "refuse"), "serve"
        ),
        log=_one(sections, "log", found, lambda v: _log(v, found), Log()),
        warnings=tuple(found.warnings),
        notes=tuple(found.notes),
        reads=_reads(rules),
        header_names=_headers(rules),
    )


def _each(
    sections: Mapping[str, list[Value]], key: str, found: Reading, read: Callable[[Value], T | None]
) -> tuple[T, ...]:
    entries = [
        entry for section in sections.get(key, ()) for entry in found.attempt(section, Value.items, [])
    ]
    return tuple(thing for entry in entries if (thing := read(entry)) is not None)


def _one(
    sections: Mapping[str, list[Value]], key: str, found: Reading, read: Callable[[Value], T], default: T
) -> T:
    given = sections.get(key)
    return found.attempt(given[0], read, default) if given else default


def _aliases(sections: Mapping[str, list[Value]], found: Reading) -> dict[str, str]:
    given = sections.get("aliases", ())
    pairs = [pair for section in given for pair in found.attempt(section, Value.pairs, [])]
    return {p: target for p, target in (read_alias(key, value, found) for key, value in pairs) if p}


def _model(value: Value, found: Reading) -> str:
    name = values.said(value)
    found.refer("chat", [(name, value)])
    return name


def _log(value: Value, found: Reading) -> Log:
    fields = Fields(value, found, "log", ("content", "up_to", "keep"))
    content = fields.need("content", values.one_of("never", "masked"), "never")
    if content != "never":
        found.warn(value, "log: content is not enforced yet; no content is logged")
    up_to = fields.read("up_to", values.label, Label.PUBLIC)
    return Log(content, up_to, fields.read("keep", values.duration, None))


def _reads(rules: Iterable[Guard | Route]) -> frozenset[str]:
    """The variables that are looked up per request; what the cell decides needs none."""
    return frozenset(
        name for rule in rules if rule.when and not rule.when.by_cell for name in rule.when.variables
    )


def _headers(rules: Iterable[Guard | Route]) -> frozenset[str]:
    prefix = "request.headers."
    reads = (name for rule in rules if rule.when for name in rule.when.reads)
    return frozenset(name.removeprefix(prefix) for name in reads if name.startswith(prefix))


def _needed(folder: Path, policy: Policy, sections: Mapping[str, list[Value]], found: Reading) -> None:
    for key, what in (("models", "what can answer"), ("routes", "who gets what")):
        if not sections.get(key):
            said = f"no file says {key}, {what}"
            found.mistakes.append(Mistake(folder.name or ".", 1, 1, said, f"add '{key}:' to a *.yaml file"))
    if sections.get("models") and not policy.models and not found.mistakes:
        found.wrong(sections["models"][0], "there is no model", "name at least one")
