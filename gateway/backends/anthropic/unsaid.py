"""What a request holds that Anthropic's Messages API has no words for."""

from __future__ import annotations


class Unsaid(Exception):
    """`param` names the member of the caller's body, and `why` is a clause about it."""

    def __init__(self, param: str, why: str) -> None:
        super().__init__(why)
        self.param, self.why = param, why
