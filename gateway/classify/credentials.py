"""Rules for credentials: by their published shapes, by how drivers write them, by what stands before them."""

from __future__ import annotations

from typing import Final

from gateway.classify import assigned, connections, issued, keys, logins, passwords, sessions

RULES: Final = (
    keys.RULES
    + issued.RULES
    + connections.RULES
    + assigned.RULES
    + passwords.RULES
    + logins.RULES
    + sessions.RULES
)
