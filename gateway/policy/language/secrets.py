"""Secrets of a policy: `${NAME}` for allow-listed variables, `file:` for mounted ones, nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gateway.policy.language.document import Reading, Value, Wrong
from gateway.policy.mistakes import nearest

PREFIX = "POINTSMAN_SECRET_"
WELL_KNOWN = frozenset(
    f"{provider}_API_KEY"
    for provider in (
        "ANTHROPIC",
        "AZURE",
        "AZURE_OPENAI",
        "CEREBRAS",
        "COHERE",
        "DATABRICKS",
        "DEEPSEEK",
        "FIREWORKS_AI",
        "GEMINI",
        "GOOGLE",
        "GROQ",
        "HUGGINGFACE",
        "MISTRAL",
        "NVIDIA_NIM",
        "OLLAMA",
        "OPENAI",
        "OPENROUTER",
        "PERPLEXITYAI",
        "REPLICATE",
        "TOGETHERAI",
        "VOYAGE",
        "XAI",
    )
)
MOUNT = Path("/run/secrets")
_LARGEST = 1 << 16
_ASSUMED = "assumed"
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_TELLING = ("authorization", "key", "token", "secret", "cookie", "password")


class Unset(Wrong):
    """A secret that may be used and is not there."""


def secrets_from(environment: Mapping[str, str], named: Collection[str] = ()) -> dict[str, str]:
    """The allow-listed variables of an environment; `named` come from `--secret`, empty where not set."""
    usual = {name: value for name, value in environment.items() if value and may_be_read(name)}
    return usual | {name: environment.get(name, "") for name in named}


def may_be_read(name: str) -> bool:
    """Whether a policy may use a variable that no `--secret` names."""
    return name.startswith(PREFIX) or name in WELL_KNOWN


@dataclass(frozen=True, slots=True)
class Vault:
    """The secrets that a policy may use, by name (empty: not set); files only below `mount`.

    `assumed`: none is looked up, and each that may be used counts as set.
    """

    values: Mapping[str, str]
    mount: Path = MOUNT
    assumed: bool = False

    def reveal(self, value: Value, found: Reading, *, telling: bool = True) -> str:
        """The secret that a field names. One that stands in clear is warned about, if `telling`.

        Raises:
            Wrong: it names what it may not.
            Unset: it names a variable or a file that is not there.
        """
        if value.tag not in ("str", "int"):
            raise Wrong(f"a secret is wanted here, not {value.kind}", "write ${NAME} or file:/run/secrets/…")
        if value.scalar.startswith("file:"):
            return self._file(value.scalar.removeprefix("file:"))
        if telling and not _VARIABLE.search(value.scalar):
            found.warn(value, "a secret stands in clear", "name a variable or a file under /run/secrets")
        return _one_line(_VARIABLE.sub(lambda match: self._variable(match[1]), value.scalar))

    def _variable(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise Wrong("what ${…} names here is no variable", "write ${NAME}")
        if not (name in self.values or may_be_read(name)):
            close = nearest(name, {*self.values, *WELL_KNOWN})
            hint = f"did you mean {close}? Else " if close else ""
            raise Wrong(
                f"{name} may not be read by a policy",
                f"{hint}start the gateway with --secret {name}, or name it {PREFIX}{name}",
            )
        if self.assumed:
            return _ASSUMED
        if not self.values.get(name):
            raise Unset(f"{name} is not set", f"export {name}, or say if_available: true")
        return self.values[name]

    def _file(self, name: str) -> str:
        path = PurePosixPath(name)
        if not path.is_relative_to(PurePosixPath(self.mount)) or ".." in path.parts:
            raise Wrong("a secret's file is not where secrets are", f"mount it below {self.mount}")
        if self.assumed:
            return _ASSUMED
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read(_LARGEST)
        except (OSError, ValueError):
            raise Unset(f"{name} cannot be read", "mount it, or say if_available: true") from None
        return _one_line(text)


def _one_line(secret: str) -> str:
    """Line breaks have no place in a header, which is where secrets go."""
    stripped = secret.strip()
    if not stripped.isprintable():
        raise Wrong("the secret holds a control character", "keep it on one line")
    if not stripped.isascii():
        raise Wrong("the secret holds a character that no header takes", "letters, digits and signs of ASCII")
    return stripped


def tells(header: str) -> bool:
    """Whether a header of this name carries a secret."""
    return any(word in header.lower() for word in _TELLING)
