"""`pointsman policy diff`."""

from __future__ import annotations

import os
from difflib import ndiff
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import MISUSED, AsJson, Secrets, fail, policy
from gateway.cli.outcomes import line, told, where
from gateway.cli.show import console, hanging, not_loading, print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gateway.policy.analysis.changes import Change
    from gateway.policy.analysis.diff import CellChange, Difference
    from gateway.policy.analysis.folded import Outcome
    from gateway.policy.analysis.space import Box
    from gateway.policy.schema import Policy

_HELP = "A policy folder, or REVISION:PATH in git, such as HEAD~1:policies."


@policy.command("diff")
def policy_diff(
    old: Annotated[str, typer.Argument(help=_HELP, metavar="OLD", show_default=False)],
    new: Annotated[str, typer.Argument(help=_HELP, metavar="NEW", show_default=False)],
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 where something differs.")
    ] = False,
    secret: Secrets = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Show what a change of the policy does: first what a security reviewer wants to see, then each cell.

    Cells are those of `policy matrix`: requests of these signals that go another way than before.
    """
    from gateway.policy.analysis.diff import diff

    difference = diff(_loaded(old, secret), _loaded(new, secret))
    if as_json:
        print_json(_plain(difference))
    else:
        _show(difference, console())
    if exit_code and difference:
        raise typer.Exit(1)


def _loaded(text: str, secret: list[str]) -> Policy:
    from gateway.commands.revisions import folder_at
    from gateway.policy.language.load import load
    from gateway.policy.language.secrets import secrets_from
    from gateway.policy.mistakes import PolicyMistakes

    try:
        with folder_at(text) as folder:
            return load(folder, secrets=secrets_from(os.environ, tuple(secret)), assume_secrets=True)
    except PolicyMistakes as mistakes:
        not_loading(text, mistakes.mistakes)
    except ValueError as error:
        fail(str(error), MISUSED)


def _show(difference: Difference, shown: Console) -> None:
    if not difference:
        shown.print(f"nothing differs: revisions {difference.before} and {difference.after} decide alike")
        return
    first = [change for change in difference.changes if change.security]
    others = [change for change in difference.changes if not change.security]
    for title, changes in (("to be looked at first", first), ("other changes", others)):
        if changes:
            shown.print(line((title, "bold")))
        for change in changes:
            shown.print(hanging(_change(change), shown, 6))
    for sign, guards in (("-", difference.gone), ("+", difference.new)):
        for guard, when in guards:
            shown.print(_signed(shown, sign, f"in every cell: blocked by {guard}{where(when)}"))
    if not difference.cells:
        shown.print("no cell of the table changes but for that")
    for cell in difference.cells:
        shown.print()
        _show_cells(cell, shown)


def _show_cells(change: CellChange, shown: Console) -> None:
    marks = [("blocks less", "yellow")] * change.blocks_less + [("opens a gap", "red")] * change.opens_a_gap
    for at, box in enumerate(change.boxes):
        last = at == len(change.boxes) - 1
        cells = f" ({change.cells} cell{'' if change.cells == 1 else 's'})" if last else ""
        notes = [part for word, colour in marks for part in (("  ", ""), (word, colour))] if last else []
        shown.print(hanging(line((_box(box), "bold"), (cells, "dim"), *notes), shown, 2))
    before, after = ([said.plain for said in told(outcome)] for outcome in (change.before, change.after))
    for said in ndiff(before, after):
        if not said.startswith("?"):
            shown.print(_signed(shown, said[0], said[2:]))


def _signed(shown: Console, sign: str, said: str) -> Text:
    return hanging(line((f"  {sign} {said}", {"-": "red", "+": "green"}.get(sign, "dim"))), shown, 6)


def _box(box: Box) -> str:
    from gateway.policy.analysis.space import freshnesses_said, labels_said, tasks_said

    return "; ".join((tasks_said(box.tasks), freshnesses_said(box.freshnesses), labels_said(box.labels)))


def _change(change: Change) -> Text:
    from gateway.policy.analysis.changes import What

    colour = "yellow" if change.security else ""
    name = f"  {change.kind} {change.name}".rstrip()
    if change.what is not What.CHANGED:
        return line((name, colour), (f" {change.what.value}", ""))
    return line((f"{name}: {change.field}", colour), (f" {change.before} → {change.after}", ""))


def _plain(difference: Difference) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "differs": bool(difference),
        "before": difference.before,
        "after": difference.after,
        "changes": [asdict(change) for change in difference.changes],
        "everywhere": {
            "gone": [{"guard": guard, "when": when} for guard, when in difference.gone],
            "new": [{"guard": guard, "when": when} for guard, when in difference.new],
        },
        "cells": [
            {
                "where": [_plain_box(box) for box in cell.boxes],
                "cells": cell.cells,
                "blocks_less": cell.blocks_less,
                "opens_a_gap": cell.opens_a_gap,
                "before": _plain_outcome(cell.before),
                "after": _plain_outcome(cell.after),
            }
            for cell in difference.cells
        ],
    }


def _plain_box(box: Box) -> dict[str, list[str]]:
    from gateway.policy.analysis.space import freshness_word, task_word

    return {
        "tasks": [task_word(task) for task in box.tasks],
        "freshness": [freshness_word(freshness) for freshness in box.freshnesses],
        "sensitivity": [label.word for label in box.labels],
    }


def _plain_outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "masked_by": [mask.guard for mask in outcome.masks],
        "after_other_routes": outcome.later,
        "ways": [
            {
                "fate": path.fate.value,
                "rule": path.rule,
                "when": path.when or None,
                "lowered_to": path.after.word if path.after is not None else None,
                "model": path.models[0] if path.models else None,
                "fallbacks": list(path.models[1:]),
            }
            for path in outcome.paths
        ],
    }
