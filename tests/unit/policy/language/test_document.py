from __future__ import annotations

import pytest

from gateway.policy.language.document import Reading, Value, Wrong, compose, names_a_variable


def root(source: str) -> Value:
    value = compose("a.yaml", source.encode(), Reading())
    assert value is not None
    return value


def scalar(source: str) -> Value:
    """The value of the only key."""
    return root(source).pairs()[0][1]


def test_a_value_knows_its_place_and_its_kind() -> None:
    value = scalar("key:\n  - 1\n")
    assert (value.line, value.column, value.kind) == (2, 3, "a list")
    assert [item.kind for item in value.items()] == ["a whole number"]


def test_what_is_no_list_or_mapping_is_refused_with_its_kind() -> None:
    with pytest.raises(Wrong, match="a list is wanted here, not text"):
        scalar("key: word").items()
    with pytest.raises(Wrong, match="a mapping is wanted here, not true or false"):
        scalar("key: true").pairs()


@pytest.mark.parametrize(
    ("source", "line", "column", "place"),
    [
        ("when: task == codign", 1, 9, (1, 15)),
        ("when: 'task == codign'", 1, 9, (1, 16)),
        ('when: "\\"emial\\" in findings"', 1, 1, (1, 9)),
        ("when: |\n  task == coding &&\n  freshness == lvie\n", 2, 14, (3, 16)),
        ("when: >-\n    task == coding\n    && freshness == lvie\n", 1, 32, (3, 21)),
        ("when: task == coding\n  && freshness == lvie\n", 1, 32, (2, 19)),
    ],
)
def test_a_position_within_a_text_is_found_in_the_file(
    source: str, line: int, column: int, place: tuple[int, int]
) -> None:
    assert scalar(source).place_within(line, column) == place


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"a: [1", "a.yaml:2:1", "not YAML"),
        (b"a: &x 1\nb: *x\n", "a.yaml:1:4", "is an anchor"),
        (b"# " + b"x" * (1 << 20), "a.yaml:1:1", "larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_mistake_at_the_place_where_it_breaks(
    data: bytes, place: str, message: str
) -> None:
    found = Reading()
    assert compose("a.yaml", data, found) is None
    assert str(found.mistakes[0]).startswith(place + ":")
    assert message in found.mistakes[0].message


def test_an_empty_file_is_nothing_and_no_mistake() -> None:
    found = Reading()
    assert compose("a.yaml", b"# only words\n", found) is None
    assert found.mistakes == []


def test_a_variable_is_known_by_its_braces() -> None:
    assert names_a_variable("Bearer ${TOKEN}")
    assert not names_a_variable("costs $5 {price}")


def test_words_that_old_yaml_takes_for_true_or_false_are_words() -> None:
    assert [scalar(f"key: {word}").kind for word in ("off", "no", "on", "yes")] == ["text"] * 4
    assert scalar("key: false").kind == "true or false"


def test_a_value_is_read_as_what_it_says() -> None:
    large = "9" * 400
    source = f"{{a: [1, 1.5, 010, .inf, 1.0e+999, {large}], b: true, c: ~, d: 2025-01-01, e: off}}"
    assert root(source).plain == {
        "a": [1, 1.5, 10, ".inf", "1.0e+999", int(large)],
        "b": True,
        "c": None,
        "d": "2025-01-01",
        "e": "off",
    }
