"""Reads `callers`: who may ask, and for what."""

from __future__ import annotations

from gateway.policy.language.definitions import Fields, Key, section
from gateway.policy.language.document import Reading, Value
from gateway.policy.language.shapes import (
    DIGEST,
    FLAG,
    LABEL,
    NAME,
    NUMBER,
    POSITIVE,
    RATE,
    one_of,
    one_or_more,
    reference,
)
from gateway.policy.schema import KnownCaller
from gateway.types import Caller, Label


class BudgetFields(Fields, what="a budget"):
    """What a caller may spend."""

    usd = Key(NUMBER, "USD that may be spent in a period.", 0.0, required=True)
    per = Key(one_of("hour", "day", "week", "month"), "The period.", "month", required=True)


class LimitsFields(Fields, what="limits"):
    """How fast a caller may ask."""

    requests = Key(RATE, "Requests in a time.", None)
    tokens = Key(RATE, "Tokens in a time, of input and output.", None)
    concurrent = Key(POSITIVE, "Requests that may be under way at once.", None)


class CallerFields(Fields, what="a caller"):
    """An application or a person that asks with a key of its own."""

    name = Key(NAME, "What logs and the ledger call the caller.", "", required=True)
    key_sha256 = Key(
        DIGEST, "The hash of the caller's key; `pointsman keys hash` makes both.", "", required=True
    )
    team = Key(NAME, "The team that requests are counted for; conditions read it as `caller.team`.", "")
    label = Key(LABEL, "The least label of what this caller sends.", Label.PUBLIC)
    clearance = Key(LABEL, "The highest label that the gateway may add for this caller.", Label.PUBLIC)
    may_use = Key(
        one_or_more(reference("usable"), least=0),
        "The names it may ask for: `auto`, `route/NAME`, models, aliases; `*` at the end stands for any "
        "ending. Without it, all.",
        ("*",),
    )
    admin = Key(FLAG, "true: it may see how requests are decided, and the ledger.", False)
    disclose = Key(
        FLAG, "Whether replies tell it the task and the label; without it, as the policy says.", None
    )
    budget = Key(section(BudgetFields, lambda _: None), "What it may spend.", None, later=True)
    limits = Key(section(LimitsFields, lambda _: None), "How fast it may ask.", None, later=True)


def read_caller(value: Value, found: Reading) -> KnownCaller | None:
    fields = CallerFields(value, found)
    found.teams.add(fields.team)
    if fields.name:
        found.define("caller", fields.name, fields.present["name"])
    if not fields.name or not fields.key_sha256:
        return None
    found.define("key", fields.key_sha256, fields.present["key_sha256"])
    return KnownCaller(
        Caller(
            name=fields.name,
            team=fields.team,
            label=fields.label,
            clearance=fields.clearance,
            may_use=fields.may_use,
            admin=fields.admin,
            disclose=fields.disclose,
        ),
        fields.key_sha256,
    )
