"""What `pointsman tune train` does: examples in, a head and its card out."""

from __future__ import annotations

from pathlib import Path

from gateway.tuning.examples import BadExamples, Example, read
from gateway.tuning.head import FILE, valid_name
from gateway.tuning.report import Report
from gateway.tuning.train import TARGET, Embed, Progress, judge, train

CARD = "CARD.md"


async def train_command(
    name: str,
    examples: Path,
    holdout: Path | None,
    to: Path,
    embed: Embed,
    *,
    embedder: str = "local/minilm",
    target: float = TARGET,
    progress: Progress | None = None,
) -> Report:
    """Fits a head and writes `TO/NAME/head.npz` and `TO/NAME/CARD.md`.

    `embed` turns a tuple of texts into unit vectors, float32 of shape (texts, dimensions).

    Raises:
        BadExamples: rows that cannot be used, or too few; a line for each.
        ValueError: the name is no slug.
        OSError: a file cannot be read or written.
    """
    folder = to / valid_name(name)
    rows = read(examples)
    held_out = read(holdout) if holdout is not None else None
    if held_out is not None:
        _check_holdout(rows, held_out)
    trained = await train(
        name, rows, embed, embedder=embedder, target=target, progress=progress or (lambda *_: None)
    )
    report = Report(
        head=trained.head,
        rows=len(rows),
        strangers=sum(row.label is None for row in rows),
        cross_validated=trained.cross_validated,
        holdout=await judge(trained.head, held_out, embed) if held_out is not None else None,
        command=_command(name, examples, holdout, to),
        to=str(folder),
    )
    trained.head.save(folder / FILE)
    (folder / CARD).write_text(report.text(), encoding="utf-8")
    return report


def _check_holdout(rows: tuple[Example, ...], held_out: tuple[Example, ...]) -> None:
    """Raises BadExamples where the hold-out could flatter: a text that is fitted on, or an unknown label."""
    shared = {row.text for row in rows} & {row.text for row in held_out}
    if shared:
        raise BadExamples(f"{len(shared)} texts of the hold-out are among the examples: take them out of one")
    unknown = {row.label for row in held_out} - {row.label for row in rows} - {None}
    if unknown:
        raise BadExamples(f"labels of the hold-out that no example has: {sorted(map(str, unknown))}")


def _command(name: str, examples: Path, holdout: Path | None, to: Path) -> str:
    parts = ["pointsman tune train", name, f"--examples {_shown(examples)}"]
    if holdout is not None:
        parts.append(f"--holdout {_shown(holdout)}")
    return " ".join([*parts, f"--to {_shown(to)}"])


def _shown(path: Path) -> str:
    """The path as it was typed; of one from the root only the name, since a card travels."""
    return path.name if path.is_absolute() else str(path)
