"""Takes off what people and programs put around a request, which says nothing of what is asked."""

from __future__ import annotations

import re
from typing import Any, Final

import re2

_QUOTES: Final = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'"}
_BLANKS: Final = re.compile(" {2,}")
_GREETS: Final = (
    "hi|hiya|hello|hey|heya|greetings|yo|good (?:morning|afternoon|evening|day)|hallo|moin"
    "|guten (?:tag|morgen|abend)|bonjour|bonsoir|salut|hola|buen[oa]s (?:d[ií]as|tardes|noches)|buenas"
    "|ol[aá]|oi|bom dia|boa (?:tarde|noite)|ciao|buongiorno|hej|cześć|привет|здравствуйте"
)
_OPENING: Final = re.compile(
    rf"(?:(?:{_GREETS})\b[^.!?,;:\n]{{0,24}}[.!?,;:]+"
    r"|(?:你好|您好|大家好|こんにちは)[，,。！!]*"
    r"|i? ?hope (?:you|this|your|all|everything)[^.!?\n]{0,60}[.!?]+"
    r"|how(?: are|'s| is) (?:you|it going|things)[^.!?\n]{0,20}[?!.]+"
    r"|sorry (?:to|for) (?:bother|disturb|another)[^.!?,;\n]{0,40}[.!?,;:]+"
    r"|(?:a |one )?(?:quick|small|little) question[^.!?,;:\n]{0,20}[.!?,;:]+)\s*",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(
    r"[\s,;]*(?<![\w-])(?:(?:many |and )?thank(?:s| you)"
    r"(?: (?:so|very|a|in|for|and|again|you|much)\b[^.!?\n]{0,50})?"
    r"|thx|ty|tia|cheers|(?:much )?appreciated|(?:best|kind|warm) (?:regards|wishes)|vielen dank"
    r"|danke(?: schön)?|merci(?: beaucoup)?|(?:muchas )?gracias|(?:muito )?obrigad[oa]|grazie(?: mille)?"
    r"|谢谢(?:你|您)?)[\s.!,~]*$",
    re.IGNORECASE,
)
_STARTS: Final = (
    "hi,hey,hello,hallo,hola,greetings,yo,good ,guten ,moin,bonjour,bonsoir,salut,buen,buon,olá,ola,oi,bom "
    ",boa ,ciao,hej,cześć,привет,здравствуйте,你好,您好,大家好,こんにちは,how,sorry,i hope,ihope,hope,a quick"
    ",a small,a little,one ,quick ,small ,little "
)
_OPENS: Final = tuple(_STARTS.split(","))  # one of these has to be there: quicker to look for
_CLOSES: Any = re2.compile(
    "(?i)than|thx|ty|tia|cheers|apprec|regard|wishes|dank|merci|gracias|obrigad|grazie|谢谢"
)
_LEFT: Final = 12  # characters, or half as many of other scripts, that have to be left of a request
_LAST: Final = 100  # characters at the end in which thanks are looked for
_ROUNDS: Final = 3  # courtesies one after the other


def bare(text: str) -> str:
    """Without white space, fence, quotation marks or a quoted mail's marks around all of it, and courtesies.

    Runs of blanks are one. What is nothing but courtesies stays.
    """
    text = text.strip()
    if text.startswith("```\n") and text.endswith("```") and text.count("```") == 2:
        text = text[3:-3].strip()
    if text.startswith(">") and all(line.startswith(">") for line in text.split("\n")):
        text = "\n".join(line[1:].strip() for line in text.split("\n"))
    closing = _QUOTES.get(text[:1])
    if closing and text.endswith(closing) and text.count(closing) == 1 + (text[0] == closing):
        text = text[1:-1].strip()
    return _plain(_BLANKS.sub(" ", text) if "  " in text else text)


def _plain(text: str) -> str:
    """Without greetings and thanks."""
    start, end = 0, len(text)
    for _ in range(_ROUNDS):
        if not text[start : start + 12].lower().startswith(_OPENS):
            break
        opening = _OPENING.match(text, start)
        if opening is None:
            break
        start = opening.end()
    near = max(start, end - _LAST)
    last = _CLOSING.search(text, near) if _CLOSES.search(text[near:]) else None
    if last is not None:
        end = last.start()
    left = text[start:end]
    return left if len(left) >= (_LEFT if left.isascii() else _LEFT // 2) else text
