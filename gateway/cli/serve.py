"""`pointsman serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.options import (
    DEFAULT_DATA,
    DEFAULT_POLICIES,
    DataDir,
    KnowledgeRoot,
    Policies,
    Secrets,
    fail,
)
from gateway.settings import Settings, size


def _size(text: str) -> int:
    try:
        return size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def serve(
    policies: Policies = DEFAULT_POLICIES,
    host: Annotated[
        str, typer.Option(envvar="POINTSMAN_HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="POINTSMAN_PORT", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8080,
    data_dir: DataDir = DEFAULT_DATA,
    knowledge_root: KnowledgeRoot = None,
    max_body: Annotated[
        str, typer.Option(envvar="POINTSMAN_MAX_BODY", help="The largest request body.", metavar="SIZE")
    ] = "20MB",
    grace: Annotated[
        float,
        typer.Option(envvar="POINTSMAN_GRACE", min=0, help="Seconds that running requests get at shutdown."),
    ] = 30.0,
    allow_stdio: Annotated[
        bool,
        typer.Option(
            "--allow-stdio",
            envvar="POINTSMAN_ALLOW_STDIO",
            help="Let the policy start tool servers as commands.",
        ),
    ] = False,
    secret: Secrets = [],  # noqa: B006 (typer copies it)
    log_level: Annotated[
        str, typer.Option(envvar="POINTSMAN_LOG_LEVEL", help="debug, info, warning or error.")
    ] = "info",
) -> None:
    """Run the gateway."""
    if log_level not in ("debug", "info", "warning", "error"):
        raise typer.BadParameter(f"--log-level must be debug, info, warning or error, not '{log_level}'")
    settings = Settings(
        policies=policies,
        data_dir=data_dir,
        knowledge_root=knowledge_root or policies,
        host=host,
        port=port,
        max_body=_size(max_body),
        grace=grace,
        allow_stdio=allow_stdio,
        secrets=tuple(secret),
    )
    from gateway import log
    from gateway.server import StartFailed, run

    log.set_up(log_level)
    try:
        run(settings)
    except StartFailed as error:
        fail(str(error))
