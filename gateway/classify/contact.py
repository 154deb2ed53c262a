"""Rules for what leads to a person: e-mail, network and street addresses, birth dates, names with context."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from gateway.classify.rule import Hit, Match, Rule, caught, whole

# Mailboxes of a role, and stand-ins in documentation: they lead to nobody.
_ROLE_NAMES: Final = (
    "info support sales help contact hello team office admin noreply no-reply donotreply do-not-reply "
    "postmaster webmaster abuse security billing newsletter news press jobs careers hr git user users "
    "username you your your.email yourname your-email name email me someone somebody test foo bar abc xyz "
    "root mail accounts accounting orders order bookings booking reservations reception enquiries inquiries "
    "service services customerservice customer-service customercare feedback subscribed unsubscribe "
    "notifications notification alerts alert mailer-daemon bounce bounces hostmaster privacy legal dpo gdpr "
    "invoices invoice payments media marketing events recruiting recruitment kontakt vertrieb buchhaltung "
    "rechnung bewerbung presse servicedesk helpdesk it ops devops dev ventas ventes "
    "soporte contacto contato contatto vendite amministrazione secretariat accueil biuro"
)
_ROLES: Final = frozenset(_ROLE_NAMES.split())
_FILE_KINDS: Final = "png jpg jpeg gif svg webp css js ts json html py yml yaml md txt lock"
_FILES: Final = frozenset(_FILE_KINDS.split())
_DOCUMENTED: Final = ("192.0.2.", "198.51.100.", "203.0.113.")  # RFC 5737
_RESERVED: Final = frozenset({"test", "invalid", "localhost"})  # RFC 2606: lead to nobody
_RESOLVERS: Final = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"})
_VERSION_WORDS: Final = (
    "version ver kernel release schema section sect chapter build chrome firefox safari edge edg opera opr "
    "driver firmware paragraph clause article oid package revision windows linux v § abschnitt kapitel rev "
    "upgrade"
)
_VERSIONED: Final = frozenset(_VERSION_WORDS.split())
_WORD = r"[\p{L}'’.-]+"
_CAPITAL = r"\p{Lu}[\p{L}'’-]+"
_MONTH = (
    r"(?:jan|feb|mar|mär|mar[cs]|apr|avr|abr|may|mai|mei|maj|jun|juin|jul|juil|aug|août|ago|sep|set|oct"
    r"|okt|ott|out"
    r"|nov|dec|dez|déc|dic)\p{L}*"
)
_DATE = (
    r"(?:\d{1,2}[./-] ?\d{1,2}[./-] ?(?:\d{4}|\d{2})|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}"
    r"|\d{1,2}(?:st|nd|rd|th)?\.?,?(?: of| de)? ?" + _MONTH + r"\.?,?(?: de| of)? ?(?:19|20)\d\d"
    r"|"
    + _MONTH
    + r"\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d|\d{1,2}[ -]"
    + _MONTH
    + r"[ -]'?(?:\d{4}|\d\d)"
    r"|(?:民國|民国|昭和|平成|令和|大正) ?(?:\d{1,3}|元) ?年 ?\d{1,2} ?月 ?\d{1,2} ?日|(?:13|14"
    r"|24|25)\d\d[./-]\d{1,2}[./-]\d{1,2}"
    r"|(?:19|20)\d\d ?[年년] ?\d{1,2} ?[月월] ?\d{1,2}[日일]?|(?:19|20)\d{2}[01]\d[0-3]\d)"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Terrace"
    r"|Crescent|Close"
    r"|Square|Sq|Highway|Hwy|Parkway|Pkwy|Cottages|Gardens|Grove|Hill|Row|Mews)"
)


def _email(match: Match) -> Iterator[Hit]:
    local, _, domain = caught(match).rpartition("@")
    if match.string[max(match.start(1) - 2, 0) : match.start(1)] == b"//":  # the user of a URL
        return
    ending = domain.rpartition(".")[2].lower()
    if len(local) > 64 or len(domain) > 253 or local.lower() in _ROLES or ending in _FILES:
        return
    if ending in _RESERVED:
        return
    yield Hit("email", match.start(1), match.end(1), 0.95)


def _ipv4(match: Match) -> Iterator[Hit]:
    """Four numbers with dots name releases and sections too."""
    before = match.string[max(match.start(1) - 24, 0) : match.start(1)].decode("utf-8", "replace")
    words = before.lower().rstrip(" \t/:=\"'.-(").replace("/", " ").split()
    if not words or words[-1].strip("\"'_-({[,;") not in _VERSIONED:
        yield from _address(match, caught(match))


def _address(match: Match, text: str) -> Iterator[Hit]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return
    ours = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
    # What is kept for documentation counts: people try masking out with it.
    documented = address.version == 4 and text.startswith(_DOCUMENTED)
    if text in _RESOLVERS or ours or (address.is_private and not documented) or text.endswith(".0.0"):
        return
    yield Hit("ip_address", match.start(1), match.end(1), 0.8)


def _ipv6(match: Match) -> Iterator[Hit]:
    text = caught(match)
    if text.count(":") >= 3:
        yield from _address(match, text)


def _mac(match: Match) -> Iterator[Hit]:
    """Six pairs: more of them are a key's fingerprint."""
    text: bytes = match.string
    if (
        text[match.end(1) : match.end(1) + 1] in (b":", b"-")
        and text[match.end(1) + 1 : match.end(1) + 2].isalnum()
    ):
        return
    if (
        text[match.start(1) - 1 : match.start(1)] in (b":", b"-")
        and text[max(match.start(1) - 2, 0) : match.start(1) - 1].isalnum()
    ):
        return
    if len(set(re.split("[:-]", caught(match).lower()))) > 1:
        yield Hit("mac_address", match.start(1), match.end(1), 0.9)


