"""What changes by name between two policies, and what of it a security reviewer wants to see first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any

from gateway.policy.conditions import Condition
from gateway.policy.schema import KnownCaller, Policy
from gateway.types import Label


class What(StrEnum):
    """What happened to a name."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """A name that came, went, or has another value in `field`.

    `security`: more may flow than before, or to another place.
    """

    kind: str  # model, guard, route, caller, knowledge, tool, alias, policy
    name: str
    what: What
    field: str = ""
    before: str = ""
    after: str = ""
    security: bool = False


Test = Callable[[Any, Any], bool]


def _raised(before: Label | None, after: Label | None) -> bool:
    return after is not None and (before is None or after > before)


def _lowered(before: Label | None, after: Label | None) -> bool:
    return after is not None and (before is None or after < before)


def _set(before: bool | None, after: bool | None) -> bool:
    return bool(after) and not before


def _always(before: Any, after: Any) -> bool:
    return True


def _less(before: Iterable[str], after: Iterable[str]) -> bool:
    return not set(before) <= set(after)


def _more(before: Iterable[str] | None, after: Iterable[str] | None) -> bool:
    """Names that came; None stands for all."""
    return before is not None and (after is None or not set(after) <= set(before))


SECURITY: Mapping[tuple[str, str], Test] = {
    ("model", "clearance"): _raised,
    ("model", "provider"): _always,
    ("model", "base_url"): _always,
    ("model", "api_key"): _always,
    ("model", "remote_tools"): _set,
    ("knowledge", "documents"): lambda before, after: _less(after, before),
    ("knowledge", "label"): _lowered,
    ("knowledge", "clearance"): _raised,
    ("knowledge", "trusted"): _set,
    ("tool", "label"): _lowered,
    ("tool", "clearance"): _raised,
    ("tool", "trusted"): _set,
    ("tool", "writes"): _less,
    ("tool", "allow"): _more,
    ("tool", "url"): _always,
    ("tool", "command"): _always,
    ("tool", "headers"): _always,
    ("guard", "when"): _always,
    ("guard", "disabled"): _set,
    ("guard", "block"): lambda before, after: after is None,
    ("guard", "mask"): _less,
    ("guard", "lowers_to"): _lowered,
    ("guard", "accept_residual"): _set,
    ("route", "tools.writes_on_untrusted"): _set,
    ("caller", "label"): _lowered,
    ("caller", "clearance"): _raised,
    ("caller", "may_use"): _more,
    ("caller", "admin"): _set,
    ("caller", "key_sha256"): _always,
    ("policy", "unreadable"): _lowered,
    ("policy", "honour_model"): _set,
    ("policy", "log.content"): lambda before, after: before == "never",
    ("policy", "log.up_to"): _raised,
    ("policy", "on_ledger_failure"): lambda before, after: after == "serve",
}
"""The fields in which a change can let more through or send it elsewhere, and when it may."""

_SETTINGS = ("baseline", "unreadable", "honour_model", "disclose", "on_ledger_failure", "log")
_NOT_SAID = {"name", "teacher"}


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every change by name, those that matter to security first, then in the order of kinds and names."""
    found = (
        *_named("guard", _by_name(old.guards), _by_name(new.guards)),
        *_named("model", old.models, new.models),
        *_named("caller", _callers(old), _callers(new)),
        *_named("tool", old.tools, new.tools),
        *_named("knowledge", old.knowledge, new.knowledge),
        *_named("route", _by_name(old.routes), _by_name(new.routes)),
        *_named("alias", old.aliases, new.aliases),
        *_settings(old, new),
    )
    return tuple(sorted(found, key=lambda change: not change.security))


def _by_name(rules: tuple[Any, ...]) -> dict[str, Any]:
    return {rule.name: rule for rule in rules}


def _callers(policy: Policy) -> dict[str, KnownCaller]:
    return {known.caller.name: known for known in policy.callers}


def _named(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in (*old, *(name for name in new if name not in old)):
        if name not in new:
            yield Change(kind, name, What.REMOVED, security=kind == "guard" and not old[name].disabled)
        elif name not in old:
            yield Change(kind, name, What.ADDED, security=_opens(kind, new[name]))
        else:
            blocks_now = kind == "guard" and old[name].block is None and new[name].block is not None
            masked = {"mask", "lowers_to", "accept_residual"} if blocks_now else ()
            yield from _compared(kind, name, _flat(old[name]), _flat(new[name]), masked)


def _opens(kind: str, thing: Any) -> bool:
    """Whether something new can take what was nobody's before."""
    if kind == "caller":
        return bool(thing.caller.admin or thing.caller.clearance > Label.PUBLIC)
    if kind == "model" and thing.remote_tools:
        return True
    return kind in ("model", "tool") and bool(thing.clearance > Label.PUBLIC)


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    before = {name: value for key in _SETTINGS for name, value in _flat(getattr(old, key), key).items()}
    after = {name: value for key in _SETTINGS for name, value in _flat(getattr(new, key), key).items()}
    yield from _compared("policy", "", before, after)


def _compared(
    kind: str,
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    harmless: Collection[str] = (),
) -> Iterator[Change]:
    """Every field that differs; those of `harmless` let nothing more through, whatever they say."""
    for field in dict.fromkeys((*before, *after)):
        was, now = before.get(field), after.get(field)
        if was != now:
            test = None if field in harmless else SECURITY.get((kind, field))
            yield Change(
                kind, name, What.CHANGED, field, _said(was), _said(now), test is not None and test(was, now)
            )


@dataclass(frozen=True, slots=True)
class _Secret:
    """Of a value that is never shown."""

    value: object


def _flat(thing: Any, under: str = "") -> dict[str, Any]:
    """A value's fields by name, those of values within it as `field.field`; secrets wrapped."""
    if not is_dataclass(thing) or isinstance(thing, Condition):
        return {under: thing}
    flat: dict[str, Any] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if not field.compare or field.name in _NOT_SAID:
            continue
        name = field.name if not under or under == "caller" else f"{under}.{field.name}"
        if field.repr and field.name != "key_sha256":
            flat |= _flat(value, name)
        else:
            flat[name] = _Secret(value)
    return flat


def _said(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case _Secret():
            return "(not shown)"
        case bool():
            return "true" if value else "false"
        case Condition():
            return " ".join(value.text.split())
        case Label():
            return value.word
        case Enum():
            return str(value.value)
        case Mapping():
            return ", ".join(f"{key}: {_said(below)}" for key, below in value.items()) or "nothing"
        case tuple() | list():
            return ", ".join(map(_said, value)) or "nothing"
        case frozenset() | set():
            return ", ".join(sorted(map(_said, value))) or "nothing"
    return str(value)
