"""Reads `guards`: what a request is held against before any route, and the conditions that rules have."""

from __future__ import annotations

from gateway.policy.conditions import Condition, Faulty, checked
from gateway.policy.grammar import Domain, Fault, strangers
from gateway.policy.language import values
from gateway.policy.language.definitions import Fields, Key, Shape, plain
from gateway.policy.language.document import Reading, Value, Wrong
from gateway.policy.language.shapes import FLAG, LABEL, NAME, SAID, list_of, named
from gateway.policy.mistakes import Mistake, proposal
from gateway.policy.schema import Guard
from gateway.policy.vocabulary import FINDINGS, VARIABLES

_ANYONE = "anyone"  # the caller's name where a policy names none


def _condition(value: Value, found: Reading) -> Condition:
    knowledge = tuple(found.defined.get("knowledge", ()))
    if value.tag == "bool":
        return checked(value.scalar.lower(), knowledge)
    try:
        condition = checked(values.said(value), knowledge)
    except Faulty as faulty:
        found.mistakes.extend(_placed(value, fault) for fault in faulty.faults)
        raise Wrong("") from faulty
    if "callers" not in found.unread:
        found.warnings.extend(_placed(value, stranger) for stranger in strangers(condition.text, _of(found)))
    return condition


def _of(found: Reading) -> dict[str, Domain]:
    """What conditions may compare a caller with: with another text, they are false for every caller."""
    names = frozenset(found.defined.get("caller", ())) or frozenset({_ANYONE})
    return {"caller.name": ("name", names), "caller.team": ("team", frozenset(found.teams - {""}))}


def _placed(value: Value, fault: Fault) -> Mistake:
    line, column = value.place_within(fault.line, fault.column)
    return Mistake(value.file, line, column, fault.message, fault.proposal)


def _finding(value: Value) -> str:
    if value.scalar not in FINDINGS:
        raise Wrong(f"{value.shown} is not a known finding", proposal(value.scalar, FINDINGS))
    return value.scalar


CONDITION = Shape(_condition, named("condition"))
FINDING = plain(_finding, {"type": "string", "enum": sorted(FINDINGS)})
READABLE = ", ".join(f"`{name}`" for name in VARIABLES)
"""What a condition may read, for people."""


class GuardFields(
    Fields,
    what="a guard",
    rules={
        "oneOf": [{"required": ["block"]}, {"required": ["mask"]}],
        "dependencies": {"lowers_to": ["mask"], "accept_residual": ["mask"]},
    },
):
    """Acts unless its condition is false: it blocks, or it masks."""

    name = Key(NAME, "What the error, the log and the ledger call it.", "", required=True)
    when = Key(
        CONDITION,
        "A CEL condition; the guard acts unless it is false, so also where a signal is unsure. "
        f"It may read {READABLE}.",
        None,
        required=True,
    )
    block = Key(SAID, "Refuses the request: what the caller is told.", None)
    mask = Key(
        list_of(FINDING),
        "Replaces what is found of these names and classes by placeholders, and puts it back in the reply.",
        (),
    )
    lowers_to = Key(
        LABEL, "The least label of what is left after masking; without it, the label stays.", None
    )
    accept_residual = Key(
        FLAG, "true: a label that was given to the whole text, and not to a span, may fall too.", False
    )
    disabled = Key(FLAG, "true: out of service, and still checked.", False)


def read_guard(value: Value, found: Reading) -> Guard | None:
    fields = GuardFields(value, found)
    if len({"block", "mask"} & fields.present.keys()) != 1:
        found.wrong(value, "a guard blocks or masks", "give it 'block:' with a message, or 'mask:'")
    for key in ("lowers_to", "accept_residual"):
        if key in fields.present and "mask" not in fields.present:
            found.wrong(fields.present[key], f"{key} goes with mask", "take it out, or mask something")
    if not fields.name or fields.when is None:
        return None
    found.define("guard", fields.name, fields.present["name"])
    return Guard(
        fields.name,
        fields.when,
        fields.block,
        fields.mask,
        fields.lowers_to,
        fields.disabled,
        fields.accept_residual,
    )
