"""The gate's checks, each with a text that takes it out: what the tests of the guarantee have to notice.

`SOCKETS`: random conversations find it, in the bytes that some destination was sent. `PINS`: another check
stands behind this one, so that nothing leaks without it; a test of its own holds it in place.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Found(Enum):
    """Which test finds it."""

    SOCKETS = "test_guarantee.py"
    PINS = "test_pins.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old`, which stands once in `file` of the package, becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    found: Found = Found.SOCKETS

    def apply(self, package: Path) -> None:
        file = package / self.file
        source = file.read_text()
        count = source.count(self.old)
        assert count == 1, (
            f"{self.name}: its text stands {count} times in gateway/{self.file}; mend the table"
        )
        file.write_text(source.replace(self.old, self.new))


def copy(package: Path, folder: Path) -> Path:
    """A copy of the package in the folder, without what Python compiled of it."""
    shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / package.name


MUTATIONS = (
    # The gate itself
    Mutation("the gate passes everything", "labels.py", "if label > destination.clearance:", "if False:"),
    Mutation(
        "the gate passes one label too many",
        "labels.py",
        "if label > destination.clearance:",
        "if label > destination.clearance + 1:",
    ),
    Mutation(
        "anyone can make a cleared value",
        "labels.py",
        "if self._seal is not _SEAL:",
        "if False:",
        Found.PINS,
    ),
    # Models
    Mutation(
        "a model is called without the gate",
        "strategies/call.py",
        'clear(request, request.label, spec, "model")',
        'clear(request, min(request.label, spec.clearance), spec, "model")',
    ),
    Mutation(
        "candidates are not held against the label",
        "policy/evaluate.py",
        "[model for model in models if label <= model.clearance]",
        "list(models)",
        Found.PINS,
    ),
    # What a request's label is made of
    Mutation(
        "the header is not read",
        "classify/label.py",
        "return highest((caller.label, *named))",
        "return caller.label",
    ),
    Mutation(
        "of several headers the last counts",
        "api/door.py",
        'b", ".join(values)',
        "values[-1]",
    ),
    Mutation(
        "the caller's floor does not count",
        "classify/label.py",
        "return highest((*labels, said_by(caller, headers)))",
        "return highest((*labels, said_by(replace(caller, label=Label.PUBLIC), headers)))",
    ),
    Mutation(
        "what cannot be read does not count",
        "classify/label.py",
        "    if signals.unreadable:\n",
        "    if False:\n",
    ),
    Mutation(
        "findings do not count",
        "classify/label.py",
        "labels = [signals.sensitivity.best, *(finding.label for finding in signals.findings)]",
        "labels = [Label.PUBLIC]",
    ),
    Mutation(
        "findings count by the sensitivity alone",
        "classify/label.py",
        "labels = [signals.sensitivity.best, *(finding.label for finding in signals.findings)]",
        "labels = [signals.sensitivity.best]",
        Found.PINS,
    ),
    Mutation(
        "the sensitivity counts by its findings alone",
        "classify/label.py",
        "labels = [signals.sensitivity.best, *(finding.label for finding in signals.findings)]",
        "labels = [finding.label for finding in signals.findings]",
        Found.PINS,
    ),
    Mutation(
        "what stands beside the messages is not read",
        "api/wire.py",
        'other_text="\\n".join(loose.texts),',
        'other_text="",',
    ),
    # Knowledge
    Mutation(
        "a base above the caller's clearance is searched",
        "policy/evaluate.py",
        "if source.label > facts.caller.clearance:",
        "if False:",
        Found.PINS,
    ),
    Mutation(
        "a base that is not cleared for the request may be searched",
        "policy/evaluate.py",
        "elif facts.label > source.clearance:",
        "elif False:",
        Found.PINS,
    ),
    Mutation(
        "a source that leaves no candidate is asked",
        "policy/evaluate.py",
        "elif not any(raised <= model.clearance for model in candidates):",
        "elif False:",
        Found.PINS,
    ),
    Mutation(
        "a base is searched without the gate",
        "strategies/retrieve.py",
        'clear(request.question, request.label, knowledge, "retriever")',
        'clear(request.question, min(request.label, knowledge.clearance), knowledge, "retriever")',
        Found.PINS,
    ),
    Mutation(
        "passages do not raise the label",
        "strategies/retrieve.py",
        "label = highest([request.label, *(passage.label for passage in passages)])",
        "label = request.label",
    ),
    Mutation(
        "a base above the caller's clearance is consulted",
        "classify/knowledge.py",
        "if base.label > caller.clearance:",
        "if False:",
        Found.PINS,
    ),
    Mutation(
        "a base is consulted without the gate",
        "classify/knowledge.py",
        'clear(query, request.label, base, "retriever")',
        'clear(query, min(request.label, base.clearance), base, "retriever")',
        Found.PINS,
    ),
    Mutation(
        "documents are embedded without the gate",
        "knowledge/meaning.py",
        'clear(texts, label, self._destination, "embedder")',
        'clear(texts, min(label, self._destination.clearance), self._destination, "embedder")',
        Found.PINS,
    ),
    Mutation(
        "a query is embedded without the gate",
        "knowledge/meaning.py",
        'clear(texts, query.label, self._destination, "embedder")',
        'clear(texts, min(query.label, self._destination.clearance), self._destination, "embedder")',
        Found.PINS,
    ),
    # What flows in
    Mutation(
        "what flows in is not held against the caller's clearance",
        "strategies/inflow.py",
        "if label > self.clearance:",
        "if False:",
    ),
    Mutation(
        "what flows in has its source's label, whatever is in it",
        "strategies/inflow.py",
        "Label.RESTRICTED if any(f.label is Label.RESTRICTED for f in findings) else source",
        "source",
    ),
    Mutation(
        "what flows in has no source's label",
        "strategies/inflow.py",
        "for f in findings) else source",
        "for f in findings) else Label.PUBLIC",
    ),
    # Tools
    Mutation(
        "a tool is called without the gate",
        "strategies/tools.py",
        'clear(own, label, source, "tool")',
        'clear(own, min(label, source.clearance), source, "tool")',
    ),
    Mutation(
        "results do not raise the label",
        "strategies/tools.py",
        "label = max(label, own)",
        "label = label",
    ),
    Mutation(
        "a call within a turn goes by the label before it",
        "strategies/tools.py",
        "await self._call(offer, call, request.labelled(label))",
        "await self._call(offer, call, request)",
    ),
    Mutation(
        "tools that write are not held back",
        "strategies/tools.py",
        "if writes and not request.trusted and not self._spec.writes_on_untrusted:",
        "if False:",
    ),
    Mutation(
        "results are trusted whoever sent them",
        "strategies/tools.py",
        "outcome.ours or offer.source.trusted",
        "True",
    ),
    Mutation(
        "passages are trusted whoever wrote them",
        "strategies/message.py",
        "trusted=all(passage.trusted for passage in passages)",
        "trusted=True",
    ),
    Mutation(
        "what callers say that tools said is trusted",
        "api/chat_message.py",
        'return role not in ("tool", "function")',
        "return True",
    ),
    # Masks
    Mutation(
        "what is left after masking is not labelled again",
        "classify/label.py",
        "return min(label, highest((*labels, label_of(left, caller, unreadable, headers))))",
        "return min(label, highest(labels))",
    ),
    Mutation(
        "what no guard lowers falls with the rest",
        "classify/label.py",
        "return min(finding.label, highest(lowered)) if lowered else finding.label",
        "return min(finding.label, highest(lowered))",
    ),
    Mutation(
        "a mask without lowers_to lowers",
        "classify/label.py",
        "    if not lowering:\n        return label\n",
        "",
        Found.PINS,
    ),
    Mutation(
        "lowers_to is not the least",
        "classify/label.py",
        "return min(finding.label, highest(lowered)) if lowered else finding.label",
        "return Label.PUBLIC if lowered else finding.label",
    ),
    Mutation(
        "a label of the whole text falls",
        "classify/label.py",
        "        labels += [finding.label for finding in before.findings if not _is_span(finding)]\n",
        "        pass\n",
        Found.PINS,
    ),
    Mutation(
        "what flows in is not masked",
        "strategies/inflow.py",
        "        if self.mask is None:\n            return Taken(text, label)\n",
        "        if True:\n            return Taken(text, label)\n",
    ),
    Mutation(
        "what is masked as it flows in lowers its label",
        "strategies/inflow.py",
        "return Taken(self.mask.hide(text), highest((_label(source, findings), *lowered)))",
        "return Taken(self.mask.hide(text), _label(source, findings))",
    ),
    Mutation(
        "values come back for tools that are not cleared for them",
        "strategies/inflow.py",
        "if label_shown > clearance:\n            return arguments, label\n",
        "if False:\n            return arguments, label\n        label_shown = label\n",
    ),
    Mutation(
        "values do not come back",
        "pipeline.py",
        "await serve(request, unmasking.emit)",
        "await serve(request, emit)",
    ),
    # What is written down
    Mutation(
        "the ledger keeps metadata without the gate",
        "accounting/words.py",
        "return clear(said, label, policy.log, KIND)",
        "return clear(said, Label.PUBLIC, policy.log, KIND)",
    ),
    Mutation(
        "metadata is kept whatever is in it",
        "accounting/words.py",
        "dict(request.metadata) if _clean(exchange) else None",
        "dict(request.metadata)",
    ),
)
