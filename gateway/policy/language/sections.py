"""The top level of a policy file: which sections and single values it may hold."""

from __future__ import annotations

from typing import Any

from gateway.policy.language.callers import CallerFields
from gateway.policy.language.definitions import Fields, Key, Shape, section
from gateway.policy.language.document import Reading, Value
from gateway.policy.language.guards import GuardFields
from gateway.policy.language.models import ALIASES, ModelFields
from gateway.policy.language.routes import RouteFields
from gateway.policy.language.shapes import DURATION, FLAG, LABEL, as_it_stands, one_of, reference
from gateway.policy.language.sources import KnowledgeFields, ToolsFields
from gateway.policy.schema import Log, Responses
from gateway.types import Label


class LogFields(Fields, what="log"):
    """What may be kept of a request's own words."""

    content = Key(
        one_of("never", "masked"), "Whether the words of requests are kept, masked.", "never", required=True
    )
    up_to = Key(LABEL, "The highest label of what is kept.", Label.PUBLIC)
    keep = Key(DURATION, "How long it is kept.", None)

    def __init__(self, value: Value, found: Reading) -> None:
        super().__init__(value, found)
        if self.content != "never":
            found.warn(value, "log: content is not enforced yet; no content is logged")


class ResponsesFields(Fields, what="responses"):
    """Which answers are kept, so that `previous_response_id` can refer to them."""

    up_to = Key(
        LABEL, "The highest label of what is kept; what is above is served all the same.", Label.RESTRICTED
    )
    keep = Key(DURATION, "How long it is kept, in this process's memory: a week at most.", 24 * 3600.0)


def _entries(fields: type[Fields]) -> Shape[Value]:
    """Entries that are read when every file is there, as one may name what another file defines."""
    return as_it_stands({"type": "array", "items": fields.schema()})


class PolicyFields(Fields, what="a policy"):
    """A policy file; the sections of all files of a folder are one policy."""

    models = Key(_entries(ModelFields), "What can answer.", None)
    aliases = Key(
        ALIASES,
        "What existing applications send, and what it stands for: `auto`, `route/NAME` or a model. `*` at "
        "the end of a name stands for any ending.",
        None,
    )
    knowledge = Key(_entries(KnowledgeFields), "What can be looked up.", None)
    tools = Key(_entries(ToolsFields), "What can be done, or asked of another system.", None)
    callers = Key(_entries(CallerFields), "Who may ask. With callers, every request needs a key.", None)
    guards = Key(_entries(GuardFields), "Each that applies acts, in order, before any route.", None)
    routes = Key(_entries(RouteFields), "The first whose condition is true serves; the last has none.", None)
    baseline = Key(reference("chat"), "The model that savings are measured against.", None)
    unreadable = Key(LABEL, "The label of what cannot be read: images, audio, files.", Label.CONFIDENTIAL)
    honour_model = Key(FLAG, "Whether a caller that names a model gets it; false routes it instead.", True)
    disclose = Key(FLAG, "Whether replies tell the task and the label in x-pointsman-* headers.", True)
    on_ledger_failure = Key(
        one_of("serve", "refuse"), "What happens to requests while the ledger cannot be written.", "serve"
    )
    log = Key(
        section(LogFields, lambda log: Log(log.content, log.up_to, log.keep)),
        "What may be kept of a request's own words.",
        Log(),
    )
    responses = Key(
        section(ResponsesFields, lambda kept: Responses(kept.up_to, kept.keep)),
        "Which answers of the Responses API are kept for later reference.",
        Responses(),
    )

    def _take(self, key: Value, given: Value, found: Reading) -> None:
        if key.scalar == "cases":
            said = "cases stand in files of their own"
            found.wrong(key, said, f"name the file {key.file.partition('.')[0]}.cases.yaml")
        else:
            super()._take(key, given, found)


MANY = ("models", "aliases", "knowledge", "tools", "callers")
"""The sections that several files may hold; every other key stands in one."""


def one_file_each(files: list[PolicyFields], found: Reading) -> None:
    """A key that stands in one file stands in no other."""
    first: dict[str, Value] = {}
    for fields in files:
        for key, value in fields.present.items():
            before = first.setdefault(key, value)
            if before is not value and key not in MANY:
                found.wrong(value, f"{key} is given already, in {before.file}", "keep it in one file")


def entries(files: list[PolicyFields], key: Key[Value, Any], found: Reading) -> list[Value]:
    """The entries of a section in every file, in order."""
    given = [fields.present[key.name] for fields in files if key.name in fields.present]
    return [entry for value in given for entry in found.attempt(value, Value.items, [])]
