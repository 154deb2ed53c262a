from gateway.backends.local.template import MAX_ITEMS, filled, in_words

FIELDS = {
    "id": 7,
    "status": "sent",
    "carrier": None,
    "lines": [{"name": "lamp", "n": 2}, {"name": "rug", "n": 1}],
}


def test_fields_stand_where_the_template_names_them() -> None:
    assert filled("Order {id} is {status}.", FIELDS) == "Order 7 is sent."


def test_a_part_in_brackets_goes_where_its_field_is_absent() -> None:
    assert filled("{id}[ by {carrier}][ is {status}].", FIELDS) == "7 is sent."


def test_a_field_that_is_needed_and_absent_fills_nothing() -> None:
    assert filled("by {carrier}", FIELDS) is None
    assert filled("{nowhere}", FIELDS) is None


def test_every_record_of_a_list_is_said() -> None:
    assert filled("{lines: {n} of {name}}.", FIELDS) == "2 of lamp; 1 of rug."
    assert filled("{lines.name}", FIELDS) == "lamp, rug"
    assert filled("{lines: {name}}", {"lines": []}) == "none"


def test_a_long_list_is_cut_and_says_so() -> None:
    many = {"lines": [{"name": str(n)} for n in range(MAX_ITEMS + 3)]}
    assert (filled("{lines: {name}}", many) or "").endswith("11 and 3 more")


def test_a_template_reaches_no_attributes() -> None:
    assert filled("{id.__class__}", FIELDS) is None
    assert filled("{id!r:>10}", FIELDS) == "{id!r:>10}"


def test_brackets_and_braces_without_a_field_are_text() -> None:
    assert filled("[1] {} { id }", FIELDS) == "[1] {} { id }"


def test_deep_nesting_ends() -> None:
    assert filled("[" * 5_000 + "{id}", FIELDS) is not None


def test_values_are_said_as_one_would() -> None:
    assert in_words({"in_stock": True, "left": 3, "note": None}) == "(in stock: yes, left: 3)"
