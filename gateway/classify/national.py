"""Rules for numbers that a state or a health insurer gives a person: check digits, or words before them."""

from __future__ import annotations

from typing import Final

from gateway.classify import europe, papers, records, tables, world

RULES: Final = world.RULES + europe.RULES + papers.RULES + records.RULES + tables.RULES
