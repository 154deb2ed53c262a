"""Reports on cases as JUnit XML, which every CI system reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as Xml

from gateway.commands.policy_test import Report, Result

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(reports: Iterable[Report]) -> bytes:
    """One suite for each file of cases, one test case for each of its cases."""
    root = Xml.Element("testsuites")
    for report in reports:
        for file, results in groupby(report.results, key=lambda result: result.case.file):
            _add_suite(root, report.folder / file, list(results))
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_suite(root: Xml.Element, file: Path, results: list[Result]) -> None:
    seconds = sum(result.seconds for result in results)
    suite = Xml.SubElement(
        root,
        "testsuite",
        name=str(file),
        errors="0",
        failures=str(sum(bool(result.misses) for result in results)),
        skipped="0",
        tests=str(len(results)),
        time=f"{seconds:.3f}",
    )
    for result in results:
        case = Xml.SubElement(
            suite,
            "testcase",
            classname=str(file.with_suffix("")),
            name=_sayable(f"{result.case.name} (line {result.case.line})"),
            time=f"{result.seconds:.3f}",
        )
        if result.misses:
            said = "; ".join(f"{m.key}: expected {m.expected}, came {m.came}" for m in result.misses)
            failure = Xml.SubElement(case, "failure", message=_sayable(said))
            failure.text = _sayable("\n".join((f"{file}:{result.case.line}", *result.why)))


def _sayable(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
