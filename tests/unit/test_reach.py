"""What may be connected to: public addresses, and what the operator names."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from gateway.reach import METADATA, Reach


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_needs_no_flag(address: str) -> None:
    assert Reach().fault("api.example.org", address) is None


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.9.10", "loopback"),
        ("::1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("fec0::1", "private"),
        ("feff:ffff::1", "private"),
        ("169.254.1.1", "link-local"),
        ("fe80::1%2", "link-local"),
        ("0.0.0.0", "no address of a host"),
        ("::", "no address of a host"),
        ("224.0.0.1", "no address of a host"),
        ("255.255.255.255", "no address of a host"),
    ],
)
def test_every_other_address_is_out_of_reach_unless_it_is_named(address: str, kind: str) -> None:
    fault = Reach().fault("model.example.org", address)
    assert fault is not None
    assert kind in fault.message
    assert "--allow-private model.example.org" in fault.proposal
    assert Reach.of(["*"]).fault("model.example.org", address) is None


@pytest.mark.parametrize(
    "address", ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1", "::127.0.0.1"]
)
def test_an_ipv4_address_inside_an_ipv6_address_is_seen(address: str) -> None:
    assert Reach().fault("h", address) is not None


def test_a_network_covers_its_addresses_whatever_the_name() -> None:
    reach = Reach.of(["10.0.0.0/8", "fd12::/16", "127.0.0.1"])
    for address in ("10.255.0.1", "fd12::5", "127.0.0.1", "::ffff:10.0.0.1"):
        assert reach.fault("anything", address) is None
    for address in ("11.0.0.1", "127.0.0.2", "::1", "fd13::5"):
        fault = reach.fault("anything", address)
        assert (fault is None) is ip_address(address).is_global


def test_a_name_covers_its_own_addresses_only() -> None:
    reach = Reach.of(["vLLM.internal.", "*.svc.cluster.local"])
    for host in ("vllm.internal", "VLLM.internal", "a.svc.cluster.local", "b.a.svc.cluster.local"):
        assert reach.fault(host, "10.0.0.1") is None
    for host in (
        "other.internal",
        "evil-vllm.internal",
        "svc.cluster.local",
        "xsvc.cluster.local",
        "10.0.0.1",
    ):
        assert reach.fault(host, "10.0.0.1") is not None


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_a_metadata_service_is_allowed_by_its_own_address_alone(address: str) -> None:
    wide = Reach.of(["*", "169.254.0.0/16", "fd00::/8", "metadata.example.internal"])
    fault = wide.fault("metadata.example.internal", address)
    assert fault is not None
    assert "metadata" in fault.message
    assert f"--allow-private {address}" in fault.proposal
    assert Reach.of([address]).fault("metadata.example.internal", address) is None


@pytest.mark.parametrize(
    "entry",
    ["", "10.0.0.0/33", "1.2.3", "0x7f.1", "2130706433", "http://vllm", "vllm:8000", "a b", "*foo", "a.*.b"],
)
def test_what_is_no_host_and_no_network_is_refused_with_examples(entry: str) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/8"):
        Reach.of([entry])
