"""Rules for numbers with a check of their own: payment cards, bank accounts, telephones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters
from typing import Final

import phonenumbers

from gateway.classify.rule import Hit, Match, Rule, caught, whole

_GROUP = re.compile(rb"\d+")
_CARD_GROUPS: Final = {
    (4, 4, 4, 4),
    (4, 6, 5),
    (4, 6, 4),
    (4, 4, 4, 4, 3),
    (4, 4, 4, 1),
    (4, 4, 5),
    (4, 4, 4, 2),
    (6, 13),
    (8, 8),
}
_NEXT: Final = re.compile(rb"[ .-]\d\d(?!\d)")
_LONGEST = 5
_LETTERS: Final = ascii_letters.encode()
_PARSED: Final = 200  # numbers of one text that are looked up in the numbering plans: up to 0.3 ms each
_ISSUERS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|62\d{14,17}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}|(?:508[125]|6069|607\d|6521|6522)\d{12}"
    r"|220[0-4]\d{12}|9792\d{12}|63[6-9]\d{13}|606282\d{10}"
)
_IBAN_SIZES: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 "
    "QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTH: Final = {each[:2]: int(each[2:]) for each in _IBAN_SIZES.split()}
_RUN = r"\d(?:[ .()/-]{0,2}\d){11}"
_REGIONS: Final = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "BR", "AU")
_PHONE_WORD = (
    r"(?:phone|telephone|tel|mobile|mob|cell|call|ring|text|sms|whatsapp|signal|fax|telefon|handy|mobil"
    r"|telefonnummer|rufnummer|téléphone|portable|teléfono|móvil|telefono|cellulare|telefone|celular|telefoon"
    r"|mobiel|numer|landline|reach (?:me|him|her|us|them)|contact|puhelin|mobilnummer|telefonszám|dzwoń|"
    r"komórka"
    r"|gsm|msisdn|call ?back|caller|hotline|pager|viber|imessage)"
)
_FOREIGN_WORD = (
    r"(?:电话|電話|手机号?|手機|联系方式|携帯|電話番号|전화|휴대폰|연락처|телефон|тел\.|моб\."
    r"|мобильный|звоните|τηλέφωνο|κινητό"
    r"|هاتف|جوال|טלפון|फ़ोन|मोबाइल|โทร|điện thoại)"
)


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    odd = sum(map(int, digits[-1::-2]))
    even = sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (odd + even) % 10 == 0


def is_card(digits: str) -> bool:
    """An issuer's prefix and length, Luhn's check digit, and not one digit over and over."""
    return _ISSUERS.fullmatch(digits) is not None and len(set(digits)) > 1 and luhn(digits)


def cards(match: Match) -> Iterator[Hit]:
    """Cards within a run of digits: alone, or in the groups that are printed on cards.

    Digits that a letter touches are of an identifier in hexadecimal, of which one in 4,000 holds a card.
    """
    text: bytes = match.string
    for hit in _cards(match):
        around = text[max(hit.start - 1, 0) : hit.start] + text[hit.end : hit.end + 1]
        if not any(byte in _LETTERS for byte in around):
            yield hit


def _cards(match: Match) -> Iterator[Hit]:
    raw: bytes = match.group()
    groups = [(m.start(), m.end()) for m in _GROUP.finditer(raw)]
    sizes = [end - start for start, end in groups]
    for at, (start, end) in enumerate(groups):
        if 13 <= sizes[at] <= 19:
            if at and raw[start - 1 : start] == b"." and start == groups[at - 1][1] + 1:
                continue  # what stands after a decimal point
            if is_card(raw[start:end].decode()):
                yield Hit("payment_card", match.start() + start, match.start() + end, 0.95)
        elif sizes[at] in (4, 6, 8):
            yield from _grouped(raw, groups, sizes, at, match.start())


def _grouped(
    raw: bytes, groups: list[tuple[int, int]], sizes: list[int], at: int, base: int
) -> Iterator[Hit]:
    for count in range(2, _LONGEST + 1):
        if tuple(sizes[at : at + count]) in _CARD_GROUPS and len(sizes) >= at + count:
            digits = b"".join(raw[s:e] for s, e in groups[at : at + count]).decode()
            if is_card(digits):
                yield Hit("payment_card", base + groups[at][0], base + groups[at + count - 1][1], 0.97)


def iban(match: Match) -> Iterator[Hit]:
    """ISO 13616: the country's length, and 1 modulo 97; words after it may have been caught too."""
    raw: bytes = match.group(1)
    if not raw.isascii():  # two letters of other alphabets are an ASCII one in small
        return
    size = _IBAN_LENGTH.get(raw[:2].decode().upper())
    places = [n for n, byte in enumerate(raw) if byte not in b" -"]
    if size is None or len(places) < size:
        return
    if len(places) > size and raw[places[size - 1] + 1 : places[size]] == b"":
        return
    text = bytes(raw[n] for n in places[:size]).decode().upper()
    if int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1:
        yield Hit("iban", match.start(1), match.start(1) + places[size - 1] + 1, 0.97)


def international(match: Match) -> Iterator[Hit]:
    """A number with its country's code: a plus, or two zeros."""
    text = caught(match)
    digits = "".join(filter(str.isdigit, text))
    if not 7 <= len(digits) <= 16:
        return
    try:
        number = phonenumbers.parse("+" + digits.removeprefix("00") if text[0] == "0" else text)
    except phonenumbers.NumberParseException:
        return
    if phonenumbers.is_possible_number(number):
        sure = phonenumbers.is_valid_number(number)
        if sure or text[0] == "+":
            yield Hit("phone", match.start(1), match.end(1), 0.95 if sure else 0.7)


