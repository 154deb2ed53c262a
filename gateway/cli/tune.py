"""`pointsman tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import DEFAULT_DATA, DataDir, fail, tune


@tune.command("train")
def tune_train(
    name: Annotated[str, typer.Argument(help="The endpoint's name: a policy says it as local/NAME.")],
    examples: Annotated[Path, typer.Option(help='JSONL rows {"text": …, "label": …}.', metavar="FILE")],
    holdout: Annotated[
        Path | None, typer.Option(help="Rows that are never fitted on, to measure.", metavar="FILE")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The folder for the head; DATA_DIR/heads if not given.", metavar="DIR")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Fit a classification head that is served inside the gateway as a chat model."""
    from gateway.commands.train import train
    from gateway.settings import make_data_dir

    try:
        if to is None:
            make_data_dir(data_dir)
        typer.echo(train(name, examples, holdout, to or data_dir / "heads"))
    except (ValueError, OSError) as error:
        fail(str(error))
