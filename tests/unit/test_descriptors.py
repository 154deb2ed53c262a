"""How many files may be open, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from gateway.descriptors import ask_for
print(ask_for(100))
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def asked(soft: int, hard: int) -> tuple[str, str]:
    """What is told to one that wants to serve 100 at once, and the limits afterwards."""
    code = ASKS.format(soft=soft, hard=hard)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, limits = done.stdout.splitlines()
    return told, limits


@pytest.mark.parametrize(("soft", "hard", "after"), [(64, 1000, 456), (456, 456, 456), (700, 1000, 700)])
def test_as_many_are_allowed_as_are_needed_and_never_fewer_than_before(
    soft: int, hard: int, after: int
) -> None:
    assert asked(soft, hard) == ("", f"({after}, {hard})")


def test_where_the_system_allows_too_few_it_takes_all_and_says_so() -> None:
    told, limits = asked(64, 300)
    assert limits == "(300, 300)"
    assert told.startswith(
        "100 requests at once (--max-requests) may take 456 open files, and this process is"
    )
    assert "allowed 300: raise the limit" in told
