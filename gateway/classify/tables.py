"""Rules for tables of signs: what stands under a column's name is what the column is called.

A header is a line with delimiters and a telling name between them; the lines after it that have as many
fields are its rows. A cell must look like what its column holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from stdnum import luhn
from stdnum.br import cnpj, cpf
from stdnum.es import dni, nie
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.nl import bsn
from stdnum.pl import nip, pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from gateway.classify.numbered import Valid
from gateway.classify.rule import Hit, Match, Rule, caught


class _Column(NamedTuple):
    """What a column with one of these names holds; names without signs, so `passport_no` is `passportno`."""

    entity: str
    names: str
    cell: str
    valid: Valid | None = None


_NR: Final = r"(?:no|nr|num|number|nummer|id)?"
_COLUMNS: Final = (
    _Column(
        "passport",
        rf"(?:passport|pass|reisepass|passeport|pasaporte|passaporte|passaporto|paspoort"
        rf"|paszport){_NR}|护照号?码?"
        r"|旅券番号|パスポート番号",
        r"[A-Z]{0,3}\d[A-Z0-9]{4,9}",
    ),
    _Column(
        "driver_licence",
        rf"(?:drivers?|driving)?licen[cs]e{_NR}|dl{_NR}|f(?:ü|ue)hrerschein{_NR}|cnh"
        rf"|rijbewijs{_NR}|permis|patente"
        r"|licencia|körkort|prawojazdy",
        r"[A-Z]{0,6}\d[A-Z0-9-]{4,16}",
    ),
    _Column(
        "date_of_birth",
        r"dob|dateofbirth|birthdate|birthday|bday|born|geb|geburtsdatum|geburtstag|gebdatum|geboortedatum"
        r"|datedenaissance|naissance|nele|fecha(?:de)?nac\w*|nacimiento|data(?:de|di)?nasc\w*"
        r"|nascimento|nascita"
        r"|dataurodzenia|födelsedatum|fødselsdato|syntymäaika|doğumtarihi|出生日期|生年月日|生日"
        r"|датарождения",
        r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ][\d:.Z+]+)?|(?:19|20)\d{6}"
        r"|\d{1,2}[ -]?[^\W\d]{3,9}\.?[ -]?\d{2,4}",
    ),
    _Column(
        "phone",
        rf"(?:tele)?(?:ph|f)one?{_NR}|tel{_NR}|telefon{_NR}|mobile?{_NR}|mobil{_NR}"
        rf"|cell(?:phone)?|handy{_NR}|celular"
        r"|móvil|teléfono|téléphone|portable|telefono|cellulare|telefoon|gsm|puhelin|телефон"
        r"|電話番号?|电话|手机号?",
        r"[(+]?\d(?:[ ()./-]{0,2}\d){6,13}",
    ),
    _Column(
        "bank_account",
        r"(?:bank)?(?:account|acct)(?:no|nr|num|number)|kontonummer|kontonr|konto|clabe"
        r"|bankaccount|contacorrente"
        r"|cuentabancaria|rekeningnummer|nrkonta|numerokonta",
        r"\d(?:[ -]?\d){5,19}(?:-[\dX])?",
    ),
    _Column(
        "medical_record",
        r"mrn|patient(?:en)?(?:id|no|nr|number|nummer)|medicalrecord(?:no|number)?|chart(?:no"
        r"|number)|nhc|ipp|uhid",
        r"[A-Z]{0,5}-?\d[A-Z0-9-]{3,14}",
    ),
    _Column("medical_record", rf"nhs{_NR}", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid),
    _Column(
        "insurance_number",
        r"insurance(?:no|number|id)|memberid|membernumber|policy(?:no|number)|mbi",
        r"(?:[A-Z]{0,5}-?)\d[A-Z0-9-]{5,16}",
    ),
    _Column(
        "tax_id", r"cpf(?:cnpj)?|documento|doc|document|taxid", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", cpf.is_valid
    ),
    _Column(
        "tax_id", r"(?:cpf)?cnpj|documento|doc|taxid", r"\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}", cnpj.is_valid
    ),
    _Column("id_card", r"dni|nif|documento", r"\d{8}-?[A-Z]", dni.is_valid),
    _Column("id_card", r"nie|documento", r"[XYZ]-?\d{7}-?[A-Z]", nie.is_valid),
    _Column("id_card", r"pesel", r"\d{11}", pesel.is_valid),
    _Column("tax_id", r"nip", r"\d{10}|\d{3}-\d{3}-\d\d-\d\d", nip.is_valid),
    _Column("ssn", r"bsn", r"\d{9}", bsn.is_valid),
    _Column("ssn", rf"ssn|socialsecurity{_NR}", r"\d{9}|\d{3}-\d\d-\d{4}", ssn.is_valid),
    _Column(
        "ssn", r"sin|nas", r"\d{3}[ -]?\d{3}[ -]?\d{3}", lambda value: luhn.is_valid(re.sub(r"\D", "", value))
    ),
    _Column("id_card", r"personnummer|personnr", r"\d{6}(?:\d\d)?-?\d{4}", personnummer.is_valid),
    _Column("id_card", rf"aadhaar{_NR}", r"\d{4} ?\d{4} ?\d{4}", aadhaar.is_valid),
)
_NAMED: Final = [(re.compile(each.names), re.compile(each.cell), each) for each in _COLUMNS]
_WIDEST: Final = 64
_LONGEST: Final = 64  # rows that are read of one table
_UNLIKE: Final = 4  # rows without what the column should hold, until it is another's name
_LINE: Final = 1000  # bytes
_FIELD: Final = {
    sign: re.compile(rb'(?:[^"\n%s]+|"[^"\n]*")*' % re.escape(sign)) for sign in (b",", b";", b"|", b"\t")
}
_RUBBISH: Final = re.compile(r"[\W_]+")


def _fields(line: bytes, sign: bytes) -> list[tuple[int, bytes]]:
    """Where each field begins, and what is in it; a delimiter in quotes is none."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while len(found) < _WIDEST:
        match = _FIELD[sign].match(line, at)
        end = match.end() if match else at
        found.append((at, line[at:end]))
        if line[end : end + 1] != sign:
            break
        at = end + 1
    return found


