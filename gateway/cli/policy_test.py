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
    Folder,
    KnowledgeRoot,
    Secrets,
    policy,
)
from gateway.cli.show import console, print_json
from gateway.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gateway.commands.policy_test import Report, Result


@policy.command("test")
def policy_test(
    folder: Folder = DEFAULT_POLICIES,
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
    """Run the cases in a folder's *.cases.yaml; no model is called, and no key is needed."""
    from gateway.commands.junit import junit
    from gateway.commands.policy_test import run
    from gateway.policy.mistakes import PolicyMistakes

    settings = Settings(
        policies=folder, data_dir=data_dir, knowledge_root=knowledge_root or folder, secrets=tuple(secret)
    )
    try:
        report = run(settings, wanted, _indexing)
        if junit_file is not None:
            junit_file.write_bytes(junit(report))
    except PolicyMistakes as mistakes:
        typer.echo(str(mistakes), err=True)
        raise typer.Exit(2) from None
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        print_json(report.as_dict())
    else:
        _show(console(), report)
    if report.failed:
        raise typer.Exit(1)


def _indexing(name: str) -> None:
    """Says what takes long, to people only."""
    if sys.stderr.isatty():
        typer.echo(f"reading the documents of {name} …", err=True)


def _show(out: Console, report: Report) -> None:
    for result in report.failed:
        _show_failure(out, result)
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
    )


def _show_failure(out: Console, result: Result) -> None:
    from rich.text import Text

    out.print(Text.assemble(("FAILED ", "bold red"), (result.case.place, "bold"), f"  {result.case.name}"))
    for miss in result.misses:
        _show_line(
            out,
            Text.assemble((miss.key, "bold"), f": expected {miss.expected}, ", (f"came {miss.came}", "red")),
            2,
        )
    for line in result.why:
        _show_line(out, Text(line, style="dim"), 4)
    out.print()


def _show_line(out: Console, line: Text, indent: int) -> None:
    from rich.padding import Padding

    out.print(Padding(line, (0, 0, 0, indent), expand=False))
