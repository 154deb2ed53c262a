"""How many retries a model may still be given."""

from __future__ import annotations


class RetryBudget:
    """A share of its requests, and a few to begin with.

    Without it, a model that is down would get every request several times (Google's "Site Reliability
    Engineering", chapter 21, has the tenth).
    """

    __slots__ = ("_left", "_most", "_share")

    def __init__(self, share: float = 0.1, most: float = 20.0) -> None:
        self._left = self._most = most if share else 0.0
        self._share = share

    def earn(self) -> None:
        """A request has come."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Takes one retry, where one is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
