"""`pointsman policy backtest`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_DATA, MISUSED, AsJson, DataDir, Secrets, fail, policy
from gateway.cli.show import console, not_loading, print_json

if TYPE_CHECKING:
    from gateway.accounting.history import Window
    from gateway.commands.backtest import Progress


@policy.command("backtest")
def policy_backtest(
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The policy folder to try.")],
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="From when: 7d, 12h, or a date or time (UTC).")
    ] = "7d",
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Until when, written alike; now if not given.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many requests, from the first on.")
    ] = None,
    secret: Secrets = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Show what another policy would have decided for the ledger's requests; no model is called."""
    from gateway.cli.backtest_report import shown
    from gateway.commands.backtest import backtest, policy_of
    from gateway.policy.mistakes import PolicyMistakes

    window = _window(since, until)
    try:
        tried = policy_of(new, tuple(secret))
        with _progress() as progress:
            tested = backtest(tried, data_dir, window, limit, progress)
    except PolicyMistakes as mistakes:
        not_loading(new, mistakes.mistakes)
    except OSError as error:
        said = f"the ledger in {data_dir} cannot be read ({error.strerror})"
        fail(f"{said}: name its folder with --data-dir", MISUSED)
    if as_json:
        print_json(tested)
    else:
        console().print(shown(tested))


def _window(since: str, until: str | None) -> Window:
    from gateway.accounting.history import Window
    from gateway.commands.backtest import moment

    now = datetime.now(UTC)
    try:
        return Window(moment(since, now), None if until is None else moment(until, now))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal's standard error, gone when it is done; nothing anywhere else."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    errors = Console(stderr=True)
    with Bar(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("replaying the ledger", total=None)
        yield lambda read, size: bar.update(task, completed=read, total=size)
