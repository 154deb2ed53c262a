"""How the small transformer reads a request, and how what it says changes what the linear models said.

Only what the linear models are unsure of is asked, of task and freshness alone: an answer may come too late,
and what is sensitive must not depend on that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from gateway.classify.asked import Asked
from gateway.classify.guess import freshness_guess, task_guess
from gateway.types import Freshness, Guess, Signals, Task

TOKENS: Final = 96  # that are read, with the two that every text is put between
_QUESTION, _SYSTEM, _SAID = 360, 160, 100  # characters
_BETWEEN: Final = " [SEP] "
_SHORT: Final = 300  # characters of a question that may lean on what was said before
_LEAST: Final = 1e-6  # of a probability, before its logarithm is taken


UPPER: Final = Path(__file__).parent / "weights" / "encoder.onnx"
_MIXES: Final = UPPER.with_suffix(".json")


@dataclass(frozen=True, slots=True)
class Mix:
    """How one axis is mixed: its labels in the order of the scores, which begin at `start`.

    It is asked where the best label's probability is below `ask`. The logarithm of the linear models'
    probabilities counts `trust`, the scores `share`; what comes out below `threshold` is unsure still.
    """

    labels: tuple[str, ...]
    start: int
    ask: float
    trust: float
    share: float
    threshold: float

    def mixed(self, told: Mapping[str, float], scores: Sequence[float]) -> list[float]:
        """The labels' probabilities, in their order."""
        own = scores[self.start : self.start + len(self.labels)]
        logits = [
            self.trust * math.log(max(told.get(label, 0.0), _LEAST)) + self.share * score
            for label, score in zip(self.labels, own, strict=True)
        ]
        highest = max(logits)
        powers = [math.exp(logit - highest) for logit in logits]
        total = sum(powers)
        return [power / total for power in powers]


def saved(mixes: Mapping[str, Mix], path: Path) -> None:
    path.write_text(json.dumps({axis: asdict(mix) for axis, mix in mixes.items()}, indent=1) + "\n")


def loaded(path: Path = _MIXES) -> Mapping[str, Mix]:
    """By axis: what `saved` wrote."""
    known = json.loads(path.read_text())
    return {axis: Mix(**{**mix, "labels": tuple(mix["labels"])}) for axis, mix in known.items()}


def written(request: Asked) -> str:
    """The request as one text of some 600 characters: the question first, since the end may be cut."""
    parts = [_ends(request.question, _QUESTION)]
    if request.system:
        parts.append(_ends(request.system, _SYSTEM))
    if request.before and len(request.question) < _SHORT:
        parts += (_ends(request.before, _SAID), _ends(request.answer, _SAID))
    return _BETWEEN.join(parts)


def worth_asking(signals: Signals, mixes: Mapping[str, Mix]) -> bool:
    return (
        signals.task.probability < mixes["task"].ask or signals.freshness.probability < mixes["freshness"].ask
    )


def refined(signals: Signals, scores: Sequence[float], mixes: Mapping[str, Mix]) -> Signals:
    """The signals with both axes told anew."""
    return replace(
        signals,
        task=_task(signals.task, scores, mixes["task"]),
        freshness=_freshness(signals.freshness, scores, mixes["freshness"]),
        refined=True,
    )


def _task(guess: Guess[Task], scores: Sequence[float], mix: Mix) -> Guess[Task]:
    return task_guess(mix.labels, mix.mixed(guess.probabilities, scores), mix.threshold)


def _freshness(guess: Guess[Freshness], scores: Sequence[float], mix: Mix) -> Guess[Freshness]:
    return freshness_guess(mix.labels, mix.mixed(guess.probabilities, scores), mix.threshold)


def _ends(text: str, most: int) -> str:
    """Its beginning and its end, where an instruction stands."""
    tail = most // 3
    return text if len(text) <= most else f"{text[: most - tail]}\n{text[-tail:]}"
