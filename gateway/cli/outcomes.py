"""How the matrix and its differences tell what becomes of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from gateway.policy.analysis.folded import Outcome, Path


def told(outcome: Outcome) -> Iterator[Text]:
    for path in outcome.blocks:
        yield line((f"blocked by {path.rule}", "red"), (where(path.when), "dim"))
    for mask in outcome.masks:
        yield line((f"masked by {mask.guard}", "cyan"), (where(mask.when), "dim"))
    for at, path in enumerate(outcome.routes):
        first = at == 0 or outcome.routes[at - 1].after is not path.after
        yield _way(path, "" if first and not outcome.later else "else ")


def _way(path: Path, so_far: str) -> Text:
    when = f"if {path.when}: " if path.when else ""
    after = f"lowered to {path.after.word}: " if path.after is not None else ""
    first, *rest = path.models or ("",)
    then = f", then {', '.join(rest)}" if rest else ""
    served = (f" → {first}{then}", "") if first else (" → no model may serve it", "bold red")
    return line((after, "cyan"), (f"{so_far}{when}", "yellow"), (path.rule, "bold"), served)


def where(when: str) -> str:
    """A guard acts where its condition is unknown, too."""
    return f", where this is true or unknown: {when}" if when else ""


def line(*parts: tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts)
