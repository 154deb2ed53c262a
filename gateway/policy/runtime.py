"""CEL at work: programs compiled against the declared names, and their outcomes in three values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from gateway.policy.vocabulary import LABELS, VARIABLES, Kind


def compiled(text: str) -> Any:
    """
    Raises:
        RuntimeError: the text is no CEL, or has wrong types.
    """
    return _environment().compile(text)


def bound(values: Mapping[str, object]) -> Any:
    """Values that a program can be evaluated with; names left out are unknown."""
    return _environment().Activation(dict(values))


def three_valued(result: Any) -> bool | None:
    """CEL returns a failed evaluation as a value that holds a text, truthy: only a real bool counts.

    An absent name is such a failure, and CEL's `&&` and `||` absorb it where the other side decides;
    that is Kleene's three-valued logic.
    """
    value = result.value()
    return value if value is True or value is False else None


@lru_cache(maxsize=1)
def _environment() -> Any:
    """The environment that conditions run in: labels are constants, which only its YAML form can declare."""
    types = {Kind.TASK: "string", Kind.FRESHNESS: "int", Kind.SENSITIVITY: "int"}
    constants = "\n".join(
        f"- {{name: {name}, type: {types[axis]}, value: {value}}}"
        for axis, labels in LABELS.items()
        for name, value in labels.items()
    )
    variables = {name: cel.Type(types.get(kind, kind.value)) for name, kind in VARIABLES.items()}
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(f"variables:\n{constants}\n"), variables=variables)
