"""From probabilities to labels: pure functions that know when to be unsure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.labels import highest
from gateway.types import Finding, Freshness, Guess, Label, Task

BELIEVED: Final = 0.5  # a finding below this does not raise the label
_WORDS: Final = tuple(label.word for label in Label)
SURE: Final = 0.7  # a finding below this raises it, but unsurely


def task_guess(labels: Sequence[str], shares: Sequence[float], threshold: float) -> Guess[Task]:
    """The likeliest task, unsure below the threshold."""
    best = max(shares)
    known = dict(zip(labels, shares, strict=True))
    return Guess(Task(labels[shares.index(best)]), best, best < threshold, known)


def freshness_guess(labels: Sequence[str], shares: Sequence[float], threshold: float) -> Guess[Freshness]:
    """The likeliest freshness, unsure below the threshold."""
    at = max(range(len(shares)), key=shares.__getitem__)
    return Guess(
        Freshness[labels[at].upper()],
        shares[at],
        shares[at] < threshold,
        dict(zip(labels, shares, strict=True)),
    )


def sensitivity_guess(
    findings: Sequence[Finding], personal: float, threshold: float, doubt: float
) -> Guess[Label]:
    """Findings decide; where there is none, the model's chance that the text is about a person does.

    From `doubt` on the label is confidential (unsure means the higher one), from `threshold` on surely so.
    """
    believed = [f for f in findings if f.confidence >= BELIEVED]
    if not believed:
        return _told_by_model(personal, threshold, doubt)
    label = highest(f.label for f in believed)
    chance = max(f.confidence for f in believed if f.label == label)
    return Guess(label, chance, chance < SURE, _spread(label, chance))


def _told_by_model(personal: float, threshold: float, doubt: float) -> Guess[Label]:
    if personal < doubt:
        return Guess(Label.PUBLIC, 1.0 - personal, False, _spread(Label.PUBLIC, 1.0 - personal))
    return Guess(Label.CONFIDENTIAL, personal, personal < threshold, _spread(Label.CONFIDENTIAL, personal))


def _spread(label: Label, chance: float) -> Mapping[str, float]:
    """The rest of the probability goes to the label it would otherwise have been."""
    shares = dict.fromkeys(_WORDS, 0.0)
    other = Label.CONFIDENTIAL if label == Label.PUBLIC else Label.PUBLIC
    shares[label.word] = chance
    shares[other.word] += 1.0 - chance
    return shares
