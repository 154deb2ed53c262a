"""Rules for numbers that a state or a health insurer gives a person: check digits, or words before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.il import idnr as teudat
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import cc
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import ssn
from stdnum.za import idnr as za_id

from gateway.classify.rule import Check, Hit, Match, Rule, caught

Valid = Callable[[str], bool]
_FEWEST = 5  # digits: fewer is a year or a page
_DATE = re.compile(r"(?:19|20)\d\d[-/. ]\d\d?[-/. ]\d\d?.*|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d")


def _spotted(entity: str, valid: Valid) -> Check:
    """The shape is telling enough: the check digit decides."""

    def check(match: Match) -> Iterator[Hit]:
        if valid(caught(match)):
            yield Hit(entity, match.start(1), match.end(1), 0.9)

    return check


def _told(entity: str, valid: Valid | None) -> Check:
    """Words before it name the number: a wrong check digit (a slip of the pen) makes it less sure only."""

    def check(match: Match) -> Iterator[Hit]:
        value = caught(match)
        if _numbered(value) and not _DATE.fullmatch(value):
            right = valid is None or valid(value)
            yield Hit(entity, match.start(1), match.end(1), 0.9 if right else 0.6)

    return check


def _numbered(value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    return digits >= _FEWEST or (digits >= 2 and len(value) >= 8 and value.isalnum() and value.isupper())


def shaped(entity: str, pattern: str, valid: Valid) -> Rule:
    """A rule for a number that its shape gives away."""
    bounded = r"(?:^|[^\w.-])(" + pattern + r")(?:$|[^\w-])"
    return Rule(r"\b" + pattern, bounded, _spotted(entity, valid))


def named(entity: str, words: str, pattern: str, valid: Valid | None = None) -> Rule:
    """A rule for a number that the words before it give away."""
    return Rule(
        r"(?i)(?:" + words + ")",
        r"(?i)(?:" + words + r")[^\d\n]{0,4}?(?:[ :=#.,-]|[^\x00-\x7f])[^\d\n]{0,20}?(" + pattern + r")\b",
        _told(entity, valid),
    )


def nino(value: str) -> bool:
    """United Kingdom, HMRC's manual NIM39110: prefixes that are never given out."""
    text = value.replace(" ", "").upper()
    return text[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def emirates_id(value: str) -> bool:
    year = int(value.replace("-", "")[3:7])
    return 1900 <= year <= date.max.year and value.startswith("784")


_ID = r"[A-Z]{0,3}-?\d[A-Z0-9]{0,2}\d[A-Z0-9-]{3,12}"
_LOOSE = r"[A-Z0-9]{1,4}[A-Z0-9 -]{0,3}\d[A-Z0-9 -]{3,14}[A-Z0-9]"

RULES = (
    # United States, United Kingdom, Canada, Australia
    shaped("ssn", r"\d{3}-\d{2}-\d{4}", ssn.is_valid),
    named("ssn", r"\bssn\b|social security", r"\d{3}[- ]?\d{2}[- ]?\d{4}", ssn.is_valid),
    named("tax_id", r"\bitin\b|taxpayer id|\btin\b|tax id", r"\d{2,3}[- ]?\d{2,3}[- ]?\d{2,5}"),
    shaped("ssn", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", nino),
    named("ssn", r"national insurance|\bnino\b|\bni n(?:o|umber)\b", r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]"),
    named("medical_record", r"\bnhs\b", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid),
    named("ssn", r"\bsin\b|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin.is_valid),
    named("tax_id", r"\btfn\b|tax file n", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}", tfn.is_valid),
    # Germany, Austria, Switzerland
    named(
        "tax_id",
        r"steuer-?id|steueridentifikation|idnr\b|steuer-?nummer",
        r"\d{2}[ /]?\d{3}[ /]?\d{3}[ /]?\d{2,4}",
        idnr.is_valid,
    ),
    named(
        "ssn",
        r"sv-?nummer|sozialversicherungs|rentenversicherungs|versicherungsnummer",
        r"\d\d ?\d{6} ?[A-Z] ?\d{3}|\d{4} ?\d{6}",
    ),
    shaped("ssn", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ahv.is_valid),
    named("id_card", r"personalausweis|ausweisnummer|ausweis-?nr", _ID),
    # France, Belgium, the Netherlands
    shaped("ssn", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d{2}", nir.is_valid),
    named(
        "ssn",
        r"sécu\b|sécurité sociale|securite sociale|\bnir\b",
        r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3}(?: ?\d{2})?",
    ),
    shaped("id_card", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", nn.is_valid),
    named(
        "ssn",
        r"\bbsn\b|burgerservicenummer|sofinummer",
        r"\d{9}|\d{3}[ .]\d{3}[ .]\d{3}|\d{4}\.\d{2}\.\d{3}",
        bsn.is_valid,
    ),
    # Spain, Portugal, Italy, Greece, Israel
    shaped("id_card", r"\d{8}[- ]?[A-HJ-NP-TV-Z]", dni.is_valid),
    shaped("id_card", r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", nie.is_valid),
    named("id_card", r"\bdni\b|\bnie\b|\bnif\b", r"[XYZ]?-?\d{7,8}[- ]?[A-Z]?"),
    named("id_card", r"cartão de cidadão|\bbi n", r"\d{8} ?\d ?[A-Z0-9]{2} ?\d", cc.is_valid),
    shaped("tax_id", r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", lambda value: True),
    named("tax_id", r"codice fiscale", r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
    named("ssn", r"\bamka\b|αμκα", r"\d{11}", amka.is_valid),
    named("id_card", r"teudat zehut|israeli id|תעודת זהות", r"\d{8,9}", teudat.is_valid),
    # the North
    shaped("id_card", r"\d{6}(?:\d{2})?[-+]\d{4}", personnummer.is_valid),
    named("id_card", r"personnummer", r"\d{6}(?:\d{2})?[-+]?\d{4}", personnummer.is_valid),
    shaped("id_card", r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", hetu.is_valid),
    named("id_card", r"\bcpr\b", r"\d{6}-?\d{4}", cpr.is_valid),
    named("id_card", r"fødselsnummer|fodselsnummer", r"\d{6} ?\d{5}", fodselsnummer.is_valid),
    # the East
    named("id_card", r"pesel", r"\d{11}", pesel.is_valid),
    shaped("id_card", r"\d{6}/\d{4}", rc.is_valid),
    named("id_card", r"rodné číslo|rodne cislo", r"\d{6}/?\d{3,4}", rc.is_valid),
    named("id_card", r"\bcnp\b", r"\d{13}", cnp.is_valid),
    named("tax_id", r"\boib\b", r"\d{11}", oib.is_valid),
    named("id_card", r"t\.?c\.? kimlik|kimlik no", r"\d{11}", tckimlik.is_valid),
    named("tax_id", r"\binn\b|инн\b|снилс", r"\d{12}|\d{3}-\d{3}-\d{3} ?\d\d"),
    # Latin America
    shaped("tax_id", r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
    named("tax_id", r"\bcpf\b", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", cpf.is_valid),
    shaped("id_card", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", curp.is_valid),
    named("id_card", r"\bcurp\b", r"[A-Z]{4}\d{6}[A-Z]{6,7}[A-Z0-9]?\d"),
    shaped("tax_id", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", rut.is_valid),
    # Asia, Africa
    shaped("id_card", r"\d{4} \d{4} \d{4}", aadhaar.is_valid),
    named("id_card", r"aadhaar|aadhar|आधार", r"\d{4}[ -]?\d{4}[ -]?\d{4}", aadhaar.is_valid),
    named("tax_id", r"\bpan (?:card|number|no)|permanent account", r"[A-Z]{5}\d{4}[A-Z]"),
    shaped("id_card", r"[1-9]\d{16}[\dX]", ric.is_valid),
    named("id_card", r"身份证|身份證|居民身份", r"\d{17}[\dXx]", ric.is_valid),
    shaped("id_card", r"\d{6}-[1-8]\d{6}", rrn.is_valid),
    named("id_card", r"マイナンバー|my number", r"\d{4}[ -]?\d{4}[ -]?\d{4}"),
    shaped("id_card", r"784-?\d{4}-?\d{7}-?\d", emirates_id),
    named("id_card", r"\bsa id|south african id|rsa id", r"\d{13}", za_id.is_valid),
    named("id_card", r"\bnric\b|\bfin number", r"[STFGM]\d{7}[A-Z]"),
    # anywhere
    named(
        "passport",
        r"passport|reisepass|passeport|pasaporte|passaporto|paspoort|paszport|护照|パスポート|паспорт",
        r"[A-Z]{0,3}\d[A-Z0-9]{6,9}|[A-Z]{1,2} ?\d{6,8}|[A-Z]\d[A-Z0-9]{6,8}|[A-Z]\d[A-Z]{4,8}\d",
    ),
    named(
        "driver_licence",
        r"driver'?s?'? ?licen[cs]e|driving licen[cs]e|führerschein|permis de conduire"
        r"|licencia de conducir|patente di guida|rijbewijs",
        r"[A-Z]{0,6}\d[A-Z0-9]{3,14}(?:-[A-Z0-9]{2,6}){0,3}",
    ),
    named(
        "id_card",
        r"identity card|\bid card|national id|personal id|citizen id|a-number|residence permit"
        r"|biometric permit",
        _LOOSE,
    ),
    named(
        "medical_record",
        r"\bmrn\b|medical record|patient id|patient number|patientennummer|hospital number",
        _ID,
    ),
    named(
        "insurance_number",
        r"health insurance|medicare|medicaid|insurance (?:no|number|id)|member id|krankenversicher"
        r"|versichertennummer|krankenkasse|policy holder id",
        r"[A-Z0-9]{1,4}\d[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{2,5}){0,3}\d[A-Z0-9]{0,3}",
    ),
)
