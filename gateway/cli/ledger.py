"""`pointsman ledger`."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.options import DEFAULT_DATA, MISUSED, DataDir, fail, ledger


@ledger.command("show")
def ledger_show(
    request_id: Annotated[str, typer.Argument(help="A reply's x-request-id.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Show the ledger's row of a request."""
    import json

    from gateway.accounting.ledger import find_rows, folder_of

    folder = folder_of(data_dir)
    if not folder.is_dir():
        fail(f"there is no ledger below {data_dir}: name the gateway's --data-dir", MISUSED)
    rows = list(find_rows(folder, request_id))
    if not rows:
        fail(f"the ledger below {data_dir} has no request '{request_id}'")
    for row in rows:
        typer.echo(json.dumps(row, indent=2, ensure_ascii=False))
