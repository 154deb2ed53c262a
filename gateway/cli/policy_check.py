"""`pointsman policy check`."""

from __future__ import annotations

import os

import typer

from gateway.cli.options import DEFAULT_POLICIES, Folder, Secrets, policy


@policy.command("check")
def policy_check(
    folder: Folder = DEFAULT_POLICIES,
    secret: Secrets = [],  # noqa: B006
) -> None:
    """Say every mistake in a folder, with its place and what would be right."""
    from gateway.policy.check import check
    from gateway.policy.secrets import secrets_from

    text, right = check(folder, secrets_from(os.environ, tuple(secret)))
    typer.echo(text)
    if not right:
        raise typer.Exit(1)
