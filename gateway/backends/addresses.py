"""Looks hosts up, and leaves only the addresses that the gateway may connect to.

What is connected to is an address that was held against the operator's word, never a name: a name whose
answer changes between the check and the connection leads nowhere else.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from gateway.reach import Fault, Reach, literal_of, plain

LOOKUP_SECONDS = 2.0  # for all the names of a policy together, while it is read


class OutOfReach(OSError):
    """A host has only addresses that may not be connected to."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.message}; {fault.proposal}")
        self.fault = fault


async def addresses(reach: Reach, host: str, port: int) -> list[str]:
    """The addresses of a host that may be connected to, in the resolver's order.

    Raises:
        OutOfReach: it has others only.
        OSError: it has none.
    """
    return within(reach, host, await look_up(host, port))


async def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host, in the resolver's order. Raises OSError."""
    if literal_of(host) is not None:
        return [plain(host)]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # such as a label that is too long
        raise OSError(f"{host} is no name of a host") from error
    return [str(address[0]) for *_, address in found]


def spelt_address(host: str) -> str | None:
    """The address that a host is spelt as, also where only the C library reads one (`127.1`, `0x7f.1`)."""
    if literal_of(host) is not None:
        return plain(host)
    try:
        return socket.inet_ntoa(socket.inet_aton(plain(host)))
    except (OSError, UnicodeError):
        return None


def addresses_now(reach: Reach, host: str, port: int) -> list[str]:
    """The same where no event loop runs."""
    if literal_of(host) is not None:
        return within(reach, host, [plain(host)])
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return within(reach, host, [str(address[0]) for *_, address in found])


def within(reach: Reach, host: str, found: Iterable[str]) -> list[str]:
    """Those of a host's addresses that may be connected to, each once. Raises OutOfReach."""
    faults = {address: reach.fault(host, address) for address in found}
    allowed = [address for address, fault in faults.items() if fault is None]
    if not allowed:
        for fault in faults.values():
            if fault is not None:
                raise OutOfReach(fault)
        raise OSError(f"{host} has no address")
    return allowed


def port_of(url: str) -> int:
    """The port of an http(s) URL."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


class Survey:
    """Says of a policy's URLs, while it is read, which of them it may not name.

    A name that cannot be looked up in time counts as allowed here: it is looked up again to connect.
    """

    def __init__(self, reach: Reach, seconds: float = LOOKUP_SECONDS) -> None:
        self._reach = reach
        self._end = time.monotonic() + seconds
        self._known: dict[str, tuple[str, str] | None] = {}

    def forbids(self, url: str) -> tuple[str, str] | None:
        """What is wrong with a URL's host, and what would be right; None: nothing is."""
        host = plain(urlsplit(url).hostname or "")
        if host not in self._known:
            self._known[host] = self._fault(host, port_of(url))
        return self._known[host]

    def _fault(self, host: str, port: int) -> tuple[str, str] | None:
        found: dict[str, tuple[str, str]] = {}

        def look() -> None:
            try:
                addresses_now(self._reach, host, port)
            except OutOfReach as error:
                found["fault"] = error.fault.message, error.fault.proposal
            except (OSError, UnicodeError):
                return  # nobody knows it now

        left = self._end - time.monotonic()
        if literal_of(host) is not None:
            look()
        elif left > 0:  # the resolver knows no timeout: what it answers too late, it answers to nobody
            asking = threading.Thread(target=look, name="lookup", daemon=True)
            asking.start()
            asking.join(left)
        return found.get("fault")
