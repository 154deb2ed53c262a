from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from gateway.commands.junit import junit
from gateway.commands.policy_test import Report, Result
from gateway.policy.analysis.verdicts import Miss
from gateway.policy.language.cases import Case


def result(name: str, *misses: Miss, file: str = "a.cases.yaml") -> Result:
    return Result(Case(name, file, 7, {}, {}), misses, {}, ("task <coding> 0.90",) if misses else (), 0.25)


def document(*results: Result) -> Xml.Element:
    return Xml.fromstring(junit([Report(Path("policies"), "abc", results)]))  # noqa: S314


def test_each_file_is_a_suite_with_its_counts() -> None:
    miss = Miss("route", "a", "b")
    root = document(result("one"), result("two", miss), result("three", file="b.cases.yaml"))
    assert root.tag == "testsuites"
    assert [suite.attrib for suite in root] == [
        {
            "name": "policies/a.cases.yaml",
            "tests": "2",
            "failures": "1",
            "errors": "0",
            "skipped": "0",
            "time": "0.500",
        },
        {
            "name": "policies/b.cases.yaml",
            "tests": "1",
            "failures": "0",
            "errors": "0",
            "skipped": "0",
            "time": "0.250",
        },
    ]


def test_a_failure_says_what_was_expected_and_why() -> None:
    (suite,) = document(result("two", Miss("route", "a", "b"), Miss("model", "m", "none")))
    (case,) = suite
    assert case.attrib == {"classname": "policies/a.cases", "name": "two (line 7)", "time": "0.250"}
    (failure,) = case
    assert failure.get("message") == "route: expected a, came b; model: expected m, came none"
    assert failure.text == "policies/a.cases.yaml:7\ntask <coding> 0.90"


def test_what_xml_cannot_hold_is_left_out() -> None:
    (suite,) = document(result('a & b < "c" \x00\x1b[31m 🙂'))
    assert suite[0].get("name") == 'a & b < "c" ��[31m 🙂 (line 7)'
