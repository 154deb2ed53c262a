"""`pointsman policy matrix`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_POLICIES, AsJson, Folder, Secrets, policy
from gateway.cli.outcomes import line, told, where
from gateway.cli.show import console, hanging, not_loading, print_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from gateway.policy.analysis.folded import Folded, Outcome
    from gateway.policy.analysis.matrix import CellWays, Matrix
    from gateway.policy.analysis.review import Found
    from gateway.policy.schema import Policy
    from gateway.types import Caller, Label

_LABELS = 46  # columns that the four labels take in a narrow table, with what is between
_FRESHNESS = len("any freshness")
_MARK = 6  # columns that an outcome's number takes, at most
_ROOMY = 110  # columns from which on the table names routes itself


@policy.command("matrix")
def policy_matrix(
    folder: Folder = DEFAULT_POLICIES,
    as_caller: Annotated[
        str | None, typer.Option("--as", help="Only as this caller may see it.", metavar="CALLER")
    ] = None,
    label: Annotated[
        list[str], typer.Option("--label", help="Only this sensitivity; repeat it.", metavar="LABEL")
    ] = [],  # noqa: B006
    task: Annotated[
        list[str], typer.Option("--task", help="Only this task, or unsure; repeat it.", metavar="TASK")
    ] = [],  # noqa: B006
    route: Annotated[
        str | None, typer.Option("--route", help="Only cells where this route may serve.", metavar="NAME")
    ] = None,
    secret: Secrets = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Show the whole decision table: what becomes of a request of every task, freshness and sensitivity.

    What else a decision depends on (the caller, findings, tokens, knowledge …) is told as a condition.
    """
    from gateway.policy.analysis.matrix import matrix_of
    from gateway.policy.analysis.review import review
    from gateway.policy.language.load import load
    from gateway.policy.language.secrets import secrets_from
    from gateway.policy.mistakes import PolicyMistakes

    try:
        loaded = load(folder, secrets=secrets_from(os.environ, tuple(secret)), assume_secrets=True)
    except PolicyMistakes as mistakes:
        not_loading(folder, mistakes.mistakes)
    matrix = matrix_of(loaded, _caller(loaded, as_caller))
    cells = _filtered(loaded, matrix, label, task, route)
    found = review(loaded) if matrix.caller is None else ()
    if as_json:
        print_json(_plain(matrix, cells, found))
    else:
        _show(matrix, cells, found)


def _caller(loaded: Policy, name: str | None) -> Caller | None:
    if name is None:
        return None
    callers = {known.caller.name: known.caller for known in loaded.callers}
    if name not in callers:
        raise typer.BadParameter(_unknown("caller", name, callers), param_hint="--as")
    return callers[name]


def _filtered(
    loaded: Policy, matrix: Matrix, labels: list[str], tasks: list[str], route: str | None
) -> tuple[CellWays, ...]:
    from gateway.policy.analysis.space import TASKS, task_word
    from gateway.types import Label

    for name, given, known in (
        ("--label", labels, [label.word for label in Label]),
        ("--task", tasks, [task_word(task) for task in TASKS]),
        ("--route", [route] if route else [], [route.name for route in loaded.routes]),
    ):
        for word in given:
            if word not in known:
                raise typer.BadParameter(_unknown(name.removeprefix("--"), word, known), param_hint=name)
    return tuple(
        cell
        for cell in matrix.cells
        if (not labels or cell.point.label.word in labels)
        and (not tasks or task_word(cell.point.task) in tasks)
        and (not route or any(way.rule == route for way in cell.routes))
    )


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    from gateway.policy.mistakes import proposal

    return f"there is no {what} {word}; {proposal(word, known, 'there are')}"


def _show(matrix: Matrix, cells: tuple[CellWays, ...], found: tuple[Found, ...]) -> None:
    from gateway.policy.analysis.folded import folded

    shown = console()
    table = folded(matrix, cells)
    caller = f" as {matrix.caller}" if matrix.caller else ""
    shown.print(f"revision {matrix.revision}{caller}: {len(cells)} cells, {_outcomes(len(table.outcomes))}")
    for guard, when in table.everywhere:
        said = line(("in every cell: ", ""), (f"blocked by {guard}", "red"), (where(when), "dim"))
        shown.print(hanging(said, shown))
    if cells:
        shown.print()
        shown.print(_grid(table, shown.width))
        shown.print()
        shown.print(_legend(table.outcomes, shown))
    for said in (*_masking(cells), *map(_doubt, found)):
        shown.print(hanging(said, shown))


def _outcomes(number: int) -> str:
    return "1 outcome" if number == 1 else f"{number} outcomes"


