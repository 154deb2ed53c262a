"""How a document is cut into passages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.knowledge.chunking import AIM, MOST, Chunk, chunks


def test_a_section_is_a_passage_under_the_headings_above_it() -> None:
    text = "# Returns\nIntro.\n## Period\n\nThirty days.\n\n### Members\n\nSixty days.\n\n## Cost\n\nNothing."
    assert chunks(text) == (
        Chunk("Returns", "Intro."),
        Chunk("Returns › Period", "Thirty days."),
        Chunk("Returns › Period › Members", "Sixty days."),
        Chunk("Returns › Cost", "Nothing."),
    )


def test_underlined_headings_count_and_a_rule_or_a_list_does_not() -> None:
    text = "Returns\n=======\n\nPeriod\n------\n\nThirty days.\n\n---\n\n- one\n- two\n---\n"
    titles = {chunk.title for chunk in chunks(text)}
    assert titles == {"Returns › Period"}


def test_text_without_a_heading_takes_the_documents_name() -> None:
    assert chunks("Just a line.", "opening hours") == (Chunk("opening hours", "Just a line."),)


def test_front_matter_and_comments_are_no_text() -> None:
    text = "---\ntitle: x\n---\n# A\n\nSeen.<!-- hidden\n\n# no heading -->\n"
    assert chunks(text) == (Chunk("A", "Seen."),)


def test_a_hash_in_a_code_block_is_no_heading_and_the_block_stays_whole() -> None:
    text = "# A\n\n```\n# comment\n\ncode\n```\n\nAfter."
    assert chunks(text) == (Chunk("A", "```\n# comment\n\ncode\n```\n\nAfter."),)


def test_short_paragraphs_share_a_passage_until_it_is_long_enough() -> None:
    paragraph = "word " * 50
    found = chunks("\n\n".join([paragraph] * 5))
    assert [len(chunk.text.split()) for chunk in found] == [100, 100, 50]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentence = "This sentence has exactly seven words altogether. "
    found = chunks(sentence * 60)
    assert len(found) > 1
    assert all(chunk.text.endswith("altogether.") for chunk in found)


def test_an_empty_document_has_no_passages() -> None:
    assert chunks("") == chunks("\n\n# Only a heading\n") == ()


@given(
    st.lists(
        st.sampled_from(["word", "word.", "\n\n", "# head", "\n", "```", "---", "é", "\r\n"]), max_size=400
    )
)
def test_no_passage_is_empty_or_too_long_and_no_word_is_lost(parts: list[str]) -> None:
    text = " ".join(parts)
    found = chunks(text)
    assert all(chunk.text.strip() for chunk in found)
    outside_code = "```" not in text
    if outside_code:
        assert all(len(chunk.text.split()) <= MOST for chunk in found)
    body = " ".join(chunk.title + " " + chunk.text for chunk in found)
    assert body.count("é") >= (text.count("é") if "# head" not in text and "---" not in text else 0)
    assert AIM < MOST
