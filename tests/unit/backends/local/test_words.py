import time

from gateway.backends.local.words import covered, name_words, plain, rarity, sentences, stem, stems


def test_forms_of_a_word_share_a_stem() -> None:
    assert stem("refunds") == stem("refunded") == stem("refund")
    assert stem("deliveries") == stem("delivery")
    assert stem("glass") == "glass"


def test_function_words_say_nothing() -> None:
    assert stems("Where is it, and what's that for?") == frozenset()


def test_identifiers_fall_into_words() -> None:
    assert name_words("order_status") == name_words("orderStatus") == name_words("order-status")


def test_a_sentence_does_not_end_at_an_abbreviation() -> None:
    assert sentences("Approx. 3% is kept, e.g. Postage. The rest is paid.") == [
        "Approx. 3% is kept, e.g. Postage.",
        "The rest is paid.",
    ]


def test_markdown_is_read_as_sentences() -> None:
    text = "# Head\nIt is **free**. See [us](x).\n\nBring:\n- a card\n- a key.\n\n"
    text += "| Zone | Fee |\n|--|--|\n| EU | 5 |"
    assert plain(text) == ["It is free.", "See us.", "Bring: a card; a key", "Zone: EU, Fee: 5"]


def test_a_rare_word_covers_more_than_a_common_one() -> None:
    weight = rarity([{"tent", "oak"}, {"tent"}, {"tent", "zip"}])
    assert covered({"tent", "zip"}, {"zip"}, weight) > covered({"tent", "zip"}, {"tent"}, weight)
    assert covered(set(), {"zip"}, weight) == 0.0


def test_hostile_text_is_read_in_time_that_grows_with_its_length() -> None:
    started = time.perf_counter()
    for text in ("A. " * 10_000, "[" * 20_000, "**" * 10_000, "|" * 20_000, "- a\n" * 5_000):
        plain(text)
    assert time.perf_counter() - started < 2.0
