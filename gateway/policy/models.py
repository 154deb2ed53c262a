"""Reads `models` and `aliases`: what can answer, and the names that applications send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.policy import values
from gateway.policy.document import Fields, Reading, Value, Wrong
from gateway.policy.schema import Model, Price, Timeouts
from gateway.policy.secrets import Unset, Vault
from gateway.types import Label

Available = Callable[[str], bool]

_KEYS = (
    "name",
    "target",
    "kind",
    "base_url",
    "api_key",
    "clearance",
    "knows_until",
    "price",
    "timeouts",
    "retries",
    "teacher",
    "disabled",
    "if_available",
)
_LATER = ("deployments", "retry_on")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a policy finds around it: secrets, and whether something listens at an address."""

    vault: Vault
    available: Available | None = None


def read_model(value: Value, found: Reading, around: Surroundings) -> Model | None:
    fields = Fields(value, found, "a model", _KEYS, _LATER)
    name = fields.need("name", values.model_name, "")
    provider, _, model = fields.need("target", _target, "openai/unknown").partition("/")
    kind = fields.read("kind", values.one_of("chat", "embedding"), "chat")
    teachers = tuple(_teachers(fields, found))
    base_url = fields.read("base_url", values.url, None)
    if provider == "openai-compatible" and "base_url" not in fields.present:
        found.wrong(value, "an openai-compatible model needs base_url", "add 'base_url: http://HOST:PORT/v1'")
    if_available = fields.read("if_available", values.flag, False)
    api_key, absent = _presence(fields, found, around, base_url if if_available else None)
    if absent and if_available:
        found.notes.append(f"model {name} is out of service: {absent}")
    if not name:
        return None
    found.define("embedding" if kind == "embedding" else "chat", name, fields.present["name"])
    found.define("model", name, fields.present["name"])
    return Model(
        name=name,
        provider=provider,
        model=model,
        kind=kind,
        base_url=base_url,
        api_key=api_key,
        clearance=fields.read("clearance", values.label, _usual_clearance(provider)),
        knows_until=fields.read("knows_until", values.day, None),
        price=fields.read("price", lambda v: _price(v, found), None),
        timeouts=fields.read("timeouts", lambda v: _timeouts(v, found), Timeouts()),
        retries=fields.read("retries", values.whole, 2),
        teacher=teachers[0] if teachers else None,
        teachers=teachers,
        disabled=fields.read("disabled", values.flag, False) or (if_available and absent is not None),
        if_available=if_available,
    )


def read_alias(key: Value, value: Value, found: Reading) -> tuple[str, str]:
    """A pattern, `*` at its end or nowhere, and `auto`, `route/NAME` or a model."""
    pattern = found.attempt(key, _pattern, "")
    target = found.attempt(value, values.said, "auto")
    found.refer("target", [(target, value)])
    if pattern:
        found.define("alias", pattern, key)
    return pattern, target


def _usual_clearance(provider: str) -> Label:
    """What runs inside the gateway sends nothing away."""
    return Label.RESTRICTED if provider == "local" else Label.PUBLIC


def _target(value: Value) -> str:
    target = values.text(value)
    provider, slash, model = target.partition("/")
    if not (provider and slash and model):
        raise Wrong(f"{value.shown!r} is no target", "write provider/model, such as openai/gpt-5-mini")
    return target


def _pattern(value: Value) -> str:
    pattern = values.said(value)
    if "*" in pattern[:-1]:
        raise Wrong("'*' stands at the end of a pattern only", f"write {pattern.partition('*')[0]}*")
    return pattern


def _teachers(fields: Fields, found: Reading) -> list[str]:
    named = fields.read("teacher", values.several, [])
    given = [(name, value) for value in named if (name := found.attempt(value, values.text, ""))]
    found.refer("chat", given)
    return [name for name, _ in given]


def _presence(
    fields: Fields, found: Reading, around: Surroundings, probed: str | None
) -> tuple[str | None, str | None]:
    """The model's key, and why it is out of service, if it is; only what says `if_available` may be."""
    key = fields.present.get("api_key")
    try:
        api_key = around.vault.reveal(key, found) if key is not None else None
    except Unset as unset:
        if not fields.read("if_available", values.flag, False) and key is not None:
            found.wrong(key, unset.message, unset.proposal)
        return None, unset.message
    except Wrong as wrong:
        if key is not None:
            found.wrong(key, wrong.message, wrong.proposal)
        return None, None
    if key is None and probed and around.available is not None and not around.available(probed):
        return None, f"nothing listens at {probed}"
    return api_key, None


def _price(value: Value, found: Reading) -> Price:
    fields = Fields(value, found, "a price", ("input", "output", "cached_input"))
    return Price(
        input=fields.need("input", values.number, 0.0),
        output=fields.need("output", values.number, 0.0),
        cached_input=fields.read("cached_input", values.number, None),
    )


def _timeouts(value: Value, found: Reading) -> Timeouts:
    fields = Fields(value, found, "timeouts", ("connect", "first_token", "idle", "total"))
    usual = Timeouts()
    return Timeouts(
        connect=fields.read("connect", values.duration, usual.connect),
        first_token=fields.read("first_token", values.duration, usual.first_token),
        idle=fields.read("idle", values.duration, usual.idle),
        total=fields.read("total", values.duration, usual.total),
    )
