"""Reads `*.cases.yaml`, a policy's own tests: what is sent, by whom, and what is expected to become of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import InvalidRequest, UnknownModel
from gateway.policy.evaluate import Reason
from gateway.policy.language.definitions import Fields, Key, Schema, plain, section
from gateway.policy.language.document import Reading, Value, Wrong, compose
from gateway.policy.language.load import File
from gateway.policy.language.shapes import (
    FLAG,
    LABEL,
    SAID,
    TEXT,
    by_name,
    list_of,
    one_of,
    one_or_more,
    reference,
)
from gateway.policy.language.values import label
from gateway.policy.mistakes import PolicyMistakes, proposal
from gateway.policy.naming import resolve
from gateway.policy.schema import Policy
from gateway.policy.vocabulary import FINDINGS, LANGUAGES
from gateway.types import Caller, Freshness, Label, Task

Expected = str | bool | Label | tuple[str, ...]

UNSURE = "unsure"
ERRORS = ("forbidden", "invalid_request", "model_not_found")
"""Codes of the errors that a request may get before any rule looks at it."""

_SENT = ("say", "messages", "request")
_BESIDE = ("model", "tools", "metadata", "stream")  # members of the request, beside `say` or `messages`
_NAME = 70  # characters of a case's name, where it is made of what is said
_EVERYBODY = Caller("anyone")
_SENSITIVITY = "x-pointsman-sensitivity"  # the header by which a caller says a label
_STEP = re.compile(r"[^.\[\]]+")
_NO_HEADERS: Mapping[str, str] = {}
_NOTHING: Mapping[str, Expected] = {}
_FINDINGS = one_or_more(one_of(*sorted(FINDINGS)), least=0)


@dataclass(frozen=True, slots=True)
class Case:
    """One test: `request` is the body of a chat completions request; `expect` holds what must come true."""

    name: str  # as given, else the beginning of what is said
    file: str
    line: int
    request: Mapping[str, Any]
    expect: Mapping[str, Expected]
    caller: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in small letters

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def read_cases(
    files: Iterable[File], policy: Policy, parse: Callable[[bytes], object] | None = None
) -> tuple[Case, ...]:
    """Every case of the files, in their order; names are held against the policy's.

    `parse` reads a request's body as the gateway does, or raises InvalidRequest; without it, bodies are not
    looked into.

    Raises:
        PolicyMistakes: with every mistake, each at its place.
    """
    found = Reading()
    roots = [root for file in files if (root := compose(file.name, file.data, found)) is not None]
    read = [case for root in roots for case in CasesFields(root, found).cases]
    for fields in read:
        _check_model(fields, policy, found)
    _check_names(policy, found)
    pairs = [(fields, case) for fields in read if (case := _case(fields, found)) is not None]
    for fields, case in pairs:
        _check_request(fields, case, parse, found)
    if found.mistakes:
        raise PolicyMistakes(found.mistakes)
    return tuple(case for _, case in pairs)


def schema() -> Schema:
    """JSON Schema of a file of cases, for editors."""
    return CasesFields.schema()


# The tables of keys


def _mapping(value: Value) -> dict[str, Any]:
    return {key.scalar: member.plain for key, member in value.pairs()}


_MAPPING = plain(_mapping, {"type": "object"})


class ExpectFields(Fields, what="expect", rules={"minProperties": 1}):
    task = Key(
        one_of(*(task.value for task in Task), UNSURE),
        "The task that is understood; `unsure` where a rule finds it unknown.",
        None,
    )
    freshness = Key(
        one_of(*(freshness.word for freshness in Freshness), UNSURE),
        "How soon the answer goes stale; `unsure` where a rule finds it unknown.",
        None,
    )
    sensitivity = Key(LABEL, "The final label: everything considered, after masking.", None)
    findings = Key(
        _FINDINGS, "What is found at least, by names and classes; an empty list: nothing at all.", None
    )
    language = Key(
        one_of(*LANGUAGES, "und"), "The language, by its ISO 639-1 code; und where it is not known.", None
    )
    route = Key(reference("route"), "The route that serves.", None)
    reason = Key(
        one_of(*(reason.value for reason in Reason)),
        "Why that route: it matched, it serves the rest (default), a route (forced) or a model (named) was "
        "asked for, or a tool loop goes on (continued).",
        None,
    )
    model = Key(reference("chat"), "The model that is asked first.", None)
    candidates = Key(
        one_or_more(reference("chat"), least=0), "All models that may be asked, in their order.", None
    )
    blocked_by = Key(reference("guard"), "The guard that blocks.", None)
    masked = Key(
        _FINDINGS, "What is masked at least, by names and classes; an empty list: nothing at all.", None
    )
    refused = Key(FLAG, "Whether no model that could serve is cleared for the label.", None)
    retrieve = Key(
        one_or_more(reference("knowledge"), least=0),
        "Exactly the knowledge bases that may be searched.",
        None,
    )
    tools = Key(one_or_more(reference("tool"), least=0), "Exactly the tool sources that may be called.", None)
    error = Key(one_of(*ERRORS), "The code of the error that comes before any rule is looked at.", None)


def _expected(fields: ExpectFields) -> Mapping[str, Expected]:
    if not fields.value.pairs():
        raise Wrong("nothing is expected", f"expect one of: {', '.join(ExpectFields.keys)}")
    return {key: expected for key, expected in fields.read.items() if expected is not None}


class CaseFields(Fields, what="a case", rules={"oneOf": [{"required": [key]} for key in _SENT]}):
    name = Key(SAID, "What reports call the case; without it, the beginning of what is said.", "")
    say = Key(SAID, "What the caller says: a conversation of one message.", "")
    messages = Key(
        list_of(_MAPPING, least=1),
        "The conversation, each message as the API takes it: {role: user, content: …}.",
        (),
    )
    request = Key(
        _MAPPING, "A whole chat completions request, as the API takes it; for `auto` unless it says so.", None
    )
    as_ = Key(reference("caller"), "The caller that asks; without it, anyone, cleared for everything.", None)
    headers = Key(by_name(TEXT), "Headers of the request, such as x-pointsman-sensitivity.", _NO_HEADERS)
    model = Key(SAID, "The model that is asked for: auto, route/NAME, a model or an alias.", "auto")
    tools = Key(list_of(_MAPPING), "Tools of the caller's own, as the API takes them.", ())
    metadata = Key(_MAPPING, "The request's metadata.", None)
    stream = Key(FLAG, "Whether a stream is asked for.", False)
    expect = Key(section(ExpectFields, _expected), "What must come true.", _NOTHING, required=True)


class CasesFields(Fields, what="a file of cases"):
    cases = Key(
        list_of(section(CaseFields, lambda fields: fields)),
        "Requests, and what is expected to become of them.",
        (),
        required=True,
    )


def _case(fields: CaseFields, found: Reading) -> Case | None:
    sent = [key for key in _SENT if key in fields.present]
    if len(sent) != 1:
        if fields.value.kind == "a mapping":
            found.wrong(fields.value, "a case sends one thing", f"give it one of: {', '.join(_SENT)}")
        return None
    request = _whole(fields, found) if sent == ["request"] else _said(fields)
    headers = {name.lower(): value for name, value in fields.headers.items()}
    name = fields.name or _named_after(request)
    return Case(name, fields.value.file, fields.value.line, request, fields.expect, fields.as_, headers)


def _whole(fields: CaseFields, found: Reading) -> Mapping[str, Any]:
    for key in _BESIDE:
        if key in fields.present:
            found.wrong(fields.present[key], f"{key} stands inside of request", f"move {key} into it")
    return {"model": "auto", **(fields.request or {})}


def _said(fields: CaseFields) -> Mapping[str, Any]:
    messages = list(fields.messages) or [{"role": "user", "content": fields.say}]
    beside = {key: fields.read[key] for key in _BESIDE if key in fields.read}
    return {"model": fields.model, **beside, "messages": messages}


def _named_after(request: Mapping[str, Any]) -> str:
    """What the last message says, as a name."""
    messages = request.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    content = last.get("content") if isinstance(last, dict) else None
    if isinstance(content, list):
        content = next((part["text"] for part in content if isinstance(part, dict) and "text" in part), None)
    words = " ".join(str(content or "").split()) or "a request"
    return words if len(words) <= _NAME else words[: _NAME - 1] + "…"


# What the gateway would not read


def _check_request(
    fields: CaseFields, case: Case, parse: Callable[[bytes], object] | None, found: Reading
) -> None:
    """A request that the gateway refuses to read is a mistake, unless the case expects an error."""
    if "error" in case.expect:
        return
    given = fields.present.get("headers")
    for name, value in found.attempt(given, Value.pairs, []) if given is not None else ():
        if name.scalar.lower() == _SENSITIVITY:
            found.attempt(value, label, None)
    try:
        if parse is not None:
            parse(json.dumps(case.request).encode())
    except InvalidRequest as error:
        place = _within(fields, error.param or "")
        found.wrong(place, error.message.rstrip("."), "or expect {error: invalid_request}")


def _within(fields: CaseFields, path: str) -> Value:
    """The value at a path such as `messages[0].role`, as far as the case holds it."""
    place = fields.present.get("request") or fields.present.get("say") or fields.value
    for step in _STEP.findall(path):
        if place.kind == "a mapping":
            members = {key.scalar: value for key, value in place.pairs()}
        elif place.kind == "a list":
            members = {str(index): value for index, value in enumerate(place.items())}
        else:
            members = {}
        if step not in members:
            break
        place = members[step]
    return place


# Names


def _check_names(policy: Policy, found: Reading) -> None:
    known: Mapping[str, tuple[str, Collection[str]]] = {
        "caller": ("caller", [known.caller.name for known in policy.callers]),
        "route": ("route", [route.name for route in policy.routes]),
        "chat": ("model", [model.name for model in policy.models.values() if model.kind == "chat"]),
        "guard": ("guard", [guard.name for guard in policy.guards]),
        "knowledge": ("knowledge base", policy.knowledge),
        "tool": ("tool source", policy.tools),
    }
    for kind, name, value in found.references:
        what, names = known[kind]
        if name not in names:
            found.wrong(value, f"there is no {what} {value.shown}", proposal(name, names, "there are"))


def _check_model(fields: CaseFields, policy: Policy, found: Reading) -> None:
    """A name that nothing answers to is a mistake, unless the case expects just that."""
    value = fields.present.get("model")
    if value is None or "error" in fields.expect:
        return
    try:
        resolve(policy, fields.model, _EVERYBODY)
    except UnknownModel as error:
        found.wrong(value, error.message, "or expect {error: model_not_found}")
