"""Rules for the numbers that European states give a person, and their tax offices."""

from __future__ import annotations

from typing import Final

from stdnum.at import vnr
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.ch import ssn as ahv
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import cif, dni, nie
from stdnum.eu import vat
from stdnum.fi import hetu
from stdnum.fr import nif, nir
from stdnum.gb import utr
from stdnum.gr import amka
from stdnum.gr import vat as afm
from stdnum.hr import oib
from stdnum.hu import anum
from stdnum.ie import pps
from stdnum.is_ import kennitala
from stdnum.it import codicefiscale, iva
from stdnum.lt import asmens
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import nip, pesel
from stdnum.pt import cc
from stdnum.pt import nif as pt_nif
from stdnum.ro import cnp
from stdnum.ru import inn
from stdnum.se import personnummer
from stdnum.si import emso
from stdnum.tr import tckimlik
from stdnum.ua import rntrc

from gateway.classify.numbered import named, shaped


def nino(value: str) -> bool:
    """United Kingdom, HMRC's manual NIM39110: prefixes that are never given out."""
    text = value.replace(" ", "").upper()
    return text[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def rentenversicherung(value: str) -> bool:
    """Germany, VKVV section 4: the letter is its place, weights 2 1 2 5 7 1 2 1 2 1 2 1, sums of digits."""
    text = value.replace(" ", "").upper()
    digits = f"{text[:8]}{ord(text[8]) - 64:02d}{text[9:11]}"
    products = (int(d) * w for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(text[11])


def snils(value: str) -> bool:
    """Russia, decree 192p: times 9 down to 1, modulo 101."""
    digits = [int(d) for d in value if d.isdigit()]
    total = sum(d * (9 - n) for n, d in enumerate(digits[:9])) % 101 % 100
    return len(digits) == 11 and total == digits[9] * 10 + digits[10]


RULES: Final = (
    # the isles
    shaped("ssn", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", nino),
    named("ssn", r"national insurance|\bnino\b|\bni n(?:o|umber)\b", r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]"),
    named("tax_id", r"\butr\b|unique taxpayer", r"\d{5} ?\d{5}", utr.is_valid, strict=True),
    named("ssn", r"\bppsn?\b|personal public service", r"\d{7} ?[A-W][A-IW]?", pps.is_valid),
    named("id_card", r"kennitala", r"\d{6}-?\d{4}", kennitala.is_valid),
    # Germany, Austria, Switzerland
    named(
        "tax_id",
        r"steuer id|steueridentifikation|\bidnr\b|steuer ?nummer|\bst\.? ?nr\b|\btin\b|identifikationsnummer",
        r"\d{2}[ /]?\d{3}[ /]?\d{3}[ /]?\d{2,4}",
        idnr.is_valid,
    ),
    shaped("ssn", r"\d\d ?[0-3]\d[01]\d\d\d ?[A-Z] ?\d{3}", rentenversicherung),
    named(
        "ssn",
        r"sv nummer|\bsvnr\b|\bvsnr\b|sozialversicherungs|rentenversicherungs|versicherungsnummer|\brvnr\b",
        r"\d\d ?\d{6} ?[A-Z] ?\d{3}|\d{4} ?\d{6}",
        lambda value: rentenversicherung(value) if value.upper() != value.lower() else vnr.is_valid(value),
    ),
    shaped("ssn", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ahv.is_valid),
    named("ssn", r"\bahv\b|\bavs\b", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ahv.is_valid),
    named(
        "id_card",
        r"personalausweis|ausweisnummer|ausweis nr",
        r"[A-Z]{0,3}-?\d[A-Z0-9]{0,2}\d[A-Z0-9-]{3,12}|[CFGHJKLMNPRTVWXYZ][A-Z0-9]{8}\d?",
    ),
    # France, Belgium, the Netherlands, Luxembourg
    shaped(
        "ssn", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-4]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d{2}", nir.is_valid
    ),
    named(
        "ssn",
        r"\bn?° ?sécu\b|sécu\b|sécurité sociale|securite sociale|\bnir\b|numéro insee",
        r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3}(?: ?\d{2})?",
    ),
    named(
        "tax_id",
        r"numéro fiscal|n° fiscal|\bspi\b|référence fiscale",
        r"[0-3]\d ?\d\d ?\d{3} ?\d{3} ?\d{3}",
        nif.is_valid,
    ),
    shaped("id_card", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", nn.is_valid),
    named(
        "id_card",
        r"rijksregister|registre national|\binsz\b|\bniss\b|nationalregister",
        r"\d\d[. ]?\d\d[. ]?\d\d[- ]?\d{3}[. ]?\d\d",
        nn.is_valid,
    ),
    named(
        "ssn",
        r"\bbsn\b|burgerservice|sofinummer|sofi nummer",
        r"\d{9}|\d{3}[ .]\d{3}[ .]\d{3}|\d{4}\.\d{2}\.\d{3}",
        bsn.is_valid,
    ),
    # Spain, Portugal, Italy, Greece
    shaped("id_card", r"\d{8}[- ]?[A-HJ-NP-TV-Z]", dni.is_valid),
    shaped("id_card", r"[XYZ][- ]?\d{7}[- ]?[A-HJ-NP-TV-Z]", nie.is_valid),
    named("id_card", r"\bdni\b|\bnie\b", r"[XYZ]?-?\d{7,8}[- ]?[A-Z]?|\d{2}\.\d{3}\.\d{3}(?:[- ]?[A-Z])?"),
    named("tax_id", r"\bcif\b|\bnif\b", r"[A-HJNP-SUVW][- ]?\d{7}[- ]?[0-9A-J]", cif.is_valid, strict=True),
    named("id_card", r"\bnif\b", r"\d{8}[- ]?[A-Z]", dni.is_valid),
    named(
        "tax_id",
        r"\bnif\b|contribuinte|identificação fiscal",
        r"[1-35689]\d{2} ?\d{3} ?\d{3}",
        pt_nif.is_valid,
    ),
    named("id_card", r"cartão de cidadão|\bbi[ -]n[º°.ru]", r"\d{8} ?\d ?[A-Z0-9]{2} ?\d", cc.is_valid),
    shaped(
        "tax_id",
        r"[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPRST][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]",
        codicefiscale.is_valid,
    ),
    named(
        "tax_id",
        r"codice fiscale|\bc\.? ?f\.",
        r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]",
        codicefiscale.is_valid,
    ),
    named("tax_id", r"partita iva|\bp\. ?iva\b|\bpiva\b", r"\d{11}", iva.is_valid),
    named("ssn", r"\bamka\b|αμκα", r"\d{11}", amka.is_valid),
    named("tax_id", r"\bafm\b|αφμ", r"\d{9}", afm.is_valid),
    named(
        "tax_id",
        r"\bvat\b|ust id|\bustid|\btva\b|\bbtw\b|\biva\b",
        r"[A-Z]{2} ?[A-Z0-9]{8,12}",
        vat.is_valid,
        strict=True,
    ),
    # the North
    shaped("id_card", r"\d{6}(?:\d{2})?[-+]\d{4}", personnummer.is_valid),
    named("id_card", r"personnummer|personnr", r"\d{6}(?:\d{2})?[-+ ]?\d{4}", personnummer.is_valid),
    shaped("id_card", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", hetu.is_valid),
    named(
        "id_card",
        r"henkilötunnus|\bhetu\b|personbeteckning",
        r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]",
        hetu.is_valid,
    ),
    named("id_card", r"\bcpr\b|\bcpr ?n", r"\d{6}[- ]?\d{4}", cpr.is_valid),
    named(
        "id_card",
        r"fødselsn|fodselsn|fødselsnr|personnummer|\bfnr\b",
        r"\d{6} ?\d{5}",
        fodselsnummer.is_valid,
    ),
    # the East
    named("id_card", r"pesel", r"\d{11}", pesel.is_valid),
    named("tax_id", r"\bnip\b", r"\d{3}-?\d{3}-?\d{2}-?\d{2}|\d{3}-?\d{2}-?\d{2}-?\d{3}", nip.is_valid),
    shaped("id_card", r"\d{6}/\d{4}", rc.is_valid),
    named("id_card", r"rodné číslo|rodne cislo|\br\. ?č\.", r"\d{6}/?\d{3,4}", rc.is_valid),
    named("id_card", r"\bcnp\b|cod numeric personal", r"\d{13}", cnp.is_valid),
    named("id_card", r"\begn\b|егн", r"\d{10}", egn.is_valid),
    named("id_card", r"\bemšo\b|\bemso\b|\bjmbg\b|јмбг", r"\d{13}", emso.is_valid),
    named("tax_id", r"adószám|adóazonosító", r"\d{8}-?\d-?\d{2}|\d{10}", anum.is_valid),
    named("tax_id", r"\boib\b", r"\d{11}", oib.is_valid),
    named("id_card", r"isikukood", r"\d{11}", ik.is_valid),
    named("id_card", r"asmens kodas", r"\d{11}", asmens.is_valid),
    named("id_card", r"personas kods", r"\d{6}-?\d{5}"),
    named("id_card", r"t\.? ?c\.? kimlik|kimlik n|\btckn\b", r"\d{11}", tckimlik.is_valid),
    named("tax_id", r"\binn\b|инн", r"\d{12}|\d{10}", inn.is_valid),
    named("ssn", r"снилс|\bsnils\b", r"\d{3}[- ]?\d{3}[- ]?\d{3}[- ]?\d\d", snils),
    named("tax_id", r"рнокпп|\brnokpp\b|ідентифікаційний", r"\d{10}", rntrc.is_valid),
)
