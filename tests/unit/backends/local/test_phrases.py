from gateway.backends.local.phrases import Phrases


def phrases(text: str, *own: str) -> Phrases:
    return Phrases(text, (), frozenset(own))


def values(found: object) -> list[str]:
    assert isinstance(found, list)
    return [f.value for f in found]


def test_names_are_capitalised_runs_inside_a_sentence() -> None:
    assert values(phrases("What has Amelie Brandt bought?").named()) == ["Amelie Brandt"]
    assert values(phrases("Show me everything").named()) == []


def test_a_phrase_follows_its_word() -> None:
    assert values(phrases("the weather in Buenos Aires, please").after({"in"})) == ["Buenos Aires"]
    assert values(phrases("city of the hague is").after({"city"})) == ["hague"]
    assert values(phrases("restart the search service now").before({"service"})) == ["restart", "search"][1:]


def test_the_tools_own_words_fall_off_the_edges() -> None:
    assert values(phrases("how many oak chairs in stock?", "stock").content()) == ["oak chairs"]


def test_a_possessive_ends_a_name() -> None:
    assert values(phrases("what is Ingrid Solberg's number").named()) == ["Ingrid Solberg"]
