"""What masking would leave of a request's label, told from its findings alone, where no text is at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.classify.label import left_of
from gateway.labels import highest
from gateway.policy.schema import Guard
from gateway.types import Finding, Label


def estimated_label(
    guards: Sequence[Guard], findings: Iterable[Finding], label: Label, floor: Label
) -> Label:
    """The label after `guards` have masked a request that came as `label`; never more than that.

    `floor` is what masking cannot lower: the caller's label, the header's, and what cannot be read. Where no
    guard says `lowers_to`, or nothing that was found is masked, the label stays; so does that of what only
    guards without `lowers_to` mask. A finding without a span stands for the whole text: its label
    stays, as does a label that no finding explains, unless every guard that lowers says `accept_residual`.
    In service the masked text is labelled anew, so that what a detector found only then counts as well.
    """
    lowering = [guard for guard in guards if guard.lowers_to is not None]
    found = tuple(findings)
    spans = [finding for finding in found if finding.end > finding.start]
    masked = {name for guard in guards for name in guard.mask}
    if not lowering or all(masked.isdisjoint((finding.entity, finding.kind)) for finding in spans):
        return label
    left = [left_of(finding, guards) for finding in spans]
    if not all(guard.accept_residual for guard in lowering):
        left += [finding.label for finding in found if finding.end <= finding.start]
        if label > highest((floor, *(finding.label for finding in found))):
            left.append(label)
    lowest = [guard.lowers_to for guard in lowering if guard.lowers_to is not None]
    return min(label, highest((*lowest, *left, floor)))
