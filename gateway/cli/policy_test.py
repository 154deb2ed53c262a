"""`pointsman policy test`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import (
    DEFAULT_DATA,
    DEFAULT_POLICIES,
    AsJson,
    DataDir,
    KnowledgeRoot,
    Secrets,
    policy,
)
from gateway.cli.show import console, placed, print_json, say
from gateway.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gateway.commands.policy_test import Report, Result


@policy.command("test")
def policy_test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Policy folders, or files of them, as pre-commit names them. [default: policies]",
            metavar="[DIR|FILE]...",
            show_default=False,
        ),
    ] = None,
    wanted: Annotated[
        str, typer.Option("-k", help="Only cases whose name or place holds this.", metavar="PATTERN")
    ] = "",
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Also write the results as JUnit XML.", metavar="FILE")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
    knowledge_root: KnowledgeRoot = None,
    secret: Secrets = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Run the cases in a folder's *.cases.yaml; no model is called, and no key is needed.

    Ends with 0 where all pass, 1 where one fails, 2 where nothing can be tested: the folder has mistakes, no
    cases, or documents that cannot be read.
    """
    from gateway.commands.junit import junit
    from gateway.policy.analysis.check import folders_of

    try:
        folders = folders_of(paths or [DEFAULT_POLICIES])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settings = [Settings(one, data_dir, knowledge_root or one, secrets=tuple(secret)) for one in folders]
    reports = [report for one in settings if (report := _tested(one, wanted, as_json)) is not None]
    if as_json:
        print_json({"folders": [report.as_dict() for report in reports]})
    if junit_file is not None:
        try:
            junit_file.write_bytes(junit(reports))
        except OSError as error:
            typer.echo(f"error: {junit_file} cannot be written: {error.strerror}", err=True)
            raise typer.Exit(2) from None
    if len(reports) < len(folders):
        raise typer.Exit(2)
    if any(report.failed for report in reports):
        raise typer.Exit(1)


def _tested(settings: Settings, wanted: str, as_json: bool) -> Report | None:
    """The report on one folder, shown to people; None where it cannot be tested, which is said."""
    from gateway.commands.policy_test import run
    from gateway.policy.mistakes import PolicyMistakes

    try:
        report = run(settings, wanted, _indexing)
    except PolicyMistakes as error:
        for one in error.mistakes:
            say(console(stderr=True), placed(settings.policies, one))
        return None
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        return None
    if not as_json:
        _show(console(), report)
    return report


def _indexing(name: str) -> None:
    """Says what takes long, to people only."""
    if sys.stderr.isatty():
        typer.echo(f"reading the documents of {name} …", err=True)


def _show(out: Console, report: Report) -> None:
    for result in report.failed:
        _show_failure(out, report, result)
    if report.unreached:
        out.print(f"no case reaches: {', '.join(report.unreached)}", style="yellow", markup=False)
    passed = len(report.results) - len(report.failed)
    said = [f"{passed} passed"]
    if report.failed:
        said.insert(0, f"{len(report.failed)} failed")
    if report.left_out:
        said.append(f"{report.left_out} left out")
    out.print(
        f"{', '.join(said)} in {report.seconds:.2f} s; {report.folder}, revision {report.revision}",
        style="bold red" if report.failed else "green",
        markup=False,
        soft_wrap=True,
    )


def _show_failure(out: Console, report: Report, result: Result) -> None:
    from rich.text import Text

    place = f"{report.folder / result.case.place}"
    head = Text.assemble(("FAILED ", "bold red"), (place, "bold"), f"  {result.case.name}")
    out.print(head, soft_wrap=True)  # a place that a terminal can open stays in one piece
    for miss in result.misses:
        _show_line(
            out,
            Text.assemble((miss.key, "bold"), f": expected {miss.expected}, ", (f"came {miss.came}", "red")),
            2,
        )
    for reason in result.why:
        _show_line(out, Text(reason, style="dim"), 4)
    out.print()


def _show_line(out: Console, said: Text, indent: int) -> None:
    from rich.padding import Padding

    out.print(Padding(said, (0, 0, 0, indent), expand=False))
