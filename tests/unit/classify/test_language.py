"""Language guesses."""

import pytest

from gateway.classify.language import language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What is the return policy?", "en"),
        ("Wo ist meine Bestellung und wann kommt sie?", "de"),
        ("Où est ma commande ?", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("Dove è il mio ordine?", "it"),
        ("Waar is mijn bestelling?", "nl"),
        ("Gdzie jest moje zamówienie?", "pl"),
        ("Почему небо голубое?", "ru"),
        ("我的订单到哪里了？", "zh"),
        ("富士山の高さは？", "ja"),
        ("오늘 날씨 어때요", "ko"),
        ("أين طلبي", "ar"),
        ("मेरा ऑर्डर कहाँ है", "hi"),
        ("Où fait-on « 你好 » ?", "fr"),
        ("42", "und"),
        ("", "und"),
    ],
)
def test_a_language_is_known_by_script_or_common_words(text: str, code: str) -> None:
    assert language(text) == code


def test_a_full_stop_inside_a_word_does_not_end_it() -> None:
    assert [language(text) for text in ("amazon.de parcel", "U.S.A. population", "google.es down?")] == [
        "und"
    ] * 3
    assert language("'the' answer, 'what' is it.") == "en"
