"""Rules for the numbers that states outside Europe give a person, and their tax offices."""

from __future__ import annotations

from datetime import date
from typing import Final

from stdnum import luhn
from stdnum.ar import cuit
from stdnum.ar import dni as ar_dni
from stdnum.au import abn, tfn
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.co import nit
from stdnum.do import cedula
from stdnum.ec import ci
from stdnum.id import nik
from stdnum.il import idnr as teudat
from stdnum.in_ import aadhaar, epic, gstin, pan
from stdnum.jp import in_ as my_number
from stdnum.kr import brn, rrn
from stdnum.mx import curp, rfc
from stdnum.my import nric
from stdnum.nz import ird
from stdnum.pe import ruc
from stdnum.pk import cnic
from stdnum.th import pin
from stdnum.tr import tckimlik
from stdnum.us import ein, itin, ssn
from stdnum.za import idnr as za_id

from gateway.classify.numbered import named, shaped


def emirates_id(value: str) -> bool:
    year = int(value.replace("-", "")[3:7])
    return 1900 <= year <= date.max.year and value.startswith("784")


def hkid(value: str) -> bool:
    """Hong Kong: weights 9 down to 2 (a space before a lone letter counts 36), modulo 11, A for 10."""
    text = value.replace("(", "").replace(")", "").upper().rjust(9)
    values = [36 if c == " " else int(c, 36) for c in text[:8]]
    check = 10 if text[8] == "A" else int(text[8])
    return (sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True)) + check) % 11 == 0


