"""`pointsman keys`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway.cli.options import MISUSED, fail, keys


@keys.command("hash")
def keys_hash(
    key: Annotated[
        str | None, typer.Argument(help="The key; - reads it from standard input; none makes a new one.")
    ] = None,
) -> None:
    """Print the hash of a key, as it stands in a policy's `callers`."""
    from gateway.access.keys import hash_key, new_key

    if key is None:
        key = new_key()
        typer.echo(f"key: {key}  (shown once: give it to the caller)", err=True)
    elif key == "-":
        key = sys.stdin.read().strip()
    if len(key) < 16:
        fail("a key needs at least 16 characters; without an argument a good one is made", MISUSED)
    typer.echo(hash_key(key))
