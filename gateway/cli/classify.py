"""`pointsman classify`: what the gateway understands of a text, and how often it is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import MISUSED, AsJson, fail

if TYPE_CHECKING:
    from gateway.commands.classify_eval import Evaluation, Measured

_EVAL = "eval"
_MOST_SHARES = 3


def classify(
    what: Annotated[
        str,
        typer.Argument(metavar="TEXT|-|eval", help="A text; - reads JSON lines; eval measures on --data."),
    ],
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Labelled JSON lines, for eval.", show_default=False)
    ] = None,
    axis: Annotated[
        str | None,
        typer.Option(help="For eval: what `label` is a label of: task, freshness, sensitivity, injection."),
    ] = None,
    encoder: Annotated[
        bool, typer.Option("--encoder", help="Ask the small transformer where task or freshness is unsure.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what the gateway understands of a text: task, freshness, sensitivity, findings, language.

    `-` reads lines such as {"text": "…"} or {"messages": […]} and writes each, in order, with the signals
    beside its own fields; a field that is called like a signal gives way to it. `eval --data FILE` measures
    on rows that are labelled on task, freshness, sensitivity or injection.
    """
    if data is not None and what != _EVAL:
        fail(f"--data is for eval: pointsman classify eval --data {data}", MISUSED)
    if axis is not None and what != _EVAL:
        fail("--axis is for eval: pointsman classify eval --data FILE.jsonl --axis task", MISUSED)
    if what == "-":
        _lines(encoder)
    elif what == _EVAL and data is not None:
        _evaluate(data, axis, encoder, as_json)
    elif what == _EVAL:
        fail("what is to be measured? pointsman classify eval --data FILE.jsonl", MISUSED)
    else:
        _one(what, encoder, as_json)


def _one(text: str, encoder: bool, as_json: bool) -> None:
    from gateway.cli.show import console, table
    from gateway.commands.classify import of_text, told, understanding

    with _told_why(), understanding(encoder) as understand:
        signals = told(understand(of_text(text)))
    if as_json:
        typer.echo(json.dumps(signals, ensure_ascii=False))
        return
    out = console()
    rows = [_guessed(axis, signals[axis]) for axis in ("task", "freshness", "sensitivity")]
    out.print(table(["axis", "label", "probabilities"], rows))
    if signals["findings"]:
        found = [
            (f["entity"], f["class"], f["label"], f"{f['start']} to {f['end']}", f"{f['confidence']:.2f}")
            for f in signals["findings"]
        ]
        out.print()
        out.print(table(["entity", "class", "label", "characters", "sure"], found))
    out.print(f"\nlanguage {signals['language']}, about {signals['input_tokens']:,} tokens")
    out.print(
        f"injection {signals['injection']['score']:.2f}, difficulty {signals['difficulty']['score']:.2f}"
    )
    if signals["unreadable"]:
        out.print("[yellow]a part cannot be read[/yellow]: a policy's `unreadable` label counts for it")


def _guessed(axis: str, guess: dict[str, Any]) -> tuple[str, str, str]:
    shares = sorted(guess["probabilities"].items(), key=lambda share: -share[1])[:_MOST_SHARES]
    unsure = " [yellow](unsure)[/yellow]" if guess["unsure"] else ""
    told = ", ".join(f"{label} {share:.2f}" for label, share in shares if share >= 0.005)
    return axis, f"[bold]{guess['label']}[/bold]{unsure}", told


def _lines(encoder: bool) -> None:
    from gateway.commands.classify import classified, understanding

    if sys.stdin is None:
        fail("standard input is closed, and - reads lines from there", MISUSED)
    read = wrong = 0
    with _told_why(), understanding(encoder) as understand:
        for line in classified(_read(), understand):
            read += 1
            _write(line.json)
            if line.wrong:
                wrong += 1
                typer.echo(f"line {line.number}: {line.wrong}", err=True)
    _write()
    if wrong:
        fail(f"{wrong:,} of {read:,} lines could not be read; they are in the output with an `error`")


@contextmanager
def _told_why() -> Iterator[None]:
    """What the transformer lacks is told with what to do."""
    from gateway.errors import ProviderUnavailable

    try:
        yield
    except ProviderUnavailable as error:
        fail(str(error))


def _write(line: bytes | None = None) -> None:
    """A line; without one, what still waits to be written."""
    try:
        sys.stdout.buffer.write(line + b"\n") if line is not None else sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"standard output cannot be written: {error.strerror}")


def _read() -> Iterator[str]:
    """Lines of standard input, without a byte order mark; bytes that are no UTF-8 are replaced."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").removeprefix("\ufeff")


def _evaluate(data: Path, axis: str | None, encoder: bool, as_json: bool) -> None:
    from gateway.commands.classify import Unreadable, understanding
    from gateway.commands.classify_eval import AXES, evaluated, rows_of

    if axis is not None and axis not in AXES:
        fail(f"--axis is {axis!r}, and has to be one of {', '.join(AXES)}", MISUSED)
    try:
        with data.open(encoding="utf-8-sig", errors="replace") as lines:
            rows = rows_of(lines, axis)
    except OSError as error:
        fail(f"{data} cannot be read: {error.strerror}", MISUSED)
    except Unreadable as error:
        fail(f"{data}: {error}", MISUSED)
    with _told_why(), understanding(encoder) as understand:
        evaluation = evaluated(rows, understand)
    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(evaluation)))
    else:
        _show(evaluation)


def _show(evaluation: Evaluation) -> None:
    from rich.markup import escape

    from gateway.cli.show import console, table

    out = console()
    for axis in evaluation.axes:
        out.print(f"[bold cyan]{axis.axis}[/bold cyan]")
        rows = [
            (
                escape(p.source),
                f"{p.rows:,}",
                *(f"{v:.3f}" for v in (p.majority, p.keyword, p.accuracy, p.macro_f1)),
            )
            for p in axis.parts
        ]
        out.print(table(["source", "rows", "majority", "keyword", "accuracy", "macro-F1"], rows))
        for line in _told(axis):
            out.print(line)
        out.print()
    median, worst = evaluation.microseconds
    out.print(f"A request took {median:,.0f} µs (median), {worst:,.0f} µs (99 %).")


def _told(axis: Measured) -> Iterator[str]:
    yield f"expected calibration error {axis.calibration_error:.3f}"
    yield "wrong among the surest " + ", ".join(
        f"{share:.0%}: {risk:.1%}" for share, risk in axis.risk.items()
    )
    yield f"sure of {axis.sure[0]:.1%}, and right in {axis.sure[1]:.1%} of those"
    if axis.passed is not None:
        yield f"non-public passed as public {axis.passed:.1%}"
    if axis.flagged is not None:
        yield f"public called something else {axis.flagged:.1%}"
    if axis.recall is not None:
        yield f"attacks found where 5% of benign text is called one {axis.recall:.1%}"
    if axis.confused:
        yield "most confused: " + ", ".join(f"{w} → {b} {n}×" for w, b, n in axis.confused)
