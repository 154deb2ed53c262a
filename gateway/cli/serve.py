"""`pointsman serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway import settings
from gateway.cli.options import (
    DEFAULT_DATA,
    DEFAULT_POLICIES,
    MISUSED,
    DataDir,
    KnowledgeRoot,
    Policies,
    Secrets,
    fail,
)
from gateway.proxies import Proxies
from gateway.reach import Reach


def _size(text: str) -> int:
    try:
        return settings.size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _reach(given: list[str]) -> Reach:
    try:
        return Reach.of(entry for text in given for entry in text.replace(",", " ").split())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _proxies() -> Proxies:
    try:
        return Proxies.of(os.environ)
    except ValueError as error:
        fail(str(error), MISUSED)


def serve(
    policies: Policies = DEFAULT_POLICIES,
    host: Annotated[
        str, typer.Option(envvar="POINTSMAN_HOST", help="The address to listen on.")
    ] = settings.HOST,
    port: Annotated[
        int, typer.Option(envvar="POINTSMAN_PORT", min=0, max=65535, help="The port; 0 takes a free one.")
    ] = settings.PORT,
    data_dir: DataDir = DEFAULT_DATA,
    knowledge_root: KnowledgeRoot = None,
    max_body: Annotated[
        str, typer.Option(envvar="POINTSMAN_MAX_BODY", help="The largest request body.", metavar="SIZE")
    ] = settings.MAX_BODY,
    max_requests: Annotated[
        int,
        typer.Option(
            envvar="POINTSMAN_MAX_REQUESTS",
            min=1,
            help="Requests that may be under way at once; more are told to come back.",
        ),
    ] = settings.MAX_REQUESTS,
    grace: Annotated[
        float,
        typer.Option(envvar="POINTSMAN_GRACE", min=0, help="Seconds that running requests get at shutdown."),
    ] = settings.GRACE,
    patience: Annotated[
        float,
        typer.Option(
            envvar="POINTSMAN_PATIENCE",
            min=0.1,
            help="Seconds that a caller may pause in the middle of its request, and that its head may take.",
        ),
    ] = settings.PATIENCE,
    encoder_deadline: Annotated[
        float,
        typer.Option(
            envvar="POINTSMAN_ENCODER_DEADLINE",
            min=0,
            help="Seconds that a request whose task or freshness is unsure may wait for the small "
            "transformer (0.05 is plenty on an idle core); 0: it is not asked.",
        ),
    ] = settings.ENCODER_DEADLINE,
    allow_stdio: Annotated[
        bool,
        typer.Option(
            "--allow-stdio",
            envvar="POINTSMAN_ALLOW_STDIO",
            help="Let the policy start tool servers as commands.",
        ),
    ] = False,
    allow_private: Annotated[
        list[str],
        typer.Option(
            "--allow-private",
            envvar="POINTSMAN_ALLOW_PRIVATE",
            help="A loopback, private or otherwise non-public address that the policy's models and tool "
            "servers may have: a host (with whatever addresses it has), a network, '*.example.internal', or "
            "'*' for all. Repeat it, or put commas between several. Without it the policy reaches public "
            "addresses only. A cloud's metadata service (such as 169.254.169.254) needs its own address.",
            metavar="HOST|CIDR",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file",
            envvar=["POINTSMAN_CA_FILE", "REQUESTS_CA_BUNDLE"],
            help="Certificate authorities to trust beside the system's (SSL_CERT_FILE) when models are asked "
            "over TLS: a file in PEM, or a folder that `openssl rehash` has seen.",
            metavar="PATH",
        ),
    ] = None,
    reload_every: Annotated[
        float,
        typer.Option(
            envvar="POINTSMAN_RELOAD_EVERY",
            min=settings.SHORTEST_RELOAD,
            help="Seconds between two looks at the policy folder; SIGHUP makes it look at once.",
        ),
    ] = settings.RELOAD_EVERY,
    secret: Secrets = [],  # noqa: B006 (typer copies it)
    log_level: Annotated[
        str, typer.Option(envvar="POINTSMAN_LOG_LEVEL", help="debug, info, warning or error.")
    ] = "info",
) -> None:
    """Run the gateway."""
    if log_level not in ("debug", "info", "warning", "error"):
        raise typer.BadParameter(f"--log-level must be debug, info, warning or error, not '{log_level}'")
    chosen = settings.Settings(
        policies=policies,
        data_dir=data_dir,
        knowledge_root=knowledge_root or policies,
        host=host,
        port=port,
        max_body=_size(max_body),
        max_requests=max_requests,
        grace=grace,
        patience=patience,
        encoder_deadline=encoder_deadline,
        allow_stdio=allow_stdio,
        secrets=tuple(secret),
        reach=_reach(allow_private),
        proxies=_proxies(),
        authorities=ca_file,
        reload_every=reload_every,
    )
    from gateway import log
    from gateway.server import StartFailed, run

    log.set_up(log_level)
    try:
        run(chosen)
    except StartFailed as error:
        fail(str(error))
