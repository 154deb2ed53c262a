"""Placeholders: typed, numbered, consistent, and put back whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masks import Mask, Restoring, named
from gateway.types import Finding, Label


def found(text: str, value: str, entity: str = "email", label: Label = Label.CONFIDENTIAL) -> Finding:
    at = text.index(value)
    return Finding(entity, "contact", label, 0, at, at + len(value), 1.0)


def mask_of(*values: str, entity: str = "email", taken: str = "") -> Mask:
    mask = Mask([entity], Label.PUBLIC, taken)
    for value in values:
        mask.learn(value, [found(value, value, entity)])
    return mask


def test_the_same_value_always_has_the_same_placeholder_and_another_has_the_next() -> None:
    mask = mask_of("anna@b.org", "carl@d.org", "anna@b.org")
    assert mask.hide("anna@b.org, carl@d.org, anna@b.org") == "[EMAIL_1], [EMAIL_2], [EMAIL_1]"
    assert mask.counts == {"email": 2}


def test_only_what_is_to_be_masked_is_taken_up() -> None:
    mask = Mask(["phone"], Label.INTERNAL)
    mask.learn("anna@b.org", [found("anna@b.org", "anna@b.org")])
    assert not mask
    assert (mask.hide("anna@b.org"), mask.label) == ("anna@b.org", Label.INTERNAL)
    named_by_class = Mask(["contact"], Label.PUBLIC)
    named_by_class.learn("anna@b.org", [found("anna@b.org", "anna@b.org")])
    assert named_by_class.hide("anna@b.org") == "[EMAIL_1]"


def test_its_label_is_the_highest_of_what_it_hides() -> None:
    mask = Mask(["email"], Label.INTERNAL)
    mask.learn("anna@b.org", [found("anna@b.org", "anna@b.org", label=Label.CONFIDENTIAL)])
    assert mask.label.word == "confidential"
    mask.learn("carl@b.org", [found("carl@b.org", "carl@b.org")], Label.RESTRICTED)
    assert mask.label.word == "restricted"


def test_a_placeholder_that_the_caller_wrote_itself_is_not_given_again() -> None:
    mask = mask_of("anna@b.org", taken="what does [EMAIL_1] mean?")
    assert mask.hide("anna@b.org") == "[EMAIL_2]"
    assert mask.restore("[EMAIL_1] and [EMAIL_2]") == "[EMAIL_1] and anna@b.org"


def test_of_two_values_the_longer_is_masked_first() -> None:
    assert mask_of("a@b.org", "anna@b.org.uk", "anna@b.org").hide("anna@b.org.uk") == "[EMAIL_2]"


def test_a_short_value_is_not_masked_inside_a_word() -> None:
    mask = mask_of("Li", entity="person")
    assert mask.hide("Li lives in Lisbon (Li!)") == "[PERSON_1] lives in Lisbon ([PERSON_1]!)"


def test_json_is_masked_in_names_and_in_arguments_whatever_their_escapes() -> None:
    mask = mask_of("j\u00f6rg@b.org")
    value = {
        "j\u00f6rg@b.org": 1,
        "deep": [{"text": "to j\u00f6rg@b.org"}],
        "arguments": '{"to": "j\\u00f6rg@b.org"}',
    }
    assert mask.hidden(value) == {
        "[EMAIL_1]": 1,
        "deep": [{"text": "to [EMAIL_1]"}],
        "arguments": '{"to":"[EMAIL_1]"}',
    }


def test_a_value_in_a_string_of_json_is_the_same_value() -> None:
    mask = mask_of("anna@b.org", "anna\\u0040b.org", "carl\\u0040d.org")
    assert mask.hide('{"a": "anna\\u0040b.org", "b": "carl\\u0040d.org"} anna@b.org carl@d.org') == (
        '{"a": "[EMAIL_1]", "b": "[EMAIL_2]"} [EMAIL_1] [EMAIL_2]'
    )
    assert mask.restore("[EMAIL_2]") == "carl@d.org"
    assert len(mask) == 2


def test_in_json_a_value_comes_back_escaped() -> None:
    value = 'anna "the one"@b.org'
    mask = mask_of(value)
    assert json.loads(mask.restore('{"to": "[EMAIL_1]"}', as_json=True)) == {"to": value}
    assert json.loads(mask.restored({"arguments": '{"to": "[EMAIL_1]"}'})["arguments"]) == {"to": value}


def test_a_place_in_a_text_moves_with_what_comes_back_before_it() -> None:
    mask = mask_of("anna.larsen@b.org", 'a"b')
    text = "x [EMAIL_1] y [EMAIL_2] z [EMAIL_3] w"
    for as_json in (False, True):
        restored, move = mask.restore(text, as_json), mask.mover(text, as_json)
        for word in "xyzw":
            assert restored[move(text.index(word))] == word
        assert move(len(text)) == len(restored)


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_placeholder_in_pieces_is_put_back(cut: int) -> None:
    stream = Restoring(mask_of("anna@b.org"), as_json=False)
    assert stream.feed("Dear [EMAIL_1]"[: 5 + cut]) == "Dear "
    assert stream.feed("[EMAIL_1], hello"[cut:]) == "anna@b.org, hello"
    assert stream.rest() == ""


def test_what_turns_out_to_be_no_placeholder_leaves_at_once() -> None:
    stream = Restoring(mask_of("anna@b.org"), as_json=False)
    assert [stream.feed(piece) for piece in ("a [EM", "AC", "S] [", "1] [EMAIL_", "2]", " [EMAIL_1")] == [
        *("a ", "[EMAC", "S] ", "[1] ", "[EMAIL_2]", " "),
    ]
    assert stream.rest() == "[EMAIL_1"


@given(st.lists(st.sampled_from(["[EMAIL_1]", "[EMAIL_2]", "[", "]", "x", "[EMAIL_", "1", "\n"])), st.data())
def test_however_a_stream_is_cut_it_says_the_same_and_holds_back_little(
    pieces: list[str], data: st.DataObject
) -> None:
    mask = mask_of("anna@b.org", "carl@d.org")
    whole = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    stream, fed, out = Restoring(mask, as_json=False), 0, ""
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        out += stream.feed(whole[start:end])
        fed = end
        assert mask.restore(whole[:fed]).startswith(out) or not out
        assert len(mask.hide(out)) > fed - len("[EMAIL_1]")
    assert out + stream.rest() == mask.restore(whole)


@given(st.text(), st.text(alphabet="abc@."), st.text())
def test_hiding_and_putting_back_gives_the_text_again(before: str, value: str, after: str) -> None:
    text = f"{before} {value} {after}"
    mask = Mask(["email"], Label.PUBLIC, text)
    mask.learn(value, [Finding("email", "contact", Label.CONFIDENTIAL, 0, 0, len(value), 1.0)])
    assert mask.restore(mask.hide(text)) == text


def test_a_value_with_an_escaped_pair_of_surrogates_is_the_character() -> None:
    mask = mask_of("smile-\\ud83d\\ude00@b.org", "half-\\ud83d@b.org")
    assert mask.hide("smile-😀@b.org smile-\\ud83d\\ude00@b.org") == "[EMAIL_1] [EMAIL_1]"
    assert mask.restore("[EMAIL_1]") == "smile-😀@b.org"


def test_a_value_is_hidden_however_json_spells_it() -> None:
    mask = mask_of("Grün2024", "hunter2/xx9", entity="password")
    assert (
        mask.hide('{"p": "Gr\\u00fcn2024", "q": "hunter2\\/xx9"}')
        == '{"p": "[PASSWORD_1]", "q": "[PASSWORD_2]"}'
    )
    assert mask.hide('{\\"p\\": \\"Gr\\\\u00fcn2024\\"}') == '{\\"p\\": \\"[PASSWORD_1]\\"}'


def test_of_values_that_overlap_nothing_stays() -> None:
    mask = mask_of("x\\nanna@b.org", "anna@b.org")
    assert "anna" not in mask.hide("mail x\\nanna@b.org now")


def test_a_short_value_stands_alone_beside_other_scripts() -> None:
    mask = mask_of("a1b2", entity="password")
    assert mask.hide("密码是a1b2 “a1b2” xa1b2") == "密码是[PASSWORD_1] “[PASSWORD_1]” xa1b2"


def test_members_of_few_words_stay_readable() -> None:
    mask = mask_of("system", entity="password")
    assert mask.hidden({"role": "system", "content": "system"}) == {
        "role": "system",
        "content": "[PASSWORD_1]",
    }


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("hunter2", "pin: hunter2"),
        (4711, "pin: 4711"),
        (True, "pin"),
        (None, "pin"),
        ("data:x", "pin"),
        ("x" * 300, "pin"),
    ],
)
def test_a_short_value_is_read_with_its_name(value: object, read: str) -> None:
    assert named("pin", value) == read
