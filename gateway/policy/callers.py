"""Reads `callers`: who may ask, and for what."""

from __future__ import annotations

from gateway.policy import values
from gateway.policy.document import Fields, Reading, Value
from gateway.policy.schema import KnownCaller
from gateway.types import Caller, Label

_KEYS = ("name", "key_sha256", "team", "label", "clearance", "may_use", "admin", "disclose")
_LATER = ("budget", "limits")


def read_caller(value: Value, found: Reading) -> KnownCaller | None:
    fields = Fields(value, found, "a caller", _KEYS, _LATER)
    name = fields.need("name", values.name, "")
    digest = fields.need("key_sha256", values.digest, "")
    patterns = fields.read("may_use", values.several, None)
    fields.read("budget", lambda v: _budget(v, found), None)
    fields.read("limits", lambda v: _limits(v, found), None)
    if not name or not digest:
        return None
    found.define("caller", name, fields.present["name"])
    found.define("key", digest, fields.present["key_sha256"])
    return KnownCaller(
        Caller(
            name=name,
            team=fields.read("team", values.name, ""),
            label=fields.read("label", values.label, Label.PUBLIC),
            clearance=fields.read("clearance", values.label, Label.PUBLIC),
            may_use=("*",) if patterns is None else _may_use(patterns, found),
            admin=fields.read("admin", values.flag, False),
            disclose=fields.read("disclose", values.flag, None),
        ),
        digest,
    )


def _may_use(patterns: list[Value], found: Reading) -> tuple[str, ...]:
    names = [(found.attempt(value, values.said, ""), value) for value in patterns]
    found.refer("usable", [(name, value) for name, value in names if name])
    return tuple(name for name, _ in names if name)


def _budget(value: Value, found: Reading) -> None:
    fields = Fields(value, found, "a budget", ("usd", "per"))
    fields.need("usd", values.number, 0.0)
    fields.need("per", values.one_of("hour", "day", "week", "month"), "month")


def _limits(value: Value, found: Reading) -> None:
    fields = Fields(value, found, "limits", ("requests", "tokens", "concurrent"))
    fields.read("requests", values.rate, None)
    fields.read("tokens", values.rate, None)
    fields.read("concurrent", values.positive, None)
