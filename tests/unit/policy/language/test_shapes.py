from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from gateway.policy.language import shapes
from gateway.policy.language.definitions import Shape
from gateway.policy.language.document import Reading, Value, compose
from gateway.types import Label

ANYTHING = (
    "word",
    "two words",
    "''",
    "' '",
    "5",
    "0",
    "-1",
    "1.5",
    "1e3",
    "1_000",
    "0x10",
    "010",
    ".5",
    ".inf",
    "true",
    "True",
    "off",
    "~",
    "[]",
    "[a, b]",
    "[a, 1]",
    "{}",
    "{a: b}",
    "500ms",
    "2 s",
    "5w",
    "600/min",
    "200 k/h",
    "1M/y",
    "public",
    "PUBLIC",
    "2025-06-30",
    "2025-6-30",
    "20250630",
    "http://h:1/v1",
    "HTTP://h/v1",
    "https://h/?a=b",
    "ftp://h/",
    "docs/*.md",
    "/etc/*.md",
    "~/a.md",
    "auto",
    "a" * 65,
    "ab" * 32,
    "'" + "0" * 64 + "'",
    "0" * 64,
)


def value(source: str) -> Value:
    root = compose("a.yaml", f"key: {source}".encode(), Reading())
    assert root is not None
    return root.pairs()[0][1]


def read(shape: Shape[Any], source: str) -> tuple[Any, Reading]:
    found = Reading()
    given = value(source)
    return found.attempt(given, lambda v: shape.read(v, found), None), found


SHAPES = {
    name: shape for name, shape in vars(shapes).items() if name.isupper() and isinstance(shape, Shape)
} | {
    "one of": shapes.one_of("word", "off"),
    "list": shapes.list_of(shapes.NAME, least=1),
    "one or more": shapes.one_or_more(shapes.NAME),
    "by name": shapes.by_name(shapes.NAME),
}


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"SECRET"}))  # what a secret may be, the vault says
def test_what_a_shape_reads_its_schema_takes(name: str) -> None:
    validator = jsonschema.Draft7Validator(SHAPES[name].schema)
    taken = [source for source in ANYTHING if not read(SHAPES[name], source)[1].mistakes]
    assert taken
    for source in taken:
        assert validator.is_valid(value(source).plain), source


@pytest.mark.parametrize("name", sorted(SHAPES.keys() - {"ANY"}))
def test_most_of_what_a_shape_refuses_its_schema_refuses_too(name: str) -> None:
    validator = jsonschema.Draft7Validator(SHAPES[name].schema)
    refused = [source for source in ANYTHING if read(SHAPES[name], source)[1].mistakes]
    caught = [source for source in refused if not validator.is_valid(value(source).plain)]
    assert len(caught) >= 0.75 * len(refused), set(refused) - set(caught)


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.5, "500ms"), (2.0, "2s"), (90.0, "90s"), (300.0, "5m"), (86400.0, "1d")]
)
def test_a_duration_is_written_as_it_is_read(seconds: float, written: str) -> None:
    assert shapes.DURATION.written(seconds) == written
    assert read(shapes.DURATION, written)[0] == seconds


def test_a_label_is_written_by_its_word() -> None:
    assert shapes.LABEL.written(Label.INTERNAL) == "internal"


def test_a_mapping_of_names_refuses_a_key_that_is_given_twice_or_is_no_text() -> None:
    members, found = read(shapes.by_name(shapes.NUMBER), "{a: 1, b: x, a: 2, 5: 3, [c]: 4}")
    assert members == {"a": 1.0}
    assert [mistake.message for mistake in found.mistakes] == [
        "a number from 0 is wanted here, not 'x'",
        "a is given twice",
        "text is wanted here, not a whole number",
        "text is wanted here, not a list",
    ]


def test_a_reference_is_kept_with_its_place() -> None:
    _, found = read(shapes.reference("chat"), "small")
    assert [(kind, name) for kind, name, _ in found.references] == [("chat", "small")]


def test_whatever_a_value_says_is_read_as_it_is() -> None:
    assert read(shapes.ANY, "{a: [1, 1.5, true, off, ~, 2025-01-01], b: {c: x}}")[0] == {
        "a": [1, 1.5, True, "off", None, "2025-01-01"],
        "b": {"c": "x"},
    }
