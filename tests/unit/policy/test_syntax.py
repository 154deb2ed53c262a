from __future__ import annotations

from cel_expr_python import cel

from gateway.policy.syntax import Node, tree, walk


def parsed(text: str) -> Node:
    return tree(cel.NewEnv().compile(text, disable_check=True).serialize())


def test_a_comparison_is_a_call_with_its_two_sides_in_place() -> None:
    call = parsed("task == coding")
    assert (call.kind, call.text) == ("call", "_==_")
    assert [(side.dotted, side.offset) for side in call.children] == [("task", 0), ("coding", 8)]


def test_a_chain_of_names_is_read_as_one_dotted_name() -> None:
    assert parsed("request.metadata.plan").dotted == "request.metadata.plan"
    assert parsed("f(x).plan").dotted == ""


def test_texts_keep_their_letters_and_their_offset_counts_characters() -> None:
    texts = [
        (node.text, node.offset)
        for node in walk(parsed("'é' == name || 'ü' in ['x']"))
        if node.kind == "text"
    ]
    assert texts == [("é", 0), ("ü", 15), ("x", 23)]


def test_a_macro_is_a_loop_over_its_range_with_its_variable() -> None:
    loop = parsed("findings.exists(f, f == 'email')")
    assert (loop.kind, loop.text, loop.children[0].dotted) == ("loop", "f", "findings")
    assert "email" in [node.text for node in walk(loop)]


def test_numbers_keep_their_value() -> None:
    numbers = [node.text for node in walk(parsed("[0, 3, -7, 0.5, -1e300]")) if node.kind == "number"]
    assert [float(number) for number in numbers] == [0, 3, -7, 0.5, -1e300]


def test_lists_maps_and_other_constants_are_told_apart() -> None:
    assert parsed("[1, 'a']").kind == "list"
    assert parsed("{'a': 1}").kind == "map"
    assert parsed("true").kind == "other"
