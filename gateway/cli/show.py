"""How commands show what they found: tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.options import MISUSED

if TYPE_CHECKING:
    from gateway.policy.mistakes import Mistake


def console(stderr: bool = False) -> Console:
    """Standard output: as wide as the terminal, in colour only there (and never with NO_COLOR set)."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: a bold head, cells that fold rather than vanish."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def hanging(text: Text, out: Console, indent: int = 4, beside: int = 0) -> Text:
    """The text wrapped by words to the console's width, what follows the first line set in by so much.

    `beside` are columns that something else takes.
    """
    width = out.width - beside
    if text.cell_len <= width:
        return text
    lines = text.wrap(out, max(width - indent, 1), tab_size=4)
    for line in lines:
        line.rstrip()
    return Text("\n" + " " * indent).join(lines)


def say(out: Console, text: Text) -> None:
    """One line, whole where it is piped, so that an editor or `grep` finds it; wrapped on a terminal."""
    if out.is_terminal:
        out.print(hanging(text, out))
    else:
        out.print(text, soft_wrap=True)


def placed(folder: Path | str, mistake: Mistake, level: str = "") -> Text:
    """A mistake behind its place, as terminals and editors open it; what the folder lacks is in no file.

    `level` is error, warning or note, where they are to be told apart.
    """
    said = f"{mistake.message}; {mistake.proposal}" if mistake.proposal else mistake.message
    inside = mistake.file.endswith((".yaml", ".yml"))
    place = f"{Path(folder) / mistake.file}:{mistake.line}:{mistake.column}" if inside else str(folder)
    return Text.assemble(f"{place}: ", (f"{level}: " if level else "", _COLOURS.get(level, "")), said)


_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def not_loading(folder: Path | str, mistakes: Iterable[Mistake]) -> NoReturn:
    """Ends the command as one that was misused, since the folder's policy does not load."""
    errors = console(stderr=True)
    say(errors, Text(f"error: {folder} holds no policy that loads"))
    for mistake in mistakes:
        say(errors, placed(folder, mistake))
    raise typer.Exit(MISUSED)


def print_json(value: Any) -> None:
    """A value of ours as JSON, two spaces deep; mappings keep their order."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False, default=str))