def _table(match: Match) -> Iterator[Hit]:
    """The column whose name was caught, down to where the rows end or stop to look like it."""
    name = _RUBBISH.sub("", caught(match)).lower()
    columns = [(cell, column) for known, cell, column in _NAMED if known.fullmatch(name)]
    text: bytes = match.string
    named_at = match.start(1)
    begin = text.rfind(b"\n", max(named_at - _LINE, 0), named_at) + 1
    end = text.find(b"\n", named_at, named_at + _LINE)
    if not columns or end < 0 or (not begin and named_at > _LINE):
        return
    head = text[begin:end]
    sign = max(_FIELD, key=head.count)
    header = _fields(head, sign)
    place = next((n for n, (at, raw) in enumerate(header) if begin + at + len(raw) > named_at), None)
    if place is not None and len(header) > 1:
        yield from _rows(text, end + 1, sign, len(header), place, columns)


def _rows(
    text: bytes,
    at: int,
    sign: bytes,
    width: int,
    place: int,
    columns: list[tuple[re.Pattern[str], _Column]],
) -> Iterator[Hit]:
    unlike = 0
    for _ in range(_LONGEST):
        end = text.find(b"\n", at, at + _LINE)
        line = text[at : end if end >= 0 else at + _LINE]
        row = _fields(line, sign)
        if len(row) != width:
            return
        hits = [hit for c, column in columns for hit in _cell(at + row[place][0], row[place][1], c, column)]
        yield from hits
        unlike += not hits
        if unlike > _UNLIKE or end < 0:
            return
        at = end + 1


def _cell(at: int, raw: bytes, cell: re.Pattern[str], column: _Column) -> Iterator[Hit]:
    inner = raw.strip(b" \t\r\"'")
    value = inner.decode("utf-8", "replace")
    if not cell.fullmatch(value) or len(set(filter(str.isdigit, value))) < 2:
        return
    if column.valid is None or column.valid(value):
        start = at + raw.find(inner)
        yield Hit(column.entity, start, start + len(inner), 0.85)


_LATIN: Final = (
    r"(?:passport|pass|reisepass|passeport|pasaporte|passaport[eo]|paspoort|paszport|licen[cs]e|dl"
    r"|f(?:ü|ue)hrerschein|cnh|rijbewijs|permis|patente|licencia|körkort|dob|birth|bday|born|geb|geboorte"
    r"|naissance|fecha[ _-]?(?:de[ _-]?)?nac|nacimiento|data[ _-]?(?:de|di|nasc|urodz)|nasc|syntymäaika"
    r"|doğum|födelsedatum|fødselsdato|phone|telephone|fone|tel|mobile?|mobil|cell|handy|celular|móvil"
    r"|portable|gsm|puhelin|teléfono|téléphone|account|acct|konto|clabe|conta|cuenta|rekening|mrn|patient"
    r"|chart|nhc|ipp|uhid|nhs|insurance|member|policy|mbi|cpf|cnpj|docu?|tax[ _-]?id|dni|nif|nie|pesel"
    r"|nip|bsn|ssn|social|sin|personn|aadhaar)"
)
_OTHER: Final = (
    r"(?:护照号?码?|旅券番号|パスポート番号|出生日期|生年月日|生日|дата рождения|телефон|電話番?号?"
    r"|电话号?码?|手机号?码?)"
)
_ENDED: Final = r"[\"']? ?[,;|\t\r\n]"
RULES: Final = (
    Rule(
        r"(?i)[,;|\t] ?[\"']?(?:[a-z]+_)?"
        + _LATIN
        + "[a-z_]*"
        + _ENDED
        + "|^"
        + _LATIN
        + r"[a-z_]*[,;|\t]|"
        + _OTHER,
        r"(?i)(?:^|[,;|\t\n])[ \"']{0,2}(?:[a-z]+_)?(" + _LATIN + "[a-z_-]*(?: [a-z]+)?|" + _OTHER + ")",
        _table,
        reach=128,
    ),
)
