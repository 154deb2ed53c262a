"""What whoever starts the gateway decides; flags and POINTSMAN_… variables end here."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.proxies import Proxies
from gateway.reach import Reach

# What holds where nothing else is said; times are in seconds.
HOST: Final = "127.0.0.1"
PORT: Final = 8080
MAX_BODY: Final = "32MiB"  # as large as Anthropic takes one
MAX_REQUESTS: Final = 2_000
GRACE: Final = 30.0
PATIENCE: Final = 20.0
ENCODER_DEADLINE: Final = 0.0
RELOAD_EVERY: Final = 0.3

_SIZE = re.compile(r"(\d+)\s*([kmg]i?b?|b)?", re.IGNORECASE)
SHORTEST_RELOAD = 0.02  # seconds: looking at the folder takes a part of a millisecond
_UNITS = {"": 1, "b": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def size(text: str) -> int:
    """`20MB`, `512k`, `1GiB`: bytes.

    Raises:
        ValueError: it is no size; the message says what would be one.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError(f"'{text}' is not a size: write it like 20MB or 512k")
    unit = (match[2] or "").lower()
    factor = _UNITS[unit[:1]]
    if unit[1:2] == "i":
        factor = 1024 ** (" kmg".index(unit[0]))
    return int(match[1]) * factor


@dataclass(frozen=True, slots=True)
class Settings:
    """`max_body` is in bytes, `grace`, `patience` and `reload_every` in seconds.

    `secrets` names variables that a policy may use, `reach` what it may connect to.
    """

    policies: Path
    data_dir: Path
    knowledge_root: Path
    host: str = HOST
    port: int = PORT
    max_body: int = size(MAX_BODY)
    max_requests: int = MAX_REQUESTS
    grace: float = GRACE
    patience: float = PATIENCE  # how long a caller may pause in the middle of its request
    encoder_deadline: float = (
        ENCODER_DEADLINE  # how long an unsure request may wait for the small transformer
    )
    allow_stdio: bool = False
    secrets: tuple[str, ...] = field(default=())
    reach: Reach = field(default=Reach())  # what the policy may connect to beside public addresses
    proxies: Proxies = field(default=Proxies())  # what leads to models
    authorities: Path | None = None  # certificates to trust beside the system's, of models
    reload_every: float = RELOAD_EVERY  # a change is read once two looks in a row see the same


def make_data_dir(folder: Path) -> None:
    """Makes the data folder, if it is not there, so that git passes over it: indexes hold documents' text.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
