"""Who is it: a key to its caller."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from gateway.access.nearby import check_nearby
from gateway.errors import Forbidden, Unauthenticated
from gateway.policy.schema import Policy
from gateway.types import Caller, Label

ANYONE = Caller(name="anyone", clearance=Label.RESTRICTED)
"""Who asks where the policy has no callers: the gateway then listens on a loopback address only.

Nobody is an admin there: a page in a browser on this machine could be anyone, too.
"""


def hash_key(key: str) -> str:
    """What stands in a policy for a key: its SHA-256 in hexadecimal. Keys are random: no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key() -> str:
    """A fresh key with 256 random bits."""
    return "pm-" + secrets.token_urlsafe(32)


def identify(policy: Policy, headers: Mapping[bytes, bytes]) -> Caller:
    """The caller whose key the request carries, as a bearer token or as Anthropic's clients send it.

    Raises:
        Unauthenticated: no key, one that nobody has, or two.
        Forbidden, UnsupportedMedia: there are no callers, and a page from elsewhere may ask.
    """
    if not policy.callers:
        check_nearby(headers)
        return ANYONE
    caller = policy.by_key.get(hashlib.sha256(_key(headers)).hexdigest())
    if caller is not None:
        return caller
    raise Unauthenticated("The key is not known here. Ask whoever runs this gateway for one.")


def _key(headers: Mapping[bytes, bytes]) -> bytes:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    given = [token.strip() if scheme.lower() == b"bearer" else b"", headers.get(b"x-api-key", b"").strip()]
    keys = set(filter(None, given))
    if not keys:
        raise Unauthenticated(
            "A key is required: send it as 'Authorization: Bearer KEY', or as 'x-api-key: KEY'."
        )
    if len(keys) > 1:  # whichever counted, the other would be whoever sent it had in mind
        raise Unauthenticated("'authorization' and 'x-api-key' hold different keys: send one of them.")
    return keys.pop()


def admin(policy: Policy, headers: Mapping[bytes, bytes]) -> Caller:
    """The caller, who must be an admin; without callers nobody is.

    Raises:
        Unauthenticated: no key, or one that nobody has.
        Forbidden, UnsupportedMedia: the caller is not an admin, or see `identify`.
    """
    caller = identify(policy, headers)
    if not caller.admin:
        raise Forbidden("This needs the key of a caller that the policy gives 'admin: true'.")
    return caller
