"""Rules for passports, licences and health insurers' numbers, whose words before them are the best sign."""

from __future__ import annotations

from typing import Final

from stdnum import luhn
from stdnum.ca import bc_phn
from stdnum.gb import nhs

from gateway.classify.numbered import named


def medicare(value: str) -> bool:
    """Australia, Services Australia: eight digits from 2 to 6 on, weights 1 3 7 9 1 3 7 9, modulo 10."""
    digits = [int(d) for d in value if d.isdigit()]
    weighed = sum(d * w for d, w in zip(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9), strict=True))
    return digits[0] in range(2, 7) and weighed % 10 == digits[8]


def kvnr(value: str) -> bool:
    """Germany, section 290 SGB V: the letter's two digits before the others, weights 1 2, sums of digits."""
    text = value.upper()
    digits = f"{ord(text[0]) - 64:02d}{text[1:9]}"
    products = (int(d) * (1 + n % 2) for n, d in enumerate(digits))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(text[9])


def card_80756(value: str) -> bool:
    """Switzerland, the insurance card: ISO/IEC 7812 with an issuer of its own."""
    return luhn.is_valid(value.replace(" ", ""))


_ID = r"[A-Z]{0,4}-?\d[A-Z0-9]{0,2}\d[A-Z0-9-]{2,12}"
_LOOSE = r"[A-Z0-9]{1,4}[A-Z0-9 -]{0,3}\d[A-Z0-9 -]{3,14}[A-Z0-9]"

RULES: Final = (
    named(
        "passport",
        r"passport|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|paszport|útlevél|pasapor"
        r"t|pass ?nr"
        r"|путівник|pasaporto|pasapor|hộ chiếu|paspor|(?:doc|document) ?type[\"' :=]+P\b|护照"
        r"|護照|パスポート|旅券|паспорт|여권|جواز",
        r"[A-Z]{1,3}\d{6,9}|\d\d[A-Z]{2}\d{5}|\d{2} ?\d{2} ?\d{6}|[A-Z]{0,3}\d[A-Z0-9]{6,9}|[A-Z]{1,2} ?"
        r"\d{6,8}"
        r"|[A-Z]\d[A-Z0-9]{6,8}|[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}|[A-Z]\d[A-Z]{4,8}\d",
    ),
    named(
        "driver_licence",
        r"driver'?s?'? licen[cs]e|drivers? licen[cs]e|driving licen[cs]e|\bdl (?:no|number|#)|führersche"
        r"in|fuehrerschein|licen[cs]e id|permis de conduire"
        r"|licencia de conduc\w*|permiso de conduc\w*|carta de condução|\bcnh\b|patente di guida|rijbewi"
        r"js|körkort"
        r"|førerkort|kørekort|ajokortti|prawo jazdy|ehliyet|водительск\w*|驾驶证|驾照|運転免許|운전면허",
        r"[A-Z]{1,2}\d[A-Z0-9]{5,14}|[A-Z0-9]{5}\d{6}[A-Z0-9]{2}\d[A-Z]{2}|\d{2}-?\d{2}-?\d{6}-?\d{2}"
        r"|[A-Z]{0,6}\d[A-Z0-9]{3,14}(?:-[A-Z0-9]{2,6}){0,3}",
    ),
    named(
        "id_card",
        r"identity card|\bid card|\bid n(?:o|r|umber)\b|national id|personal id|citizen id|carte d'identité"
        r"|carta d'identità|dowód osobist\w*|identiteitskaart|a-number|alien registration|residence perm"
        r"it|biometric permit"
        r"|green card",
        _LOOSE,
    ),
    named("medical_record", r"\bnhs\b", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid),
    named("medical_record", r"\bchi n(?:o|umber)\b", r"\d{10}"),
    named(
        "medical_record",
        r"\bmrn\b|\bmrn|medical record|patient id|patient n(?:o|umber)\b|patient file"
        r"|patienten ?(?:nummer|nr)|"
        r"patienten id"
        r"|\buhid\b|\bempi\b|\bnhi\b|journal ?nummer|numéro de patient|n° patient|nº de historia"
        r"|patientnummer|номер карты"
        r"|hospital n(?:o|umber)|chart n(?:o|umber)|fallnummer|dossier médical|\bipp\b|historia clínica|"
        r"\bnhc\b"
        r"|cartella clinica|prontuário|病历号|病案号|診察券|patiëntnummer|potilasnumero",
        _ID,
    ),
    named(
        "insurance_number",
        r"\bmbi\b|medicare",
        r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]"
        r"[AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d\d",
    ),
    named("insurance_number", r"medicare", r"[2-6]\d{3} ?\d{5} ?\d(?: ?/ ?\d)?", medicare),
    named(
        "insurance_number",
        r"krankenversicher\w*|versicherten ?(?:nummer|nr)|krankenkasse|\bkvnr\b|gesundheitskarte",
        r"[A-Z] ?\d{3} ?\d{3} ?\d{3}",
        lambda value: kvnr(value.replace(" ", "")),
    ),
    named(
        "insurance_number",
        r"\bphn\b|care card|personal health n",
        r"\d{4}[ -]?\d{3}[ -]?\d{3}",
        bc_phn.is_valid,
    ),
    named("insurance_number", r"\bohip\b|health card", r"\d{4}[ -]?\d{3}[ -]?\d{3}(?:[ -]?[A-Z]{2})?"),
    named(
        "insurance_number",
        r"versichertenkarte|carte d'assuré|\behic\b",
        r"80756 ?\d{5} ?\d{5} ?\d{5"
        r"}",
        card_80756,
    ),
    named(
        "insurance_number",
        r"health insurance|medicaid|insurance (?:no|number|id|policy)|health policy|member id|member n(?"
        r":o|umber)"
        r"|subscriber id|policy holder id|policyholder id|krankenversicher|numéro d'adhérent|mutuelle|\b"
        r"hicn\b",
        r"[A-Z0-9]{1,4}\d[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{2,5}){0,3}\d[A-Z0-9]{0,3}",
    ),
)
