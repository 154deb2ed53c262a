"""How the endpoints reach the policy in force."""

from __future__ import annotations

from collections.abc import Callable

from gateway.inbound import InForce

Current = Callable[[], InForce]
