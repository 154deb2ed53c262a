"""Names the topic of a text that has been judged to be about a person: health, money, law or work."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[dict[str, str]] = {
    "health": r"diagnos|patient|cancer|tumou?r|\bhiv\b|depress|anxiety|panic attack|therap|medicat"
    r"|pregnan|pregunt|epilep"
    r"|diabet|asthma|surgery|surgeon|hospital|clinic|symptom|disease|illness|blind|dement|disorder|chemo"
    r"|insulin|\bmg\b"
    r"|krank|krebs|schwanger|arzt|maladie|enceinte|médecin|enferm|embaraz|médico|malatt|ziek|chorob|病|癌"
    r"|疾患|डॉक्टर|مرض",
    "finance": r"salary|payslip|\bloan|mortgage|\bdebt|owes?\b|overdraft|bankrupt|income|\btax\b|pension"
    r"|credit score"
    r"|gehalt|lohn|schulden|kredit|steuer|salaire|impôt|dette|sueldo|deuda|hipoteca|stipendio|mutuo"
    r"|salário|loon|kredyt"
    r"|工资|借|給料",
    "legal": r"court|lawyer|attorney|lawsuit|\bsue[ds]?\b|arrest|prison|custody|divorc|testif|asylum"
    r"|immigration|eviction"
    r"|police|probation|convict|\bfine\b|gericht|anwalt|scheidung|tribunal|avocat|juez|abogad|avvocat"
    r"|rechter|sąd|律师|離婚",
    "employment": r"\bboss\b|employee|\bhr\b|job offer|resign|fired|dismiss|performance review|\bcv\b"
    r"|résumé|interview"
    r"|application|apprentic|maternity leave|kündig|bewerbung|arbeitgeber|chef\b|licenci|candidature|jefe"
    r"|despid|curr[ií]cul"
    r"|ontslag|zwoln|辞|履歴書|简历",
}
_TOPICS: Final = {topic: re.compile(words, re.IGNORECASE) for topic, words in _WORDS.items()}


def topics(text: str) -> tuple[str, ...]:
    """The topics whose words occur, in the order of the table."""
    return tuple(topic for topic, words in _TOPICS.items() if words.search(text))