def singapore(value: str) -> bool:
    """NRIC and FIN: weights 2 7 6 5 4 3 2, an offset of 4 for T and G and of 3 for M, and a letter."""
    text = value.upper()
    total = sum(int(d) * w for d, w in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(text[0], "XWUTRQPNMLK")
    place = 10 - total % 11 if text[0] == "M" else total % 11
    return letters[place] == text[8]


def taiwan(value: str) -> bool:
    """National ID: the letter's number, then weights 8 down to 1 and 1, modulo 10."""
    number = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(value[0].upper()) + 10
    digits = [int(d) for d in value[1:]]
    total = (
        number // 10
        + number % 10 * 9
        + sum(d * w for d, w in zip(digits, (8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True))
    )
    return total % 10 == 0


RULES: Final = (
    # North America
    shaped("ssn", r"\d{3}-\d{2}-\d{4}", ssn.is_valid),
    named("ssn", r"\bssn|social security|\bsocial\b|\bssn\b", r"\d{3}[- .]\d{2}[- .]\d{4}", ssn.is_valid),
    named("ssn", r"\bssn|social security", r"\d{9}", ssn.is_valid),
    shaped("tax_id", r"9\d\d-(?:[57-8]\d|6[0-5]|9[0-24-9])-\d{4}", itin.is_valid),
    named("tax_id", r"\bein\b|\bfein\b|employer id\w*", r"\d{2}-?\d{7}", ein.is_valid),
    named(
        "tax_id",
        r"\bitin\b|taxpayer id|\btin\b|\btax id|tax n(?:umber|o\b)",
        r"\d{2,3}[- ]?\d{2,3}[- ]?\d{2,7}",
    ),
    named(
        "ssn",
        r"\bsin\b|social insurance|assurance sociale",
        r"\d{3}[ -]?\d{3}[ -]?\d{3}",
        lambda value: luhn.is_valid("".join(filter(str.isdigit, value))),
        strict=True,
    ),
    shaped("id_card", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", curp.is_valid),
    named("id_card", r"\bcurp\b", r"[A-Z]{4}\d{6}[A-Z]{6,7}[A-Z0-9]?\d"),
    named(
        "tax_id",
        r"\brfc\b",
        r"[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{3}",
        lambda value: rfc.is_valid(value, validate_check_digits=False),
    ),
    # Latin America
    shaped("tax_id", r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf.is_valid),
    named("tax_id", r"\bcpf\b", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", cpf.is_valid),
    shaped("tax_id", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", cnpj.is_valid),
    named("tax_id", r"\bcnpj\b", r"\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}", cnpj.is_valid),
    shaped("tax_id", r"(?:20|2[3-7]|3[034])-\d{8}-\d", cuit.is_valid),
    named("tax_id", r"\bcuit\b|\bcuil\b", r"\d{2}[- ]?\d{8}[- ]?\d", cuit.is_valid),
    named("id_card", r"\bdni\b", r"\d{2}\.\d{3}\.\d{3}", ar_dni.is_valid),
    shaped("tax_id", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", rut.is_valid),
    named("tax_id", r"\brut\b", r"\d{1,2}\.?\d{3}\.?\d{3}-?[\dkK]", rut.is_valid, strict=True),
    named("tax_id", r"\bnit\b", r"\d{3}\.?\d{3}\.?\d{3}-?\d", nit.is_valid, strict=True),
    named("id_card", r"cédula|cedula", r"\d{3}-?\d{7}-?\d", cedula.is_valid),
    named("id_card", r"cédula|cedula", r"\d{9}-?\d", ci.is_valid),
    named(
        "id_card",
        r"cédula|cedula de ciudadan|\bc\. ?c\.",
        r"\d{1,2}\.\d{3}\.\d{3}|1\.\d{3}\.\d{3}\."
        r"\d{3}",
    ),
    named("tax_id", r"\bruc\b", r"\d{11}", ruc.is_valid, strict=True),
    # India and around
    shaped("id_card", r"[2-9]\d{3} \d{4} \d{4}", aadhaar.is_valid),
    named("id_card", r"aadhaar|aadhar|\buidai\b|आधार", r"\d{4}[ -]?\d{4}[ -]?\d{4}", aadhaar.is_valid),
    named("tax_id", r"\bpan\b|permanent account|पैन", r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", pan.is_valid),
    shaped("tax_id", r"[A-Z]{3}P[A-Z]\d{4}[A-Z]", pan.is_valid),
    named("tax_id", r"\bgstin\b|\bgst\b", r"\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]", gstin.is_valid),
    named("id_card", r"voter id|\bepic\b", r"[A-Z]{3}\d{7}", epic.is_valid),
    shaped("id_card", r"[1-7]\d{4}-\d{7}-[1-9]", cnic.is_valid),
    named("id_card", r"\bcnic\b|\bnicop\b", r"\d{5}-?\d{7}-?\d", cnic.is_valid),
    # East and South-East Asia
    shaped("id_card", r"[1-9]\d{16}[\dX]", ric.is_valid),
    named("id_card", r"身份证|身份證|居民身份|resident id", r"\d{17}[\dXx]", ric.is_valid),
    shaped("id_card", r"\d{6}-[1-8]\d{6}", rrn.is_valid),
    named("id_card", r"주민등록|주민번호|\brrn\b", r"\d{6}-?[1-8]\d{6}"),
    named("tax_id", r"사업자", r"\d{3}-?\d{2}-?\d{5}", brn.is_valid),
    named("id_card", r"マイナンバー|個人番号|my number", r"\d{4}[ -]?\d{4}[ -]?\d{4}", my_number.is_valid),
    shaped("id_card", r"[A-Z]{1,2}\d{6}\([0-9A]\)", hkid),
    named("id_card", r"\bhkid\b|香港身份", r"[A-Z]{1,2}\d{6}\(?[0-9A]\)?"),
    named("id_card", r"身分證|國民身分|taiwan\w* id", r"[A-Z][12]\d{8}", taiwan),
    shaped("id_card", r"[STFGM]\d{7}[A-Z]", singapore),
    named("id_card", r"\bnric\b|\bfin n(?:o|umber)\b", r"[STFGM]\d{7}[A-Z]|\d{6}-?\d{2}-?\d{4}"),
    named("id_card", r"\bmykad\b|kad pengenalan", r"\d{6}-?\d{2}-?\d{4}", nric.is_valid),
    named("id_card", r"\bnik\b|\bktp\b", r"\d{16}", nik.is_valid),
    named("id_card", r"บัตรประชาชน|เลขประจำตัวประชาชน|thai id", r"\d-?\d{4}-?\d{5}-?\d{2}-?\d", pin.is_valid),
    named("id_card", r"\bcccd\b|\bcmnd\b|căn cước", r"\d{12}|\d{9}"),
    named("id_card", r"philsys|\bumid\b", r"\d{4}-?\d{7}-?\d|\d{4}-?\d{4}-?\d{4}-?\d{4}"),
    # the Middle East, Africa, Oceania
    named("id_card", r"teudat zehut|israeli id|תעודת זהות|ת\.ז|teudat", r"\d{8,9}|\d{8}-\d", teudat.is_valid),
    shaped("id_card", r"784-?\d{4}-?\d{7}-?\d", emirates_id),
    named("id_card", r"emirates id", r"784-?\d{4}-?\d{7}-?\d", emirates_id),
    named("id_card", r"iqama|الهوية|saudi id", r"[12]\d{9}"),
    shaped("id_card", r"\d\d[01]\d[0-3]\d{5}[01][89]\d", za_id.is_valid),
    named(
        "id_card",
        r"\bsa[ -]id\b|south african id|\brsa[ -]id\b|\bza[ -]id\b",
        r"\d{6} ?\d{4} ?\d{3}",
        za_id.is_valid,
    ),
    named("id_card", r"\bnin\b|\bbvn\b", r"\d{11}"),
    named("id_card", r"kimlik", r"\d{11}", tckimlik.is_valid),
    named("tax_id", r"\btfn\b|tax file n", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}", tfn.is_valid),
    named("tax_id", r"\babn\b", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", abn.is_valid, strict=True),
    named("tax_id", r"\bird\b", r"\d{2,3}-?\d{3}-?\d{3}", ird.is_valid, strict=True),
)
