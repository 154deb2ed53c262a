"""`pointsman policy explain`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway.cli.options import (
    DEFAULT_DATA,
    DEFAULT_POLICIES,
    MISUSED,
    AsJson,
    DataDir,
    KnowledgeRoot,
    Policies,
    Secrets,
    fail,
    policy,
)
from gateway.cli.show import console, not_loading, print_json
from gateway.settings import Settings


@policy.command("explain")
def policy_explain(
    request: Annotated[str, typer.Argument(help="A text, a chat request as JSON, or - for standard input.")],
    policies: Policies = DEFAULT_POLICIES,
    caller: Annotated[
        str | None, typer.Option("--as", help="The caller that asks.", metavar="CALLER")
    ] = None,
    header: Annotated[
        list[str], typer.Option("--header", help="A header of the request; repeat it.", metavar="NAME:VALUE")
    ] = [],  # noqa: B006
    data_dir: DataDir = DEFAULT_DATA,
    knowledge_root: KnowledgeRoot = None,
    secret: Secrets = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Show how a request would be served, and why; no model is called."""
    from gateway.cli.explanation import shown
    from gateway.commands.explain import explain
    from gateway.policy.mistakes import PolicyMistakes

    text = sys.stdin.read() if request == "-" else request
    settings = Settings(
        policies=policies, data_dir=data_dir, knowledge_root=knowledge_root or policies, secrets=tuple(secret)
    )
    try:
        explanation = explain(text, settings, caller, _headers(header), _say_indexing)
    except PolicyMistakes as mistakes:
        not_loading(policies, mistakes.mistakes)
    except ValueError as error:
        fail(str(error), MISUSED)
    if as_json:
        print_json(explanation)
    else:
        console().print(shown(explanation))


def _say_indexing(name: str) -> None:
    """On a terminal's standard error, since a large base takes a while."""
    if sys.stderr.isatty():
        typer.echo(f"reading the knowledge base {name} …", err=True)


def _headers(given: list[str]) -> dict[str, str]:
    pairs = [header.partition(":") for header in given]
    for name, colon, _ in pairs:
        if not colon:
            raise typer.BadParameter(f"--header '{name}' must be written NAME:VALUE")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
