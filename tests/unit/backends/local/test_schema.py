from typing import Any

from gateway.backends.local.schema import Parameter, parameters


def one(**schema: Any) -> Parameter:
    return parameters({"type": "object", "properties": {"x": schema}, "required": ["x"]})[0]


def kinds(**properties: Any) -> dict[str, str]:
    return {p.name: p.kind for p in parameters({"properties": properties})}


def test_the_kind_comes_from_type_format_name_and_description() -> None:
    string = {"type": "string"}
    assert kinds(
        n={"type": "integer"},
        when={"type": "string", "format": "date"},
        customer=string,
        ticket_id=string,
        tz={"type": "string", "description": "An IANA name"},
        to_currency=string,
        colour={"enum": ["red", "blue"]},
        city=string,
    ) == {
        "n": "integer",
        "when": "date",
        "customer": "name",
        "ticket_id": "code",
        "tz": "timezone",
        "to_currency": "currency",
        "colour": "enum",
        "city": "phrase",
    }


def test_null_alternatives_and_references_are_followed() -> None:
    schema = {
        "properties": {
            "a": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "b": {"$ref": "#/$defs/Level"},
        },
        "$defs": {"Level": {"enum": ["low", "high"]}},
    }
    assert [(p.kind, p.choices) for p in parameters(schema)] == [("integer", ()), ("enum", ("low", "high"))]


def test_a_reference_to_itself_ends() -> None:
    schema = {"properties": {"a": {"$ref": "#/properties/a"}}}
    assert parameters(schema)[0].kind == "phrase"


def test_a_default_makes_a_parameter_optional_and_limits_hold() -> None:
    assert not one(type="integer", default=1).required
    percent = one(type="integer", minimum=0, maximum=100)
    assert percent.admits(100)
    assert not percent.admits(101)
    assert not one(type="string", maxLength=3).admits("four")


def test_a_schema_that_is_none_has_no_parameters() -> None:
    assert parameters({}) == parameters({"properties": [1]}) == ()


def test_keywords_of_another_type_are_passed_over() -> None:
    odd: list[object] = [5, True, "x", 1.5, {"a": 1}, None, [5]]
    for value in odd:
        for keyword in (
            "required",
            "anyOf",
            "oneOf",
            "allOf",
            "enum",
            "type",
            "format",
            "description",
            "$ref",
        ):
            text = {"type": "string", keyword: value}
            (read,) = parameters({"type": "object", "properties": {"city": text}, "required": value})
            assert read.name == "city"
            assert not read.required
            parameters({keyword: value, "properties": {"city": {"type": "array", "items": value}}})
