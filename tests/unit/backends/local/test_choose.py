from gateway.backends.local.choose import MAX_TEXTS, choose, texts_of
from gateway.types import ToolSpec
from tests.unit.backends.local.cases import TRAVEL, tool


def by_words(request: str, tools: tuple[ToolSpec, ...]) -> str | None:
    choice = choose(request, tools, texts_of(tools), None, lambda _tool: 0.0)
    return choice.tool.name if choice is not None and choice.sure else None


def test_without_an_embedder_words_choose() -> None:
    assert by_words("trains from Bonn to Ulm", TRAVEL) == "search_trains"
    assert by_words("points balance of a member", TRAVEL) == "loyalty_points"


def test_a_request_with_nothing_in_common_is_left_alone() -> None:
    assert by_words("write a limerick about snails", TRAVEL) is None
    assert by_words("hello there", TRAVEL) is None
    assert by_words("anything", ()) is None


def test_what_is_compared_is_bounded() -> None:
    many = tuple(tool(f"t{n}", "Does it.", (), *["an example"] * 10) for n in range(100))
    assert len(texts_of(many)) == MAX_TEXTS
