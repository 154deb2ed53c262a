"""Rules for what stands in fixed places: HL7's patient segment, travel documents in machines' records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.classify.rule import Hit, Match, Rule, caught, whole


def _patient(match: Match) -> Iterator[Hit]:
    """HL7 v2, PID: field 3 is the patient's number, field 7 the date of birth."""
    if sum(map(str.isdigit, caught(match))) >= 4:
        yield Hit("medical_record", match.start(1), match.end(1), 0.9)
    if match.group(2):
        yield Hit("date_of_birth", match.start(2), match.end(2), 0.9)


def _travel(match: Match) -> Iterator[Hit]:
    if sum(map(str.isdigit, caught(match))) >= 5:
        yield Hit("passport", match.start(1), match.end(1), 0.8)


RULES: Final = (
    Rule(
        r"PID\|",
        r"\bPID\|[^|\n]*\|[^|\n]*\|([A-Za-z0-9-]{4,24})[^|\n]*\|[^|\n]*\|[^|\n]*\|[^|\n]*\|"
        r"((?:19|20)\d\d[01]\d[0-3]\d)?",
        _patient,
    ),
    Rule(  # ICAO Doc 9303: documents of type P are passports
        r"(?i)\b(?:type|t|typ)[\"']?\s?[:= ]\s?[\"']?P\b",
        r"(?i)\bdoc[^\n]{0,24}?\b(?:type|typ|t)[\"']?\s?[:= ]\s?[\"']?P\b[^\n]{0,40}?\b(?:no|num|nr|number|n)"
        r"[\"']?\s?[:= ]\s?[\"']?([A-Z0-9]{6,9})\b",
        _travel,
    ),
    Rule(
        r"(?i)\b(?:dl|permis|permiso)[\"']?\s?[=:]",
        r"(?i:(?:^|[\s\"'?&{,;])(?:dl|permis|permiso)[\"']?\s?[=:]\s?[\"']?)([A-Z]\d{6,14}"
        r"|\d{2}[A-Z]{2}\d{5,6})\b",
        whole("driver_licence", 0.8, 1),
    ),
    Rule(  # the lines that machines read: the number, its check digit, the state, the date of birth
        r"<<",
        r"(?:^|[^A-Z0-9<])([A-Z0-9]{6,9})<{0,3}\d[A-Z<]{3}\d{6}\d[MF<X]\d{6}\d[A-Z0-9<]{14,16}",
        _travel,
    ),
)
