"""Guesses the language of a text: by script where that tells, by its commonest words otherwise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain, repeat
from typing import Final

_SPACES: Final = str.maketrans(dict.fromkeys(',;!?"()¿¡', " "))
_ENDS: Final = ".:'"  # inside a word they are part of it, as in an abbreviation
_NONE: Final[Iterable[tuple[str, ...]]] = repeat(())
_READ: Final = 160  # characters
_COMMON: Final[dict[str, str]] = {
    "en": "the of and to in is you that it for was on are with as this have from what how my can write"
    " please not"
    " your which where when who why do does me i an be by or if at we a should would there their about",
    "de": "der die das und ist nicht ein eine ich zu den mit auf für von dem im wie was bitte sie wir mir"
    " kann"
    " auch es an wer wann wo warum mein meine einen einem einer des schreibe diesen diese dieser übersetze",
    "fr": "le la les des est et un une je vous pour dans que qui pas sur avec mon ma mes ce cette du au"
    " quel quelle"
    " comment pourquoi où en il elle nous moi peux écris traduis résume cet aux sont",
    "es": "el la los las es y un una de que en por para con mi me no se del al cuál qué cómo dónde quién"
    " cuándo"
    " está escribe traduce resume este esta puedes hay son lo su",
    "it": "il lo la gli le è e un una di che in per con mio mia non si del della dei come dove quando chi"
    " perché"
    " sono scrivi traduci questo questa puoi nel alla ho quanto qual",
    "pt": "o os as é e um uma de que em por para com meu minha não se do da dos das como onde quando quem"
    " qual"
    " está escreva traduza este esta isto você pode no na ao são quanto",
    "nl": "de het een en is niet ik van voor met op dat die te aan mijn wat hoe waar wanneer wie waarom"
    " kun je dit"
    " deze schrijf vertaal naar er zijn ook kan bij",
    "pl": "i w na z nie jest się to co jak do że po dla mój moja czy gdzie kiedy kto dlaczego napisz"
    " proszę przez"
    " o mi ile jaka jaki jakie tego",
    "sv": "och att det i en är som på för med av inte jag den till ett hur vad var när vem min mitt kan"
    " du skriv"
    " översätt om från",
    "da": "og at det i en er som på for med af ikke jeg den til et hvordan hvad hvor hvornår hvem min mit"
    " kan du"
    " skriv oversæt om fra",
    "no": "og at det i en er som på for med av ikke jeg den til et hvordan hva hvor når hvem min mitt kan du"
    " skriv oversett om fra",
    "fi": "ja on ei se että mitä missä milloin kuka miten minun voitko kirjoita käännä tämä ovat mutta kun",
    "tr": "ve bir bu ne için ile mi nasıl nerede kim zaman benim lütfen var yok değil çok da de yaz çevir"
    " kaç",
    "cs": "a v na je se to co jak do že pro můj kde kdy kdo proč napiš prosím není s z mi ten",
    "ro": "și în la este nu un o de ce cum unde când cine pentru cu mea meu scrie care sunt din să",
    "hu": "a az és hogy nem egy van mi hol mikor ki miért kérlek írj ez is de meg",
    "id": "yang dan di ini itu untuk dengan apa bagaimana dimana siapa tolong saya tidak ada dari ke buatkan",
    "vi": "và của là không cho có một tôi bạn này gì như thế nào ở đâu hãy viết được với các",
}
_LANGUAGES: Final = {
    word: tuple(code for code, words in _COMMON.items() if word in words.split())
    for word in " ".join(_COMMON.values()).split()
}
_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("fa", re.compile("[پچژگ]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)


def language(text: str) -> str:
    """An ISO 639-1 code, or "und" where nothing tells."""
    start = text[:_READ]
    if not start.isascii():
        code = _by_script(start)
        if code:
            return code
    return _by_words(start)


def _by_script(text: str) -> str:
    letters = sum(map(str.isalpha, text)) or 1
    for code, script in _SCRIPTS:
        if len(script.findall(text)) * 5 > letters or (code in ("uk", "fa", "ja") and script.search(text)):
            return code if code not in ("uk", "fa", "ja") or _mostly_foreign(text, letters) else ""
    return ""


def _mostly_foreign(text: str, letters: int) -> bool:
    return sum(c > "\u036f" and c.isalpha() for c in text) * 3 > letters


def _by_words(text: str) -> str:
    words = [word.strip(_ENDS) for word in text.lower().translate(_SPACES).split()]
    votes = Counter(chain.from_iterable(map(_LANGUAGES.get, words, _NONE)))
    return max(votes, key=votes.__getitem__) if votes else "und"
