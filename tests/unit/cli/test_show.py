from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from gateway.cli.show import hanging, placed, say
from gateway.policy.mistakes import Mistake

LONG = "routes.yaml:3:5: a sentence that goes on for longer than the terminal is wide"


def out(terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=30, force_terminal=terminal, color_system=None)


def written(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_what_does_not_fit_is_wrapped_by_words_and_set_in() -> None:
    first, *more = hanging(Text(LONG), out(True), 4).plain.splitlines()
    assert first.startswith("routes.yaml:3:5: a")
    assert all(line.startswith("    ") and len(line) <= 30 for line in more)
    assert " ".join([first, *(line.strip() for line in more)]) == LONG


def test_what_fits_is_left_as_it_is() -> None:
    assert hanging(Text("x" * 30), out(True)).plain == "x" * 30


def test_a_pipe_gets_one_line_whole_and_a_terminal_none_that_is_too_long() -> None:
    pipe, terminal = out(False), out(True)
    for console in (pipe, terminal):
        say(console, Text(LONG))
    assert written(pipe) == [LONG]
    assert max(map(len, written(terminal))) <= 30


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("routes.yaml", "policies/routes.yaml:3:5: wrong; mend it"),
        ("policies", "policies: wrong; mend it"),
        ("pointsman-x1", "policies: wrong; mend it"),  # a revision of git, read in another folder
    ],
)
def test_a_mistake_stands_behind_its_place(file: str, said: str) -> None:
    assert placed(Path("policies"), Mistake(file, 3, 5, "wrong", "mend it")).plain == said
    assert placed("policies", Mistake(file, 3, 5, "[x]"), "error").plain.endswith(": error: [x]")
