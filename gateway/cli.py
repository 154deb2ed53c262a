"""The `pointsman` command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.settings import Settings, size

main = typer.Typer(
    name="pointsman",
    help="A request-routing LLM gateway: fine-tuned endpoint, augmented prompt or tools, chosen by policy.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy = typer.Typer(
    help="Check a policy folder, and see why a request is served as it is.", no_args_is_help=True
)
keys = typer.Typer(help="Keys for callers.", no_args_is_help=True)
tune = typer.Typer(help="Fine-tuned endpoints that run inside the gateway.", no_args_is_help=True)
ledger = typer.Typer(help="What was asked, how it was served, what it cost.", no_args_is_help=True)
for name, group in (("policy", policy), ("keys", keys), ("tune", tune), ("ledger", ledger)):
    main.add_typer(group, name=name)


def fail(message: str) -> NoReturn:
    """Ends the command with an error that a person can act on."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


def _size(text: str) -> int:
    try:
        return size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


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
DEFAULT_POLICIES, DEFAULT_DATA = Path("policies"), Path(".pointsman")


@main.command()
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


@policy.command("check")
def policy_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The policy folder.")] = DEFAULT_POLICIES,
    secret: Secrets = [],  # noqa: B006
) -> None:
    """Say every mistake in a folder, with its place and what would be right."""
    from gateway.policy.check import check
    from gateway.policy.secrets import secrets_from

    text, right = check(folder, secrets_from(os.environ, tuple(secret)))
    typer.echo(text)
    if not right:
        raise typer.Exit(1)


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
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show how a request would be served, and why; no model is called."""
    from gateway.commands import explain

    text = sys.stdin.read() if request == "-" else request
    settings = Settings(
        policies=policies, data_dir=data_dir, knowledge_root=knowledge_root or policies, secrets=tuple(secret)
    )
    try:
        typer.echo(explain(text, settings, caller, _headers(header), as_json))
    except ValueError as error:
        fail(str(error))


def _headers(given: list[str]) -> dict[str, str]:
    pairs = [header.partition(":") for header in given]
    for name, colon, _ in pairs:
        if not colon:
            raise typer.BadParameter(f"--header '{name}' must be written NAME:VALUE")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


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
        fail("a key needs at least 16 characters; without an argument a good one is made")
    typer.echo(hash_key(key))


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
    from gateway.commands import train

    try:
        typer.echo(train(name, examples, holdout, to or data_dir / "heads"))
    except (ValueError, OSError) as error:
        fail(str(error))


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
        fail(f"there is no ledger below {data_dir}: name the gateway's --data-dir")
    rows = list(find_rows(folder, request_id))
    if not rows:
        fail(f"the ledger below {data_dir} has no request '{request_id}'")
    for row in rows:
        typer.echo(json.dumps(row, indent=2, ensure_ascii=False))
