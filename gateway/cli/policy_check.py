"""`pointsman policy check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_POLICIES, AsJson, KnowledgeRoot, Secrets, policy
from gateway.cli.outcomes import line
from gateway.cli.show import console, placed, print_json, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from gateway.policy.analysis.check import Checked
    from gateway.policy.mistakes import Mistake


@policy.command("check")
def policy_check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Policy folders, or files of them, as pre-commit names them. [default: policies]",
            metavar="[DIR|FILE]...",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    assume_secrets: Annotated[
        bool,
        typer.Option("--assume-secrets", help="Take every allowed secret as set, as where none is at hand."),
    ] = False,
    secret: Secrets = [],  # noqa: B006
    knowledge_root: KnowledgeRoot = None,
    as_json: AsJson = False,
) -> None:
    """Say every mistake and every doubt in a folder, with its place and what would be right.

    A doubt is a request that some rule lets in and no model may serve, or a rule that never counts. Ends with
    0 where all is right, 1 where something is not, 2 where the command was misused.
    """
    from gateway.commands.check import check_folder
    from gateway.policy.analysis.check import folders_of
    from gateway.policy.language.secrets import secrets_from

    try:
        folders = folders_of(paths or [DEFAULT_POLICIES])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    secrets = secrets_from(os.environ, tuple(secret))
    checked = [check_folder(folder, secrets, knowledge_root, assume_secrets) for folder in folders]
    if as_json:
        print_json({"folders": [_plain(one, strict) for one in checked]})
    else:
        shown = console()
        for one in checked:
            _show(one, shown)
    if not all(one.right(strict) for one in checked):
        raise typer.Exit(1)


def _show(checked: Checked, shown: Console) -> None:
    _lines("error", checked.folder, checked.mistakes, shown)
    _lines("warning", checked.folder, checked.warnings, shown)
    _lines("note", checked.folder, checked.notes, shown)
    for note in checked.out_of_service:
        say(shown, line(("note:", "cyan"), (f" {note}", "")))
    if checked.mistakes:
        say(shown, line((f"{_counted(len(checked.mistakes), 'mistake')} in {checked.folder}", "")))
        return
    warnings = f"; {_counted(len(checked.warnings), 'warning')}" if checked.warnings else ""
    said = f"{checked.folder} is a policy: {checked.holds}; revision {checked.revision}{warnings}"
    say(shown, line((said, "")))


def _lines(level: str, folder: Path, mistakes: Iterable[Mistake], shown: Console) -> None:
    for one in sorted(mistakes):
        say(shown, placed(folder, one, level))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _plain(checked: Checked, strict: bool) -> dict[str, Any]:
    from dataclasses import asdict

    doubts = [
        {"doubt": one.doubt.value, "rule": one.rule, "warning": one.warning, **asdict(one.place)}
        for one in checked.found
    ]
    own = {id(one.place) for one in checked.found}
    return {
        "folder": str(checked.folder),
        "right": checked.right(strict),
        "revision": checked.revision or None,
        "mistakes": [asdict(one) for one in checked.mistakes],
        "warnings": [asdict(one) for one in checked.warnings if id(one) not in own],
        "doubts": doubts,
        "out_of_service": list(checked.out_of_service),
    }
