"""What the commands share: the groups, their options, and how they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

policy = typer.Typer(
    help="Check a policy folder, see what it does, and why a request is served as it is.",
    no_args_is_help=True,
)
keys = typer.Typer(help="Keys for callers.", no_args_is_help=True)
tune = typer.Typer(help="Fine-tuned endpoints that run inside the gateway.", no_args_is_help=True)
ledger = typer.Typer(help="What was asked, how it was served, what it cost.", no_args_is_help=True)


def fail(message: str, status: int = 1) -> NoReturn:
    """Ends the command with an error that a person can act on."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(status)


MISUSED = 2
"""The status of a command that was misused, or whose policy does not load; 1 is for what it has found."""


Policies = Annotated[
    Path,
    typer.Option(envvar="POINTSMAN_POLICIES", help="The policy folder.", metavar="DIR", show_default=True),
]
DataDir = Annotated[
    Path,
    typer.Option(envvar="POINTSMAN_DATA_DIR", help="Where the ledger and the indexes are.", metavar="DIR"),
]
Secrets = Annotated[
    list[str],
    typer.Option(
        "--secret",
        envvar="POINTSMAN_SECRETS",
        help="A variable that the policy may use as ${NAME}; repeat it.",
        metavar="NAME",
    ),
]
KnowledgeRoot = Annotated[
    Path | None,
    typer.Option(
        envvar="POINTSMAN_KNOWLEDGE_ROOT",
        help="The folder below which documents may be read; the policy folder if not given.",
        metavar="DIR",
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The policy folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
DEFAULT_POLICIES, DEFAULT_DATA = Path("policies"), Path(".pointsman")
