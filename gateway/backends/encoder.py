"""The small transformer of the classifier: layers of ours on what MiniLM's lower layers make of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.backends.minilm import MiniLM
from gateway.labels import Cleared


@dataclass(frozen=True, slots=True)
class SmallTransformer:
    """Implements `interfaces.Encoder`. `upper` is an ONNX file; of a text the first `tokens` are read."""

    minilm: MiniLM
    upper: Path
    tokens: int

    async def scores(self, text: Cleared[str]) -> Sequence[float]:
        return await self.minilm.scores(text, self.upper, self.tokens)
