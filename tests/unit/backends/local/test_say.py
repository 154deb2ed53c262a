from gateway.backends.local.say import said
from gateway.types import ToolResult, ToolSpec

PLAIN = ToolSpec("lookup", "", {})


def test_a_result_is_said_by_the_policys_template() -> None:
    tool = ToolSpec("lookup", "", {}, reply="It is {state}.")
    assert said(tool, ToolResult("", structured={"state": "open"})) == "It is open."


def test_without_a_template_or_its_fields_every_field_is_named() -> None:
    tool = ToolSpec("lookup", "", {}, reply="It is {colour}.")
    fields = {"ticket_state": "open", "owner": None, "hours": 4}
    assert said(tool, ToolResult("", structured=fields)) == "ticket state: open, hours: 4."
    assert said(PLAIN, ToolResult('{"a": [1, 2]}')) == "a: 1, 2."


def test_a_text_is_passed_on() -> None:
    assert said(PLAIN, ToolResult("It rains.")) == "It rains."
    assert said(PLAIN, ToolResult("")) == "Done."


def test_a_failure_is_said_as_one() -> None:
    failed = ToolResult("Error executing tool lookup: There is no order 7.", is_error=True)
    assert said(PLAIN, failed) == "That did not work: there is no order 7."
    assert said(PLAIN, ToolResult("HTTP 500", is_error=True)) == "That did not work: HTTP 500."
    assert said(PLAIN, ToolResult("", is_error=True)) == "That did not work: the tool gave no reason."
