"""The `pointsman` command: each module of this package adds its commands to the group it names."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import (  # noqa: F401 (importing them adds their commands)
    keys,
    ledger,
    options,
    policy_backtest,
    policy_check,
    policy_diff,
    policy_explain,
    policy_matrix,
    policy_schema,
    policy_test,
    tune,
)
from gateway.cli.classify import classify
from gateway.cli.serve import serve

main = typer.Typer(
    name="pointsman",
    help="A request-routing LLM gateway: fine-tuned endpoint, augmented prompt or tools, chosen by policy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
main.command()(serve)
main.command()(classify)
for name, group in (
    ("policy", options.policy),
    ("keys", options.keys),
    ("tune", options.tune),
    ("ledger", options.ledger),
):
    main.add_typer(group, name=name)


def _version(wanted: bool) -> None:
    if wanted:
        from gateway import __version__

        typer.echo(f"pointsman {__version__}")
        raise typer.Exit


@main.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...