def national(match: Match) -> Iterator[Hit]:
    """A number whose shape or context says telephone: valid in one of the larger countries."""
    text = caught(match)
    digits = sum(map(str.isdigit, text))
    if _NEXT.match(match.string, match.end(1)):  # a list of numbers
        return
    if 7 <= digits <= 12 and any(_valid(text, region) for region in _REGIONS):
        yield Hit("phone", match.start(1), match.end(1), 0.85)


def told(match: Match) -> Iterator[Hit]:
    """A number that the words before it call a telephone number."""
    text = caught(match)
    digits = sum(map(str.isdigit, text))
    if (
        7 <= digits <= 13
        and text != "".join(filter(str.isdigit, text))[:7]
        and not re.match(r"\(?(?:19|20)\d\d-\d\d-", text)
    ):
        yield Hit("phone", match.start(1), match.end(1), 0.8)


def _valid(text: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        return False


_NATIONAL = (
    r"(?:^|[^\d\w+./-])(\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}-\d{3}-\d{4}|\d{3}\.\d{3}\.\d{4}|0\d{2,5}[ /-]\d{5,8}"
    r"|0\d{2,4}[ /-]\d{3,4}[ -]\d{3,5}|0\d(?:[ .-]\d\d){4}|[67]\d\d[ .-]\d\d\d[ .-]\d\d\d"
    r"|\(0\d{1,4}\) ?\d[\d -]{4,9}\d|\([1-9]\d\) ?9?\d{4}-\d{4})"
)

RULES = (
    Rule(_RUN, _RUN + r"(?:[ .()/-]{0,2}\d)*", cards),
    Rule(
        r"(?i)\b[A-Z]{2}\d{2}[ -]?[A-Z0-9]{4}",
        r"(?i)\b([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{2,4}){3,9}(?:[ -]?[A-Z0-9]{1,4})?)",
        iban,
    ),
    Rule(
        r"\+\(?\d[\d ()./-]{5}",
        r"(?:^|[^\w+])(\+\(?\d{1,3}\)?(?:[ ()./-]{0,3}\d){6,13})\b",
        international,
        tries=_PARSED,
    ),
    Rule(
        r"\b00[1-9]\d", r"(?:^|[^\w.,+-])(00[1-9]\d(?:[ ()./-]{0,2}\d){7,12})\b", international, tries=_PARSED
    ),
    Rule(_NATIONAL, _NATIONAL + r"\b", national, tries=_PARSED),
    Rule(
        r"(?i)(?:\b|_)" + _PHONE_WORD + r"(?:\b|_)[^\d\n]{0,24}\d",
        r"(?i)(?:\b|_)"
        + _PHONE_WORD
        + r"(?:\b|_)[^\d\n?!,;]{0,24}?[ :(='\">]([(+]?\d(?:[ ()./-]{0,2}\d){6,12})\b",
        told,
    ),
    Rule(
        r"(?i)" + _FOREIGN_WORD,
        r"(?i)" + _FOREIGN_WORD + r"[^\d\n?!,;]{0,16}?([(+]?\d(?:[ ()./-]{0,2}\d){6,12})\b",
        told,
    ),
    Rule(
        r"(?i)account[ _-]?(?:number|no|nr|#)|acct|sort code|\brouting|kontonummer|konto-?nr|\bblz|bank accou"
        r"nt|de compte|de cuenta|clabe|conta (?:corrente|poupança|bancária|n)|conto corrente|numero di conto"
        r"|rekening|nr konta|numer (?:konta|rachunku)|rachunek|kontonr|bankgiro|hesap n|口座"
        r"|银行卡|银行账|帐号|账号",
        r"(?i)(?:clabe|\bconta (?:corrente|poupança|bancária|n[º°o.]\.?)|\bconto corrente|\bnumero di conto"
        r"|\brekening(?:nummer|nr)|\bnr konta|\bnumer (?:konta|rachunku)|\bkontonr|\bbankgiro|\bhesap no"
        r"|口座番号|口座|银行卡号?|银行账[户号]|帐号|账号|(?:\b|_)account[ _-]?(?:number|no|nr"
        r"|#)|\bacct|\bsort code|\brouting|\bkontonummer|\bkonto-?nr|\bblz|"
        r"\bbank account|\bnuméro de compte"
        r"|\bnúmero de cuenta)\.?[^\d\n]{0,16}(\d(?:[ -]?\d){4,17}(?:-[\dxX])?)\b",
        whole("bank_account", 0.85, 1),
    ),
    Rule(
        r"(?i)sort code|routing|\bbsb\b|\bblz",
        r"(?i)(?:sort code|routing|\bbsb|\bblz)[^\n]{0,40}?(?:account|acct|a/c|konto)[^\d\n]{0,16}(\d{6,"
        r"14})\b",
        whole("bank_account", 0.85, 1),
    ),
    Rule(
        r"(?i)(?:card|\bpan\b|\bvisa|amex|karte|carte|tarjeta|cartão|कार्ड)[^\d\n]{0,20}\d{4}",
        r"(?i)(?:\bcard|\bpan\b|\bvisa|mastercard|\bamex|karte|carte|tarjeta|cartão"
        r"|कार्ड)[^\d\n]{0,20}(\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4})\b",
        whole("payment_card", 0.6, 1),
    ),
)