def _dotted(match: Match) -> Iterator[Hit]:
    """As routers write it; digits alone are a number with thousands."""
    text = caught(match)
    if any(map(str.isalpha, text)) and any(map(str.isdigit, text)):
        yield Hit("mac_address", match.start(1), match.end(1), 0.85)


def _birth(match: Match) -> Iterator[Hit]:
    if match.string[max(match.start() - 1, 0) : match.start()] in (b"(", b";", b"/"):
        return  # an encyclopaedia: "(born 4 May 1931)"
    years = re.findall(r"(?:19|20)\d\d", caught(match))
    if not years or 1920 <= int(years[0]) <= 2035:
        yield Hit("date_of_birth", match.start(1), match.end(1), 0.85)


def _street(match: Match) -> Iterator[Hit]:
    if not re.match(r"(?:19|20)\d\d ", caught(match)):  # "the 1968 British Hard Court Championships"
        yield Hit("street_address", match.start(1), match.end(1), 0.8)


def _aged(match: Match) -> Iterator[Hit]:
    if 0 < int(caught(match, 2)) < 120:
        yield Hit("age_with_name", match.start(1), match.end(2), 0.75)


RULES = (
    Rule(
        r"[\w+%-]@[\w\x{c0}-\x{24f}]",
        r"([\w\x{c0}-\x{24f}][\w\x{c0}-\x{24f}.%+'-]*@[\w\x{c0}-\x{24f}][\w\x{c0}-\x{24f}.-]*\.[A-Za-z]{"
        r"2,24})\b",
        _email,
    ),
    Rule(
        r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d",
        r"(?:^|[^\w.])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?:$|[^\w.-]|\.(?:\s|$))",
        _ipv4,
    ),
    Rule(r"(?i)\b2[0-9a-f]{3}:", r"(?i)\b(2[0-9a-f]{3}(?::[0-9a-f]{0,4}){2,7})", _ipv6),
    Rule(
        r"(?i)\b[0-9a-f]{2}[:-][0-9a-f]{2}[:-][0-9a-f]{2}[:-]",
        r"(?i)\b((?:[0-9a-f]{2}:){5}[0-9a-f]{2}|(?:[0-9a-f]{2}-){5}[0-9a-f]{2})\b",
        _mac,
    ),
    Rule(r"(?i)\bmac\b", r"(?i)\bmac(?: addr(?:ess)?)?[ :=]{1,3}([0-9a-f]{12})\b", _dotted),
    Rule(r"(?i)\b[0-9a-f]{4}\.[0-9a-f]{4}\.", r"(?i)\b([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\b", _dotted),
    Rule(
        r"(?i)\bborn\b|\bdob\b|_dob\b|\bd\.o\.b|birth|\bb\. \d|geboren|geburts|\bgeb\.|\bnée? le|naissan"
        r"ce|nacid|nacimiento|nasc"
        r"|bday|geb[._-]|geboorte|\bnací |nasci em|naști|născ|naroz|szület|synt\.|lahir"
        r"|ngày sinh|doğdu|родивс|นเกิด"
        r"|nato il|nata il|nascita|urodz|fødsel|fødselsdato|\bfödd|syntym|doğum|рожд|родил|γέννησ|出生|生年月"
        r"日|生日|생년월일|जन्म|ميلاد",
        r"(?i)(?:\bborn(?: on)?|(?:\b|_)d\.?o\.?b\.?|(?:\b|_)(?:date[ _-]?of[ _-]?)?birth[ _-]?(?:date|d"
        r"ay)?|\bb\.|geboren(?: am| op)?"
        r"|geburtsdatum|geburtstag|\bgeb\.|\bnée? le|(?:date de )?naissance|nacid[oa](?: el)?|nacimiento"
        r"|nascid[oa](?: em)?|nascimento"
        r"|nat[oa] il|di nascita|urodz\p{L}*|urodzenia|fødselsdato|\bfödd|syntymäaika|syntynyt|doğum tar"
        r"ihi|дата рождения|родил\p{L}*"
        r"|\bnací(?: el)?|\bnasci(?: em)?|\bbday|\bgeb[._-]?(?:datum|dat)?\.?|geboortedatum"
        r"|fecha[ _-]?(?:de[ _-]?)?nac\p{L}*"
        r"|data[ _-]?(?:de[ _-]?)?nasc\p{L}*|data nașterii|născut\p{L}*(?: la| pe)?|naroz\p{L}*"
        r"|szület\p{L}*|synt\.(?:aika)?"
        r"|tanggal lahir|(?:tgl|tg) lahir|ngày sinh|วันเกิด"
        r"|γέννησης|出生日期|出生|生年月日|生日|생년월일|जन्म तिथि|تاريخ الميلاد)"
        r"[^\d\n\p{L}]{0,6}(?:is |was |on |le |el |em |am |op |il |den |是 ?)?(" + _DATE + r")(?:\b|日|일|$)",
        _birth,
    ),
    Rule(
        r"\b\d{1,5}[A-Za-z]? \p{Lu}[\p{L}'.-]* \p{L}",
        r"\b(\d{1,5}[A-Za-z]? (?:\p{Lu}[\p{L}'.-]* ){1,3}" + _STREET + r")\b",
        _street,
    ),
    Rule(
        r"(?i)(?:straße|strasse|str\.|gasse|straat|gracht|\w{3}weg|\w{3}laan|\w{3}platz|\w{3}allee"
        r"|\w{3}plein) \d",
        r"(\p{Lu}[\p{L}-]*(?:[ -]\p{Lu}[\p{L}-]*)?(?:straße|strasse|str\.|gasse|straat|gracht|weg|laan"
        r"|platz|allee|plein|Straße|Str\.) \d{1,4} ?[a-z]?)\b",
        whole("street_address", 0.8, 1),
    ),
    Rule(
        r"\d,? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|impasse|allée|quai) ",
        r"\b(\d{1,4},? (?:bis |ter )?(?:rue|avenue|boulevard|place|chemin|impasse|allée|quai) (?:(?:de|du"
        r"|des|la|le|les|l'|d') ?)*\p{Lu}[\p{L}'-]+)",
        whole("street_address", 0.8, 1),
    ),
    Rule(
        r"(?i)\b(?:calle|avenida|avda\.?|plaza|via|viale|piazza|corso|rua|ul\.|ulica) ",
        r"(?i:\b(calle|avenida|avda\.?|plaza|via|viale|piazza|corso|rua|ul\.|ulica) )(?:(?:de|del|da|do"
        r"|la|las|los|dei|delle) )*\p{Lu}"
        + _WORD
        + r"(?: \p{Lu}"
        + _WORD
        + r")?,? (?:n[ºo°]?\.? ?)?\d{1,4}\b",
        whole("street_address", 0.75),
    ),
    Rule(
        r"\b\p{Lu}\p{L}+ \p{Lu}[\p{L}'’-]+(?:,| is| \(|, aged?) \d",
        r"("
        + _CAPITAL
        + " "
        + _CAPITAL
        + r")(?:,| is| \(|,? aged?) ?(\d{1,3}) ?(?:,|\)|\.|;|years|year-old|yo\b|y/o|-year)",
        _aged,
    ),
    Rule(
        r"(?i)my (?:full )?name is|patient|mein name ist|je m'appelle|me llamo|mi chiamo|meu nome é"
        r"|mijn naam is",
        r"(?i:\bmy (?:full )?name is|\bpatient(?: name)?:?|\bmein name ist|\bje m'appelle|\bme llamo"
        r"|\bmi chiamo|\bmeu nome é|\bmijn naam is) (" + _CAPITAL + " " + _CAPITAL + r")",
        whole("person", 0.8, 1),
    ),
)
