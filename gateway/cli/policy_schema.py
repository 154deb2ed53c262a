"""`pointsman policy schema`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import policy
from gateway.cli.show import not_loading, print_json


@policy.command("schema")
def policy_schema(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A policy folder whose names an editor shall offer."),
    ] = None,
    cases: Annotated[bool, typer.Option("--cases", help="The schema of *.cases.yaml.")] = False,
) -> None:
    """Print the JSON Schema of policy files, by which an editor completes and explains them.

    A file whose first line is `# yaml-language-server: $schema=schema.json` is held against that file.
    """
    from gateway.policy.language.jsonschema import cases_schema
    from gateway.policy.language.jsonschema import policy_schema as schema_of

    print_json((cases_schema if cases else schema_of)(_names(folder) if folder is not None else {}))


def _names(folder: Path) -> Mapping[str, tuple[str, ...]]:
    from gateway.policy.language.load import names_in
    from gateway.policy.mistakes import PolicyMistakes

    try:
        return names_in(folder)
    except PolicyMistakes as error:
        not_loading(folder, error.mistakes)
