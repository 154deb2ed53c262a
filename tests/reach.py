"""What a test may connect to: everything."""

from __future__ import annotations

from ipaddress import ip_network

from gateway.reach import METADATA, Reach

EVERYWHERE = Reach(tuple(ip_network(str(address)) for address in METADATA), everything=True)
