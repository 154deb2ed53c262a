from __future__ import annotations

from gateway.policy.language.definitions import Fields, Key, section
from gateway.policy.language.document import Reading, Value, compose
from gateway.policy.language.shapes import DURATION, LABEL, NUMBER, TEXT, list_of
from gateway.types import Label


class PartFields(Fields, what="a part"):
    """Something small."""

    size = Key(NUMBER, "How large.", 0.0, required=True)


class ThingFields(Fields, what="a thing", rules={"dependencies": {"about": ["name"]}}):
    name = Key(TEXT, "What it is called.", "unnamed", required=True)
    about = Key(TEXT, "What it is.", "")
    from_ = Key(list_of(TEXT), "Where it comes from.", ())
    label = Key(LABEL, "What it carries.", Label.PUBLIC)
    cache = Key(DURATION, "How long it is kept.", None, later=True)
    part = Key(section(PartFields, lambda part: part.size), "What is in it.", None)


def read(source: str) -> tuple[ThingFields, Reading]:
    found = Reading()
    value = compose("a.yaml", source.encode(), found)
    assert value is not None
    return ThingFields(value, found), found


def told(found: Reading) -> list[str]:
    return [str(mistake) for mistake in found.mistakes]


def test_the_keys_that_are_there_are_read_and_the_others_have_their_default() -> None:
    fields, found = read("name: a\nfrom: [b, c]\npart: {size: 2}\n")
    assert (fields.name, fields.about, fields.from_, fields.part) == ("a", "", ("b", "c"), 2.0)
    assert fields.label is Label.PUBLIC
    assert list(fields.present) == ["name", "from", "part"]
    assert found == Reading()


def test_unknown_repeated_and_missing_keys_are_mistakes_and_the_others_are_read() -> None:
    fields, found = read("about: a\nabuot: b\nabout: c\n5: d\n[e]: f\n")
    assert (fields.about, fields.name) == ("a", "unnamed")
    assert told(found) == [
        "a.yaml:2:1: a thing has no key abuot; did you mean about?",
        "a.yaml:3:1: about is given twice; keep one of them",
        "a.yaml:4:1: a thing has no key 5; known: about, cache, from, label, name, part",
        "a.yaml:5:1: a thing has no key a list; known: about, cache, from, label, name, part",
        "a.yaml:1:1: a thing needs name; add 'name:'",
    ]


def test_a_wrong_value_is_a_mistake_at_its_place_and_the_default_stands() -> None:
    fields, found = read("name: [a]\nlabel: publik\nfrom: [a, [b], c]\n")
    assert (fields.name, fields.label, fields.from_) == ("unnamed", Label.PUBLIC, ("a", "c"))
    assert [mistake.line for mistake in found.mistakes] == [1, 2, 3]
    assert told(found)[2] == "a.yaml:3:11: text is wanted here, not a list; put it in quotes"


def test_a_misspelt_key_is_told_once_and_not_as_missing_too() -> None:
    _, found = read("nmae: a\n")
    assert told(found) == ["a.yaml:1:1: a thing has no key nmae; did you mean name?"]


def test_what_is_no_mapping_needs_no_keys() -> None:
    fields, found = read("- a\n")
    assert fields.name == "unnamed"
    assert told(found) == ["a.yaml:1:1: a mapping is wanted here, not a list; write 'key: value'"]


def test_what_comes_later_is_checked_and_warned_about() -> None:
    _, found = read("name: a\ncache: soon\n")
    assert [str(warning) for warning in found.warnings] == ["a.yaml:2:1: a thing: cache is not enforced yet"]
    assert told(found) == ["a.yaml:2:8: 'soon' is no duration; write 500ms, 2s, 5m, 1h or 30d"]


def test_what_looks_like_a_secret_in_a_field_for_something_else_is_warned_about_and_not_shown() -> None:
    secret = "sk-proj-" + "A1b2C3d4" * 4
    _, found = read(f"name: {secret}\nfrom: [a, {secret}]\nlabel: {secret}\n")
    assert [(warning.line, warning.column) for warning in found.warnings] == [(1, 7), (2, 11), (3, 8)]
    assert secret[:12] not in str([*found.warnings, *found.mistakes])


def test_the_schema_says_what_the_table_says() -> None:
    schema = ThingFields.schema()
    assert (schema["title"], schema["additionalProperties"], schema["required"]) == (
        "a thing",
        False,
        ["name"],
    )
    assert schema["dependencies"] == {"about": ["name"]}
    assert list(schema["properties"]) == ["name", "about", "from", "label", "cache", "part"]
    assert schema["properties"]["label"]["description"] == "What it carries. Default: public."
    assert schema["properties"]["name"]["description"] == "What it is called."
    assert schema["properties"]["cache"]["description"].endswith("Not enforced yet: it does nothing so far.")
    assert schema["properties"]["part"]["required"] == ["size"]


def test_a_key_of_a_class_is_its_definition() -> None:
    assert (ThingFields.from_.name, ThingFields.from_.default) == ("from", ())


def test_a_section_is_read_at_its_own_place() -> None:
    _, found = read("name: a\npart: {size: -1, sise: 2}\n")
    assert [(mistake.line, mistake.column) for mistake in found.mistakes] == [(2, 14), (2, 18)]
    assert isinstance(found.mistakes[0].message, str)


def test_a_value_is_kept_as_it_stands() -> None:
    fields, _ = read("name: a\n")
    assert isinstance(fields.value, Value)
