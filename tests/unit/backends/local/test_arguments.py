import time

import pytest

from gateway.backends.local.arguments import read
from gateway.types import ToolSpec
from tests.unit.backends.local.cases import OFFICE, OFFICE_CASES, TODAY, TRAVEL, TRAVEL_CASES, Case, tool
from tests.unit.backends.local.held_out import UNRELATED

SERVED = [
    (tools, case)
    for tools, cases in ((OFFICE, OFFICE_CASES), (TRAVEL, TRAVEL_CASES), *UNRELATED)
    for case in cases
    if case.tool is not None
]


@pytest.mark.parametrize(("tools", "case"), SERVED, ids=lambda v: v.request if isinstance(v, Case) else "")
def test_arguments_are_read_off_the_request(tools: tuple[ToolSpec, ...], case: Case) -> None:
    wanted = next(t for t in tools if t.name == case.tool)
    reading = read(wanted, case.request, TODAY)
    assert dict(reading.arguments) == case.arguments
    assert reading.missing == ()


def test_what_is_required_and_absent_is_missing() -> None:
    lookup = tool("get_order", "Look an order up.", ("order_id",), order_id={"type": "integer"})
    reading = read(lookup, "where is my parcel?", TODAY)
    assert [p.human for p in reading.missing] == ["order id"]


def test_two_numbers_go_to_the_parameters_whose_words_stand_beside_them() -> None:
    order = tool(
        "change_quantity", "Change a line of an order.", ("order_id", "quantity"),
        order_id={"type": "integer"}, quantity={"type": "integer", "maximum": 99},
    )  # fmt: skip
    for text in ("set the quantity to 3 in order 1004", "order #1004 should have 3 instead"):
        assert read(order, text, TODAY).arguments == {"order_id": 1004, "quantity": 3}


def test_lists_and_booleans_are_read() -> None:
    report = tool(
        "report", "Make a report.", (), charts={"type": "boolean"},
        regions={"type": "array", "items": {"enum": ["north", "south", "west"]}},
    )  # fmt: skip
    reading = read(report, "a report on south and north without charts", TODAY)
    assert reading.arguments == {"charts": False, "regions": ["north", "south"]} or reading.arguments == {
        "charts": False,
        "regions": ["south", "north"],
    }


def test_hostile_text_is_read_in_time() -> None:
    started = time.perf_counter()
    for text in ("a@" * 1_000, "'" * 2_000, '"a ' * 700, "1,000" * 400, "a" * 100_000):
        read(OFFICE[1], text, TODAY)
    assert time.perf_counter() - started < 2.0
