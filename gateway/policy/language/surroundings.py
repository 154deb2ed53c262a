"""What a policy finds around it while it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.policy.language.secrets import Vault

Available = Callable[[str], bool]
Forbids = Callable[[str], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a policy finds around it: secrets, what listens, trained heads, documents, and its limits.

    `forbids` says what is wrong with a URL that the operator has not allowed, and what would be right.
    `documents` says whether a pattern names any document below the knowledge root.
    """

    vault: Vault
    available: Available | None = None
    forbids: Forbids | None = None
    trained: Available | None = None  # whether there is a head of this name
    documents: Available | None = None

    def forbidden(self, url: str | None) -> tuple[str, str] | None:
        return self.forbids(url) if self.forbids is not None and url is not None else None
