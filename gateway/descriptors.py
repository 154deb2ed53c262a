"""Open files: a caller who is served takes two sockets, and a process gets 1,024 unless it asks for more."""

from __future__ import annotations

import sys

_OWN = 256  # for what the gateway has open besides: listener, ledger, indexes, tool servers, connections kept


def ask_for(requests: int) -> str:
    """Has the system allow what so many requests at once take; what is wrong, where it allows too few.

    Only the soft limit is raised, never lowered: the hard one is the administrator's (getrlimit(2)).
    """
    if sys.platform == "win32":
        return ""
    import resource

    wanted = 2 * requests + _OWN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except (OSError, ValueError):  # macOS has a limit of its own where it tells none
            allowed = hard = soft
    if allowed >= wanted:
        return ""
    return (
        f"{requests:,} requests at once (--max-requests) may take {wanted:,} open files, and this process is "
        f"allowed {hard:,}: raise the limit (`ulimit -Hn`, LimitNOFILE= in systemd), or serve fewer at once"
    )
