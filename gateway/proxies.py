"""The proxy that leads to a host: what the environment says, read as curl and Go read it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from gateway.reach import literal_of, plain


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; `authorization` is the value of the header that it wants, and is never shown."""

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, variable: str, url: str) -> Proxy:
        """From what a variable holds: `http://[user:password@]host[:port]`, where the scheme may be left out.

        Raises:
            ValueError: it is no such URL; the message names the variable alone, as its value may be secret.
        """
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            host, port = plain(parts.hostname or ""), parts.port or 80
        except ValueError:
            host, port = "", 0
        if parts.scheme.lower() != "http" or not host or not host.isascii() or set(host) & _FORBIDDEN:
            raise ValueError(
                f"{variable} is no URL of an HTTP proxy: write it like http://proxy.example:3128"
            )
        return cls(host, port, _basic(parts.username, parts.password))


def _basic(user: str | None, password: str | None) -> bytes | None:
    if user is None and password is None:
        return None
    return b"Basic " + b64encode(f"{unquote(user or '')}:{unquote(password or '')}".encode())


@dataclass(frozen=True, slots=True)
class Proxies:
    """By the scheme of what is asked; `exempt` are the entries of NO_PROXY.

    A host on this machine is always asked directly: a proxy's loopback is another machine's.
    """

    http: Proxy | None = None
    https: Proxy | None = None
    exempt: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Proxies:
        """From HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; a name in small letters goes before.

        HTTP_PROXY counts in small letters alone where REQUEST_METHOD is set: there it may be a header that
        a web server's client has sent (httpoxy).

        Raises:
            ValueError: a variable that is used holds no URL of an HTTP proxy.
        """
        exempt = _said(environment, "NO_PROXY")[1].replace(",", " ").split()
        return cls(_chosen(environment, "HTTP_PROXY"), _chosen(environment, "HTTPS_PROXY"), tuple(exempt))

    def toward(self, tls: bool, host: str, port: int) -> Proxy | None:
        """The proxy that leads there; None: there is none, or it is asked directly."""
        proxy = self.https if tls else self.http
        if proxy is None or _is_here(plain(host)):
            return None
        return None if any(_covers(entry, plain(host), port) for entry in self.exempt) else proxy


_FORBIDDEN = frozenset(" \t\r\n\0/\\@")


def _chosen(environment: Mapping[str, str], variable: str) -> Proxy | None:
    for asked in (variable, "ALL_PROXY"):
        name, url = _said(environment, asked)
        if url and not (name == "HTTP_PROXY" and "REQUEST_METHOD" in environment):
            return Proxy.of(name, url)
    return None


def _said(environment: Mapping[str, str], variable: str) -> tuple[str, str]:
    """The name that is set, and what it holds."""
    for name in (variable.lower(), variable):
        if name in environment:
            return name, environment[name].strip()
    return variable, ""


def _is_here(host: str) -> bool:
    address = literal_of(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY (`*`, a name with all below it, an address, a network) is for a host."""
    name, _, only = entry.rpartition(":")
    if name and only.isdigit() and (":" not in name or name.startswith("[")):
        if int(only) != port:
            return False
        entry = name
    address = literal_of(host)
    if address is None:
        name = plain(entry).removeprefix("*").removeprefix(".")
        return entry == "*" or (bool(name) and (host == name or host.endswith(f".{name}")))
    try:
        return entry == "*" or ip_address(address) in ip_network(plain(entry), strict=False)
    except ValueError:
        return False