def _grid(table: Folded, width: int) -> RenderableType:
    from rich.table import Table

    from gateway.policy.analysis.space import freshnesses_said, tasks_said
    from gateway.types import Label

    grid = Table(box=None, header_style="bold", pad_edge=False)
    roomy, longest = width >= _ROOMY, max(_longest(tasks_said(row.tasks)) for row in table.rows)
    grid.add_column("task", min_width=longest)
    grid.add_column("freshness", max_width=None if roomy else max(width - longest - _LABELS, _FRESHNESS))
    present = [at for at, _ in enumerate(Label) if any(row.places[at] is not None for row in table.rows)]
    for at in present:
        grid.add_column(Label(at).word, no_wrap=True)
    before: object = None
    for row in table.rows:
        tasks = "" if row.tasks == before else tasks_said(row.tasks)
        before = row.tasks
        marks = (_mark(table, row.places[at], roomy) for at in present)
        grid.add_row(tasks, freshnesses_said(row.freshnesses), *marks)
    return grid


def _longest(text: str) -> int:
    """Columns of the longest word, which is not to be cut."""
    return max(map(len, text.split()))


def _mark(table: Folded, place: int | None, roomy: bool) -> Text:
    """An outcome's number, and in a word what kind it is."""
    if place is None:
        return line(("–", "dim"))
    outcome = table.outcomes[place]
    word, colour = _kind(outcome)
    if roomy and len(outcome.paths) == 1:
        word = outcome.paths[0].rule
    return line((f"{place + 1}", f"bold {colour}"), (f" {word}" if word else "", colour))


def _kind(outcome: Outcome) -> tuple[str, str]:
    from gateway.policy.analysis.matrix import Fate

    fates = {path.fate for path in outcome.paths}
    if fates == {Fate.BLOCKED}:
        return "blocked", "red"
    if Fate.GAP in fates:
        return ("gap" if fates == {Fate.GAP} else "gap if"), "red"
    if outcome.masks:
        return "masked", "cyan"
    return ("", "green") if len(outcome.paths) == 1 else ("if", "yellow")


def _legend(outcomes: Iterable[Outcome], shown: Console) -> RenderableType:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for number, outcome in enumerate(outcomes, 1):
        for at, said in enumerate(told(outcome)):
            mark = line((str(number) if at == 0 else "", f"bold {_kind(outcome)[1]}"))
            grid.add_row(mark, hanging(said, shown, 2, beside=_MARK))
    return grid


def _masking(cells: tuple[CellWays, ...]) -> Iterator[Text]:
    """What each guard that masks makes of a label."""
    found: dict[str, dict[Label, Label]] = {}
    for cell in cells:
        for mask in cell.masks:
            found.setdefault(mask.guard, {})[cell.point.label] = mask.lowest
    for guard, lowest in found.items():
        said = (
            f"{label.word} becomes {best.word} at best, and stays at worst"
            if best < label
            else f"{label.word} stays"
            for label, best in sorted(lowest.items())
        )
        yield line(("", ""))
        yield line((f"{guard} masks: ", "cyan"), ("; ".join(said), ""))


def _doubt(found: Found) -> Text:
    word, colour = ("warning", "yellow") if found.warning else ("note", "cyan")
    place = found.place
    return line((f"{place.file}:{place.line}: ", ""), (f"{word}: ", colour), (place.message, ""))


def _plain(matrix: Matrix, cells: tuple[CellWays, ...], found: tuple[Found, ...]) -> dict[str, Any]:
    return {
        "revision": matrix.revision,
        "caller": matrix.caller,
        "cells": [_plain_cell(cell) for cell in cells],
        "doubts": [
            {"doubt": one.doubt.value, "warning": one.warning, "rule": one.rule, "message": one.place.message}
            for one in found
        ],
    }


def _plain_cell(cell: CellWays) -> dict[str, Any]:
    from gateway.policy.analysis.space import freshness_word, task_word

    return {
        "task": task_word(cell.point.task),
        "freshness": freshness_word(cell.point.freshness),
        "sensitivity": cell.point.label.word,
        "certain": cell.certain,
        "masks": [
            {
                "guard": mask.guard,
                "when": mask.when or None,
                "at_best": mask.lowest.word,
                "at_worst": cell.point.label.word,
                "accept_residual": mask.accept_residual,
            }
            for mask in cell.masks
        ],
        "ways": [
            {
                "fate": way.fate.value,
                "rule": way.rule,
                "when": way.when or None,
                "label": way.label.word,
                "model": way.models[0] if way.models else None,
                "fallbacks": list(way.models[1:]),
            }
            for way in cell.ways
        ],
    }
