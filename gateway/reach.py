"""Which addresses the gateway may connect to: public ones, and the others that its operator has named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

FLAG = "--allow-private"
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
# Where clouds hand credentials to whatever runs on a machine: link-local, private and public addresses.
METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, Oracle, DigitalOcean, OpenStack …
            "169.254.169.253",  # AWS: the resolver
            "169.254.170.2",  # AWS: credentials of ECS tasks
            "169.254.170.23",  # AWS: credentials of EKS pods
            "fd00:ec2::254",
            "fd00:ec2::253",
            "fd00:ec2::23",
            "fd20:ce::254",  # Google over IPv6
            "fe80::a9fe:a9fe",  # OpenStack over IPv6
            "168.63.129.16",  # Azure: the wire server
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What `--allow-private` names beside the public addresses: networks, host names, or everything.

    A name covers whatever private addresses it has; `*.example.internal` every name below. A metadata
    service is covered by its own address alone: neither by a name, nor by a network, nor by `*`.
    """

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    everything: bool = False

    @classmethod
    def of(cls, entries: Iterable[str]) -> Reach:
        """From what the flag was given.

        Raises:
            ValueError: an entry is no host and no network; the message says what would be one.
        """
        networks, names = [], set()
        for entry in (plain(e) for e in entries):
            if network := _network(entry):
                networks.append(network)
            elif _is_name(entry):
                names.add(entry)
            else:
                raise ValueError(
                    f"'{entry}' is no host, address or network: "
                    "write it like 127.0.0.1, 10.0.0.0/8, vllm.internal, *.svc.cluster.local or *"
                )
        return cls(tuple(networks), frozenset(names - {"*"}), "*" in names)

    def fault(self, host: str, address: str) -> Fault | None:
        """What stands against a connection to `address`, which `host` has; None: nothing does."""
        there = embedded(ip_address(address.partition("%")[0]))
        kind = _kind(there)
        if kind is None or self._covers(plain(host), there):
            return None
        return Fault(plain(host), there, kind)

    def _covers(self, host: str, there: Address) -> bool:
        if there in METADATA:
            return any(n.num_addresses == 1 and there in n for n in self.networks)
        return (
            self.everything
            or any(there in network for network in self.networks)
            or host in self.names
            or any(name.startswith("*.") and host.endswith(name[1:]) for name in self.names)
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """A host that has an address which may not be connected to."""

    host: str
    address: Address
    kind: str  # what the address is, with its article

    @property
    def message(self) -> str:
        literal = literal_of(self.host) is not None
        what = f"{self.host} is {self.kind}" if literal else f"{self.host} is at {self.address}, {self.kind}"
        return f"{what}, and this gateway may not connect to it"

    @property
    def proposal(self) -> str:
        """The flag that would allow it."""
        named = self.address if self.address in METADATA or literal_of(self.host) else self.host
        return f"name a public address, or have the gateway started with {FLAG} {named}"


def plain(host: str) -> str:
    """A host as it is compared: small letters, no brackets, no last dot."""
    return host.strip().strip("[]").lower().removesuffix(".")


def literal_of(host: str) -> Address | None:
    """The address that a host is written as, if it is one."""
    try:
        return ip_address(plain(host).partition("%")[0])
    except ValueError:
        return None


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _kind(address: Address) -> str | None:
    """What an address is that is not public."""
    if address in METADATA:
        return "a cloud's metadata service"
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast or address.is_unspecified or address.is_reserved:
        return "no address of a host"
    site_local = (
        isinstance(address, IPv6Address) and address.is_site_local
    )  # deprecated, and counted as global
    return None if address.is_global and not site_local else "a private address"


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def _is_name(entry: str) -> bool:
    if entry == "*":
        return True
    labels = entry.removeprefix("*.").split(".")
    # A number at the end is an address that was misspelt, or written so that it is not seen to be one.
    return (
        all(label and len(label) <= 63 and set(label) <= _LETTERS for label in labels)
        and not labels[-1][0].isdigit()
    )


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
